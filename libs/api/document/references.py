"""Following ``$ref`` inside a document."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from libs.api.document.errors import suggestion
from libs.api.document.grammar import OPENAPI_3, Grammar, parts
from libs.errors import pointer, steps_of


class LeadsNowhere(ValueError):
    """A reference, or a pointer, to what is not there."""


def resolve(node: Any, document: Mapping[str, Any]) -> Any:
    """Follow the ``$ref`` of `node` inside `document` until there is none.

    :raises ValueError: if one leads nowhere, out of the document, or in a circle.
    """
    seen: set[str] = set()
    while isinstance(node, Mapping) and "$ref" in node:
        ref = node["$ref"]
        if not isinstance(ref, str) or not ref.startswith("#/"):
            raise ValueError(f"$ref {ref!r} does not lead to a place in this document")
        if ref in seen:
            raise ValueError(f"$ref {ref!r} leads back to itself")
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


def reference_faults(document: Mapping[str, Any], grammar: Grammar = OPENAPI_3) -> list[tuple[str, str]]:
    """Return every ``$ref`` that leads nowhere or in a circle: its pointer, and what is wrong."""
    faults = []
    for part in parts(document, grammar):
        if "$ref" in part.node:
            try:
                resolve(part.node, document)
            except ValueError as error:
                faults.append((part.pointer + pointer("$ref"), str(error)))
    return faults
