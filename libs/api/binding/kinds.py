"""Which typed objects may stand where a schema is declared."""

from collections.abc import Iterator, Mapping
from typing import Any

from libs.api.document.references import resolve
from libs.api.objects.merging import COMPONENTS
from libs.api.schema import JSON


def answered_kinds(responses: JSON, document: JSON) -> dict[str, frozenset[str]]:
    """Return, for each schema a Responses Object refers to, the names of the schemas that may stand for it.

    They are its own, those of its alternatives (`oneOf`, `anyOf`) and of those that extend it (`allOf`).
    """
    declared = {
        _name(content.get("schema"))
        for response in responses.values()
        for content in resolve(response, document).get("content", {}).values()
    }
    return {name: frozenset(_kinds(name, document)) for name in declared if name}


def _kinds(name: str, document: JSON) -> set[str]:
    schemas: JSON = document["components"]["schemas"]
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        waiting.extend(_referred(schemas.get(one), ("oneOf", "anyOf")))
        waiting.extend(other for other in schemas if one in _referred(schemas[other], ("allOf",)))
    return found


def _referred(schema: Any, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for one in (schema, *(branch for key in keys for branch in schema.get(key, []))):
            if name := _name(one):
                yield name


def _name(schema: Any) -> str | None:
    ref = schema.get("$ref", "") if isinstance(schema, Mapping) else ""
    return ref.removeprefix(COMPONENTS) if ref.startswith(COMPONENTS) else None
