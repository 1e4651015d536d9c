"""Where each part of a document was written: file and line."""

from typing import Any, NamedTuple

from libs.errors import steps_of

Container = dict[str, Any] | list[Any]


class Place(NamedTuple):
    """A line of a file, the first being 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class _Marks(NamedTuple):
    container: Container  # kept, so that its id stays its own
    place: Place
    keys: dict[str | int, Place]


class Places:
    """The places of a document's objects and lists while it is read and converted.

    They go by identity: a converter that changes an object where it stands, or moves it, keeps its places. An
    object that stands for another is made known by `adopt`.
    """

    def __init__(self) -> None:
        self._marks: dict[int, _Marks] = {}

    def mark(self, container: Container, place: Place) -> None:
        """Say where `container` begins."""
        self._marks[id(container)] = _Marks(container, place, {})

    def mark_key(self, container: Container, key: str | int, place: Place) -> None:
        """Say where the entry `key` of a marked container stands."""
        self._marks[id(container)].keys[key] = place

    def adopt(self, new: Container, old: Container) -> None:
        """Let `new` have the places of `old`: it is a copy of it or was made from it."""
        marks = self._marks.get(id(old))
        if marks is not None:
            self._marks[id(new)] = _Marks(new, marks.place, dict(marks.keys))

    def extend(self, container: Container, other: Container) -> None:
        """Let `container` have the places of the entries of `other`, too: it is given them."""
        marks, more = self._marks.get(id(container)), self._marks.get(id(other))
        if marks is not None and more is not None:
            self._marks[id(container)] = marks._replace(keys={**more.keys, **marks.keys})

    def of(self, container: Container, key: str | int | None = None) -> Place | None:
        """Return the place of a container, or of an entry of it if that is known; None for a made-up one."""
        marks = self._marks.get(id(container))
        if marks is None:
            return None
        return marks.place if key is None else marks.keys.get(key, marks.place)

    def tree(self, document: Container, file: str) -> "Tree":
        """Return the places by pointer, of `document` as it is now."""
        return Tree(self.of(document) or Place(file, 1), self._branches(document))

    def _branches(self, node: Any) -> "_Branches":
        if not isinstance(node, dict | list):
            return {}
        found: _Branches = {}
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            marks = self._marks.get(id(node))
            place = marks.keys.get(key) if marks else None
            if place is None and isinstance(value, dict | list):
                place = self.of(value)
            branches = self._branches(value)
            if place is not None or branches:
                found[str(key)] = (place, branches)
        return found


def copied(value: Any, places: Places) -> Any:
    """Return a copy of `value`, as deep as it goes, that has its places."""
    new: Container
    if isinstance(value, dict):
        new = {key: copied(one, places) for key, one in value.items()}
    elif isinstance(value, list):
        new = [copied(one, places) for one in value]
    else:
        return value
    places.adopt(new, value)
    return new


_Branches = dict[str, tuple[Place | None, "_Branches"]]


class Tree(NamedTuple):
    """Places by pointer, whatever becomes of the document."""

    root: Place
    branches: _Branches

    def place(self, pointer: str) -> Place:
        """Return the place of a pointer, or of the nearest ancestor whose place is known."""
        place, branches = self.root, self.branches
        for step in steps_of(pointer):
            if step not in branches:
                break
            known, branches = branches[step]
            place = known or place
        return place
