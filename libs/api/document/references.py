"""Following ``$ref`` inside a document."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from libs.api.document.errors import MAX_FAULTS, suggestion
from libs.api.document.grammar import OPENAPI_3, SECTIONS, Grammar, parts
from libs.errors import pointer, steps_of

MAX_REFERENCES = 20
"""In a row, of which one leads to the next. Contracts people write have three."""


class LeadsNowhere(ValueError):
    """A reference, or a pointer, to what is not there."""


def resolve(node: Any, document: Mapping[str, Any]) -> Any:
    """Follow the ``$ref`` of `node` inside `document` until there is none.

    :raises ValueError: if one leads nowhere, out of the document, in a circle, or to more than
        `MAX_REFERENCES` others in a row.
    """
    seen: set[str] = set()
    while isinstance(node, Mapping) and "$ref" in node:
        ref = node["$ref"]
        if not isinstance(ref, str) or not ref.startswith("#/"):
            raise ValueError(f"$ref {ref!r} does not lead to a place in this document")
        if ref in seen:
            raise ValueError(f"$ref {ref!r} leads back to itself")
        if len(seen) == MAX_REFERENCES:
            raise ValueError(f"$ref {ref!r} comes after {MAX_REFERENCES} others that lead to each other")
        seen.add(ref)
        node = at(unquote(ref[1:]), document, f"$ref {ref!r}")
    return node


def at(where: str, document: Any, what: str) -> Any:
    """Return the part of `document` at a JSON pointer.

    :param what: what leads there, for the message.
    :raises LeadsNowhere: if there is none; the message says where the way ends, and a near miss.
    """
    node = document
    for step in steps_of(where):
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, Mapping) and step in node:
            node = node[step]
        else:
            known = list(node) if isinstance(node, Mapping) else []
            raise LeadsNowhere(f"{what} leads nowhere: there is no {step!r}{suggestion(step, known)}")
    return node


def mapping_target(target: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Return as a reference what the mapping of a discriminator names: a schema, or a reference to one.

    :raises ValueError: if it leads nowhere.
    """
    schemas = document.get("components", {}).get("schemas", {})
    if target in schemas:
        return {"$ref": "#" + pointer(*SECTIONS["schema"], target)}
    if not target.startswith("#/"):
        near = suggestion(target, schemas)
        raise LeadsNowhere(f"mapping {target!r} leads nowhere: no schema has this name{near}")
    resolve({"$ref": target}, document)
    return {"$ref": target}


def reference_faults(document: Mapping[str, Any], grammar: Grammar = OPENAPI_3) -> list[tuple[str, str]]:
    """Return each ``$ref`` and `mapping` that leads nowhere or in a circle: its pointer, and what is wrong.

    These are `MAX_FAULTS` at most.
    """
    faults: list[tuple[str, str]] = []
    for part in parts(document, grammar):
        if len(faults) == MAX_FAULTS:
            break
        if "$ref" in part.node:
            try:
                resolve(part.node, document)
            except ValueError as error:
                faults.append((part.pointer + pointer("$ref"), str(error)))
        discriminator = part.node.get("discriminator") if part.kind == "schema" else None
        for value, target in (discriminator or {}).get("mapping", {}).items():
            try:
                mapping_target(target, document)
            except ValueError as error:
                faults.append((part.pointer + pointer("discriminator", "mapping", value), str(error)))
    return faults
