"""Putting a document together from what a parser finds, with the place of each entry and within bounds."""

from typing import Any

from libs.api.document.errors import ContractError
from libs.api.document.places import Container, Place, Places

MAX_DEPTH = 100
"""Objects and lists within each other. Contracts people write have some 30."""
MAX_VALUES = 500_000
"""Values in a file, and that may be brought in from others. The largest contracts have half of it."""
MAX_COPIES = 200_000
"""Values that YAML aliases may stand for in all: nine lines of them can stand for a billion."""
_TEXT = 100
"""Characters of a text that weigh as much as a value."""

_MERGE = object()


def weight(value: Any) -> int:
    """Return how many values are in a value; a long text is as much as several."""
    if isinstance(value, dict):
        return 1 + sum(len(key) // _TEXT + weight(one) for key, one in value.items())
    if isinstance(value, list):
        return 1 + sum(map(weight, value))
    return 1 + (len(value) // _TEXT if isinstance(value, str) else 0)


class Building:
    """A document under construction. Faults that leave the rest readable are collected in `faults`.

    :param file: the name of the file in places.
    """

    def __init__(self, file: str, places: Places) -> None:
        self.faults: list[str] = []
        self.root: Any = None
        self.finished = False
        self._file = file
        self._places = places
        self._open: list[Container] = []
        self._keys: list[object] = []  # of the open ones: the key whose value comes next
        self._merged: list[list[tuple[Any, int]]] = []  # of the open ones: what `<<` brings
        self._values = 0
        self._copies = 0

    def fault(self, line: int, text: object) -> None:
        """Note a fault and go on."""
        self.faults.append(f"{self._file}:{line}: {text}")

    def stop(self, line: int, text: object) -> ContractError:
        """Return the error for a fault behind which nothing can be read."""
        return ContractError(*self.faults, f"{self._file}:{line}: {text}")

    def stopped(self) -> ContractError:
        """Return the error for the faults so far."""
        return ContractError(*self.faults)

    @property
    def in_object(self) -> bool:
        """Say whether the innermost open one is an object."""
        return bool(self._open) and isinstance(self._open[-1], dict)

    @property
    def wants_key(self) -> bool:
        """Say whether what comes next is the key of an entry."""
        return self.in_object and self._keys[-1] is None

    def begin(self, container: Container, line: int) -> None:
        """Enter an object or a list."""
        if len(self._open) >= MAX_DEPTH:
            raise self.stop(line, f"is nested in more than {MAX_DEPTH} objects and lists")
        key = self._keys[-1] if self._keys else None
        place = self._places.of(self._open[-1], key) if isinstance(key, str) else None
        self._places.mark(container, place or Place(self._file, line))
        self.add(container, line)
        self._open.append(container)
        self._keys.append(None)
        self._merged.append([])

    def end(self) -> Container:
        """Leave the innermost object or list."""
        container = self._open.pop()
        self._keys.pop()
        for merged, line in self._merged.pop():
            for one in merged if isinstance(merged, list) else [merged]:
                if isinstance(one, dict) and isinstance(container, dict):
                    self._merge(container, one)
                else:
                    self.fault(line, "<< takes an object, or a list of objects")
        self.finished = not self._open
        return container

    def _merge(self, container: dict[str, Any], merged: dict[str, Any]) -> None:
        for key, value in merged.items():
            if key not in container:
                container[key] = value
                place = self._places.of(merged, key)
                if place is not None:
                    self._places.mark_key(container, key, place)

    def key(self, key: str, line: int) -> None:
        """Take the key of the next entry."""
        container = self._open[-1]
        if key in container:
            self.fault(line, f"{key!r} stands here twice")
        self._places.mark_key(container, key, Place(self._file, line))
        self._keys[-1] = key

    def merge_next(self) -> None:
        """Take the next value as YAML's ``<<`` does: its entries are added where they are missing."""
        self._keys[-1] = _MERGE

    def add(self, value: Any, line: int) -> None:
        """Take a value."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise self.stop(line, f"the file up to here holds more than {MAX_VALUES:,} values")
        if not self._open:
            self.root = value
            self.finished = not isinstance(value, dict | list)
            return
        container = self._open[-1]
        if isinstance(container, list):
            self._places.mark_key(container, len(container), Place(self._file, line))
            container.append(value)
            return
        key, self._keys[-1] = self._keys[-1], None
        if key is _MERGE:
            self._merged[-1].append((value, line))
        elif isinstance(key, str):
            container[key] = value

    def copy(self, value: Any, line: int) -> Any:
        """Return a copy of what an alias stands for: a document has no part in two places.

        :raises ContractError: if aliases stand for too much.
        """
        return self._copy(value, line, len(self._open))

    def _copy(self, value: Any, line: int, depth: int) -> Any:
        self._copies += 1 if isinstance(value, dict | list) else weight(value)
        if self._copies > MAX_COPIES:
            raise self.stop(line, f"the aliases up to here stand for more than {MAX_COPIES:,} values")
        if not isinstance(value, dict | list):
            return value
        if depth >= MAX_DEPTH:
            raise self.stop(line, f"is nested in more than {MAX_DEPTH} objects and lists")
        copied: Container
        if isinstance(value, dict):
            copied = {key: self._copy(one, line, depth + 1) for key, one in value.items()}
        else:
            copied = [self._copy(one, line, depth + 1) for one in value]
        self._places.adopt(copied, value)
        return copied
