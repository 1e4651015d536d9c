"""References to other files: what they lead to is brought in, so that a document stands alone."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from libs.api.document.building import MAX_VALUES, weight
from libs.api.document.errors import MAX_FAULTS, ContractError
from libs.api.document.files import parse
from libs.api.document.grammar import SECTIONS, SECTIONS_2, SWAGGER_2, Grammar, Node, parts
from libs.api.document.places import Places, copied
from libs.api.document.references import LeadsNowhere, at, resolve
from libs.errors import pointer, steps_of

MAX_FILES = 200
"""Files that a contract may be made of."""
_LOOKS_LIKE_REFERENCE = re.compile(r"[/#]|\.(ya?ml|json)$")


def bundle(document: Node, path: Path, grammar: Grammar, places: Places) -> bool:
    """Bring what `document` refers to outside of its components into its components.

    Schemas, parameters, responses … of other files (``pet.yaml``, ``common.yaml#/Pet``) get a name there:
    the last step of their pointer, or their file's name; where that is taken, a number is added. So do
    those that lie in the document elsewhere, as ``#/paths/…`` does. Path items are put in place of their
    reference. References may lead in circles and back; none may lead to the network.

    Every reference that is left leads to a component of the document; a schema or a response that is not
    there may be added later.

    :return: whether something was brought in.
    :raises ContractError: with the references that cannot be followed, `MAX_FAULTS` at most.
    """
    bundling = _Bundling(document, path, grammar, places)
    bundling.bundle()
    if bundling.faults:
        raise ContractError(*bundling.faults)
    return bundling.brought


_ADDED_LATER = ("schema", "response")
"""Binding adds some of these, problems among them; it checks what leads nowhere then (`reference_faults`)."""


class _Key(NamedTuple):
    file: Path
    fragment: str
    kind: str


class _Waiting(NamedTuple):
    kind: str
    node: Any
    path: Path  # the file that its references are relative to
    trail: frozenset[_Key]  # the path items around it that were put in place of references


class _Bundling:
    def __init__(self, document: Node, path: Path, grammar: Grammar, places: Places) -> None:
        self.faults: list[str] = []
        self.brought = False
        self._root = path.resolve()
        self._folder = path.parent
        self._document = document
        self._grammar = grammar
        self._sections: Mapping[str, tuple[str, ...]] = SECTIONS_2 if grammar is SWAGGER_2 else SECTIONS
        self._places = places
        self._files: dict[Path, Any] = {self._root: document}
        self._brought: dict[_Key, str] = {}
        self._anchors: dict[int, dict[str, str]] = {}  # of the files, by name
        self._numbers: defaultdict[str, int] = defaultdict(lambda: 1)  # the last one of a name
        self._values = 0

    def bundle(self) -> None:
        """Bring in what the document refers to, and what that refers to."""
        waiting: list[_Waiting] = [_Waiting("document", self._document, self._root, frozenset())]
        while waiting:
            kind, node, path, trail = waiting.pop()
            for part in list(parts(node, self._grammar, kind)):
                if len(self.faults) >= MAX_FAULTS:
                    return
                try:
                    waiting.extend(self._follow(part.kind, part.node, path, trail))
                except ValueError as error:
                    self._fault(part.node, error)
        if not self.faults:
            self._check_circles()

    def _check_circles(self) -> None:
        """Find references that lead to nothing but references."""
        for part in parts(self._document, self._grammar):
            if len(self.faults) >= MAX_FAULTS:
                return
            try:
                resolve(part.node, self._document)
            except LeadsNowhere:
                pass
            except ValueError as error:
                self._fault(part.node, error)

    def _fault(self, node: Node, error: object) -> None:
        self.faults.append(f"{self._places.of(node, '$ref') or self._root.name + ':1'}: {error}")

    def _follow(self, kind: str, node: Node, path: Path, trail: frozenset[_Key]) -> list[_Waiting]:
        """Bring in what `node` of the file `path` refers to; return what was brought."""
        found: list[_Waiting] = []
        discriminator = node.get("discriminator") if kind == "schema" else None
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        mapping = mapping if isinstance(mapping, dict) else {}
        for value, ref in mapping.items():
            # A mapping may also hold the plain name of a schema (OpenAPI 3.1, 4.8.25).
            if isinstance(ref, str) and _LOOKS_LIKE_REFERENCE.search(ref):
                mapping[value], more = self._target(kind, ref, path)
                found += more
        ref = node.get("$ref")
        if not isinstance(ref, str):
            return found
        if kind == "path item":
            return found + self._put_in_place(node, path, trail)
        node["$ref"], more = self._target(kind, ref, path)
        return found + more

    def _locate(self, ref: str, path: Path) -> tuple[Path, str, Any]:
        """Return the file, the pointer and the part that `ref` of a part of the file `path` leads to."""
        what = f"$ref {ref!r}"
        try:
            address = urlsplit(ref)
        except ValueError:
            raise ValueError(f"{what} is no address") from None
        if address.scheme or address.netloc:
            raise ValueError(f"{what} is on the network; save it beside the contract and refer to the file")
        if address.query or address.path.startswith("/") or "\0" in ref:
            raise ValueError(f"{what} is not a file by a path relative to this one")
        file = (path.parent / unquote(address.path)).resolve() if address.path else path.resolve()
        fragment = unquote(address.fragment)
        value = self._file(file, what)
        if fragment and not fragment.startswith("/"):
            fragment = self._anchor(fragment, value, what)
        return file, fragment, at(fragment, value, what)

    def _file(self, file: Path, what: str) -> Any:
        if file not in self._files:
            if len(self._files) >= MAX_FILES:
                raise ValueError(f"{what}: the contract is made of more than {MAX_FILES} files")
            if not file.is_file():
                raise LeadsNowhere(f"{what} leads nowhere: there is no such file")
            self._files[file] = None
            try:
                self._files[file] = parse(file, self._name(file), self._places)
            except ContractError as error:
                self.faults.extend(error.faults)
        return self._files[file]

    def _name(self, file: Path) -> str:
        folder = self._folder.resolve()
        return str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name

    def _anchor(self, name: str, value: Any, what: str) -> str:
        if id(value) not in self._anchors:
            self._anchors[id(value)] = dict(_anchored(value))
        if name in self._anchors[id(value)]:
            return self._anchors[id(value)][name]
        raise LeadsNowhere(f"{what} leads nowhere: no schema has the `$anchor` {name!r}")

    def _target(self, kind: str, ref: str, path: Path) -> tuple[str, list[_Waiting]]:
        """Return the reference inside of the document for `ref`, and what has been brought in for it."""
        section = self._sections.get(kind)
        if section is None:
            raise ValueError(f"$ref cannot stand here: {kind} has to be written out")
        try:
            file, fragment, value = self._locate(ref, path)
        except LeadsNowhere as error:
            if kind in _ADDED_LATER and path == self._root and ref.startswith("#" + pointer(*section) + "/"):
                return ref, []
            raise LeadsNowhere(f"{error}{self._instead(ref, section, str(error))}") from None
        way = steps_of(fragment)
        if file == self._root and tuple(way[: len(section)]) == section and len(way) > len(section):
            return "#" + pointer(*way), []
        key = _Key(file, fragment, kind)
        if key in self._brought:
            return self._brought[key], []
        held: Any = self._document
        for step in section:
            held = held.setdefault(step, {})
            if not isinstance(held, dict):
                raise ValueError(f"$ref {ref!r}: {'.'.join(section)} is no object")  # noqa: TRY004
        name = self._free_name(component_name(way[-1] if way else file.stem), held)
        self._brought[key] = "#" + pointer(*section, name)
        held[name] = self._copy(value)
        return self._brought[key], [_Waiting(kind, held[name], file, frozenset())]

    def _instead(self, ref: str, section: tuple[str, ...], told: str) -> str:
        """Return what was meant by a bare name, or a pointer as another version has it; empty if nothing."""
        held: Any = self._document
        for step in section:
            held = held.get(step) if isinstance(held, dict) else None
        name = ref.rpartition("/")[2].removeprefix("#")
        if not isinstance(held, dict) or name not in held or "did you mean" in told:
            return ""
        return f" (did you mean {'#' + pointer(*section, name)!r}?)"

    def _put_in_place(self, node: Node, path: Path, trail: frozenset[_Key]) -> list[_Waiting]:
        """Put path items in the place of the reference to them."""
        found = []
        while isinstance(ref := node.get("$ref"), str):
            file, fragment, value = self._locate(ref, path)
            key = _Key(file, fragment, "path item")
            if key in trail:
                raise ValueError(f"$ref {ref!r} leads back to itself")
            if not isinstance(value, dict):
                raise ValueError(f"$ref {ref!r} leads to no path item")  # noqa: TRY004
            twice = sorted(set(node) & set(value) - {"$ref", "summary", "description"})
            if twice:
                raise ValueError(f"$ref {ref!r} brings {', '.join(twice)}, which stands here as well")
            brought: Node = self._copy(value)
            del node["$ref"]
            self._places.extend(node, brought)
            node.update({**brought, **node})
            path, trail = file, trail | {key}
            brought.pop("$ref", None)
            found.append(_Waiting("path item", brought, file, trail))
        return found

    def _free_name(self, wanted: str, taken: Mapping[str, Any]) -> str:
        name = wanted
        while name in taken:
            self._numbers[wanted] += 1
            name = f"{wanted}_{self._numbers[wanted]}"
        return name

    def _copy(self, value: Any) -> Any:
        self.brought = True
        self._values += weight(value)
        if self._values > MAX_VALUES:
            raise ValueError(f"what is referred to holds more than {MAX_VALUES:,} values")
        return copied(value, self._places)


def component_name(wanted: str) -> str:
    """Return `wanted` in the letters a component's name may have (OpenAPI 3.1, 4.8.7.1)."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", wanted).strip("_") or "Part"


def _anchored(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield each ``$anchor`` below `value`, and the pointer of its schema."""
    if isinstance(value, dict):
        if isinstance(value.get("$anchor"), str):
            yield value["$anchor"], where
        for key, one in value.items():
            yield from _anchored(one, where + pointer(key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _anchored(one, where + pointer(index))
