"""What a schema says in all its parts: `allOf` merged, `oneOf` and `anyOf` as what may be there, too."""

import keyword
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from libs.api.document.errors import suggestion
from libs.api.document.references import resolve
from libs.api.schema import JSON
from libs.api.wire.parameter import argument_name

COMPONENTS = "#/components/schemas/"


def parts(node: Any, document: Mapping[str, Any]) -> list[JSON]:
    """Return the schemas that all hold for a value of `node`: itself, its `$ref` and its `allOf`, and theirs.

    Own keywords come before those of the schemas referred to. A schema met twice is there once, so that one
    that contains itself ends.
    """
    found: list[JSON] = []
    seen: set[int] = set()

    def collect(one: Any) -> None:
        if not isinstance(one, Mapping) or id(one) in seen:
            return
        seen.add(id(one))
        found.append(dict(one))
        if "$ref" in one:
            collect(resolve({"$ref": one["$ref"]}, document))
        for part in one.get("allOf", []):
            collect(part)

    collect(node)
    return found


def keyword_of(found: Iterable[JSON], name: str, otherwise: Any = None) -> Any:
    """Return the first value that the parts have for a keyword."""
    return next((one[name] for one in found if name in one), otherwise)


def alternatives(found: Iterable[JSON]) -> Iterator[Any]:
    """Yield the branches of every `oneOf` and `anyOf` but ``type: "null"``."""
    for one in found:
        for name in ("oneOf", "anyOf"):
            yield from (branch for branch in one.get(name, []) if branch != {"type": "null"})


def properties(node: Any, document: Mapping[str, Any]) -> JSON:
    """Return the schemas of the properties; one that several parts declare has to be valid by all of them.

    Those which only a branch of `oneOf` or `anyOf` declares come last.
    """
    found = parts(node, document)
    every: JSON = {}
    for name, one in _declared(found):
        every[name] = _together("allOf", every[name], one) if name in every else one
    possible: JSON = {}
    for branch in alternatives(found):
        for name, one in _declared(parts(branch, document)):
            possible[name] = _together("anyOf", possible[name], one) if name in possible else one
    return every | {name: one for name, one in possible.items() if name not in every}


def required(node: Any, document: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the properties that have to be there."""
    return frozenset(name for one in parts(node, document) for name in one.get("required", []))


def misspelt_required(node: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield the position of each required property that is forbidden or seems misspelt, and what is told."""
    declared = node.get("properties", {})
    closed = node.get("additionalProperties") is False and not node.get("patternProperties")
    for number, name in enumerate(node.get("required", [])):
        if name not in declared and (closed or suggestion(name, declared)):
            yield number, f"requires {name!r}, and declares no such property{suggestion(name, declared)}"


def types(found: Iterable[JSON]) -> set[str]:
    """Return the JSON types that a value may have, "null" left out; empty if any."""
    declared = keyword_of(found, "type", [])
    return {declared} if isinstance(declared, str) else set(declared) - {"null"}


def is_object(node: Any, document: Mapping[str, Any]) -> bool:
    """Return whether the values of a schema are objects and nothing else."""
    found = parts(node, document)
    return types(found) == {"object"} or (not types(found) and any("properties" in one for one in found))


def component_name(node: Any) -> str | None:
    """Return the name of the component schema that `node` is a plain reference to, alone or in an `allOf`.

    A description, null, or a constraint such as `minProperties` beside it changes nothing about that.
    """
    if not isinstance(node, Mapping):
        return None
    if isinstance(ref := node.get("$ref"), str):
        plain = ref.startswith(COMPONENTS) and "/" not in ref.removeprefix(COMPONENTS)
        return unescaped(ref.removeprefix(COMPONENTS)) if plain and not _STRUCTURE & node.keys() else None
    for name in ("allOf", "oneOf", "anyOf"):
        if name in node and not (_STRUCTURE - {name}) & node.keys():
            inner = [one for one in node[name] if isinstance(one, Mapping) and one != {"type": "null"}]
            if name == "allOf":
                inner = [one for one in inner if {*_STRUCTURE, "$ref"} & one.keys()]
            if len(inner) == 1:
                return component_name(inner[0])
    return None


def attribute_names(declared: Iterable[str], reserved: frozenset[str]) -> dict[str, str]:
    """Return by which attribute each property is read and set: attribute → property.

    It is the property's name, made as that of an argument (`argument_name`: ``page-size`` is `page_size`,
    ``class`` is `class_`), with a ``_`` added while it is the name of a method or another property's
    (``to_json`` is `to_json_`). A property of whose name nothing is left is only an item.
    """
    names = list(declared)
    taken = {
        name for name in names if name.isidentifier() and not keyword.iskeyword(name) and name not in reserved
    }
    found = {}
    for name in names:
        try:
            attribute = name if name in taken else argument_name(name, "property")
        except ValueError:
            continue
        if name not in taken:
            while attribute in taken or attribute in reserved:
                attribute += "_"
            taken.add(attribute)
        found[attribute] = name
    return found


_STRUCTURE = frozenset(
    {"allOf", "oneOf", "anyOf", "properties", "patternProperties", "additionalProperties", "items", "format"}
    | {"unevaluatedProperties", "prefixItems", "enum", "const", "x-parent", "x-persist"}
)


def _declared(found: Iterable[JSON]) -> Iterator[tuple[str, Any]]:
    for one in found:
        yield from one.get("properties", {}).items()


def _together(name: str, one: Any, other: Any) -> Any:
    return one if one == other else {name: [one, other]}


def unescaped(step: str) -> str:
    """Return a step of a JSON pointer as text (RFC 6901)."""
    return step.replace("~1", "/").replace("~0", "~")
