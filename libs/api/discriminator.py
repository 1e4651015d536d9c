"""Discriminators: which schema a property of the value names (OpenAPI 3.1 section 4.8.25)."""

from collections.abc import Iterator, Mapping
from typing import Any

from libs.api.document.references import mapping_target, resolve

JSON = dict[str, Any]
SCHEMAS = "#/components/schemas/"


def branches(schema: Any, document: Mapping[str, Any]) -> tuple[str, dict[str, JSON]] | None:
    """Return the property that discriminates, and the schema each of its values names; None if none does.

    Two forms are known. With `oneOf` or `anyOf` the values are the names of the schemas they refer to,
    and what `mapping` says. Without, the schema is a parent: it and every schema that takes it in by `allOf`
    are named (Swagger 2.0's form); a parent without children discriminates nothing.

    :raises ValueError: if a branch or a mapping names no schema of the document.
    """
    node = resolve(schema, document)
    if not isinstance(node, Mapping) or "discriminator" not in node:
        return None
    name, mapping = node["discriminator"]["propertyName"], node["discriminator"].get("mapping", {})
    named: dict[str, JSON] = {
        value: dict(mapping_target(target, document)) for value, target in mapping.items()
    }
    choice = [*node.get("oneOf", ()), *node.get("anyOf", ())]
    if choice:
        mapped = {one["$ref"] for one in named.values()}
        for branch in choice:
            if not is_object(branch, document):
                continue
            reference = branch.get("$ref", "")
            for value in _values(branch, name, document) or [reference.removeprefix(SCHEMAS)]:
                if value.startswith("#") or not value:
                    raise ValueError(f"its discriminator {name!r} cannot name a branch that is not a $ref")
                if reference not in mapped or value in mapping:
                    named.setdefault(value, branch)
        return name, named
    children = list(_children(node, document))
    if not children and not named:
        return None
    mapped = {one["$ref"] for one in named.values()}
    for one in children:
        if SCHEMAS + one not in mapped:
            named.setdefault(one, {"$ref": SCHEMAS + one})
    return name, named


def is_object(branch: Any, document: Mapping[str, Any]) -> bool:
    """Tell whether a branch is for objects, as one is that says nothing; `true` is for what else there is."""
    resolved = resolve(branch, document)
    if not isinstance(resolved, Mapping):
        return False
    kind = resolved.get("type", "object")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _values(branch: JSON, name: str, document: Mapping[str, Any]) -> list[str]:
    """Return the values an inline branch allows its discriminating property."""
    if "$ref" in branch:
        return []
    declared = resolve(branch.get("properties", {}).get(name, {}), document)
    return [one for one in [*declared.get("enum", ()), declared.get("const")] if isinstance(one, str)]


def _children(parent: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the schemas that take `parent` in by `allOf`; its own first if there are any."""
    schemas = document.get("components", {}).get("schemas", {})
    own = [name for name, node in schemas.items() if node is parent]
    found = [
        name for name, node in schemas.items() if node is not parent and descends(node, parent, document)
    ]
    if found:
        yield from own
    yield from found


def descends(node: Any, parent: Any, document: Mapping[str, Any]) -> bool:
    """Tell whether a schema is `parent`, or takes it in by `allOf`."""
    waiting, seen = [node], list[Any]()
    while waiting:
        one = resolve(waiting.pop(), document)
        if one is parent:
            return True
        if isinstance(one, Mapping) and not any(one is other for other in seen):
            seen.append(one)
            waiting.extend(part for part in one.get("allOf", ()) if "$ref" in part)
    return False
