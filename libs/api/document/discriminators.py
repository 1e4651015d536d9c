"""Discriminators that can never name what they should: told where they stand, before a value is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

from libs.api.discriminator import SCHEMAS, branches, descends, is_object
from libs.api.document.errors import suggestion
from libs.api.document.grammar import OPENAPI_3, Node, parts
from libs.api.document.references import resolve
from libs.errors import pointer


def discriminator_faults(document: Node) -> list[tuple[str, str]]:
    """Return what is wrong with the discriminators of `oneOf` and `anyOf`: pointers, and what.

    One that leads nowhere is not told here: what it leads to may be added later.
    """
    found: list[tuple[str, str]] = []
    for part in parts(document, OPENAPI_3):
        if part.kind == "schema" and "discriminator" in part.node and {"oneOf", "anyOf"} & part.node.keys():
            where = part.pointer + pointer("discriminator")
            try:
                found += [(where + more, text) for more, text in _faults(part.node, document)]
            except ValueError:
                continue  # what refers to it is told
    return found


def _faults(node: Node, document: Node) -> Iterator[tuple[str, str]]:
    choice = [one for one in (*node.get("oneOf", ()), *node.get("anyOf", ())) if is_object(one, document)]
    mapping = node["discriminator"].get("mapping", {})
    name, named = branches(node, document) or ("", {})
    known = [_properties(one, document) for one in (*choice, node)]
    if all(known[:-1]) and not any(name in held for held in known):
        near = suggestion(name, [one for held in known for one in held])
        yield pointer("propertyName"), f"{name!r} is a property of none of the schemas{near}"
        return
    for value, branch in named.items():
        written = branch.get("$ref", "")
        if value in mapping and not any(_is_one_of(branch, one, document) for one in choice):
            yield pointer("mapping", value), f"{written!r} is none of the schemas of the oneOf or anyOf"
        allowed = _texts(_properties(branch, document).get(name), document)
        if allowed and value not in allowed:
            text = f"{value!r} names {written!r}, whose {name!r} is {' or '.join(map(repr, allowed))}"
            if value not in mapping and written.startswith(SCHEMAS):
                text += f"; write mapping: {{{allowed[0]}: '{written}'}}"
            yield pointer(*(("mapping", value) if value in mapping else ())), text


def _is_one_of(branch: Any, one: Any, document: Node) -> bool:
    return descends(branch, resolve(one, document), document)


def _properties(schema: Any, document: Node) -> dict[str, Any]:
    """Return the properties of an object, those of its parts included."""
    found: dict[str, Any] = {}
    waiting, seen = [schema], set[int]()
    while waiting:
        one = resolve(waiting.pop(), document)
        if isinstance(one, Mapping) and id(one) not in seen:
            seen.add(id(one))
            found = {**one.get("properties", {}), **found}
            waiting += [part for key in ("allOf", "oneOf", "anyOf") for part in one.get(key, ())]
    return found


def _texts(schema: Any, document: Node) -> list[str]:
    """Return the texts that a property allows; none where it says nothing of them."""
    declared = resolve(schema, document)
    if not isinstance(declared, Mapping):
        return []
    listed = [declared["const"]] if "const" in declared else declared.get("enum", [])
    return [one for one in listed if isinstance(one, str)]
