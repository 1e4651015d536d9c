"""``x-idempotency-key``: that an operation may be sent again under a key, and is done once.

It stands at a POST or PATCH, or at a path for its POST, as that of a resource (`x-resource`)::

    x-idempotency-key: optional
    x-idempotency-key: required
"""

from collections.abc import Collection, Mapping
from typing import Any

from libs.api.document.grammar import OPENAPI_3, parts
from libs.api.idempotency.header import HEADER, key_parameter
from libs.api.schema import JSON
from libs.api.wire.media_types import FORM, is_json, is_text

IDEMPOTENCY = "x-idempotency-key"
OPTIONAL, REQUIRED = "optional", "required"
REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was given before."""

_OF_OPERATIONS = ("post", "patch")
_OF_PATHS = "post"


def idempotency_fault(value: Any) -> str | None:
    """Tell what is wrong with what stands at ``x-idempotency-key``, if anything is."""
    if value in (OPTIONAL, REQUIRED):
        return None
    return f"{IDEMPOTENCY} says nothing: write {OPTIONAL}, or {REQUIRED} where every request needs a key"


def declares_keys(document: Mapping[str, Any]) -> bool:
    """Tell whether any operation of a document heeds keys."""
    return any(IDEMPOTENCY in part.node for part in parts(document, OPENAPI_3))


def keyed_of(
    method: str,
    node: Mapping[str, Any],
    item: Mapping[str, Any],
    *,
    known: bool,
    headers: Collection[str],
    takes: Collection[str],
) -> str | None:
    """Return what an operation says of keys: `OPTIONAL` or `REQUIRED`; None if it heeds none.

    :param item: its path.
    :param known: whether there is a caller.
    :param headers: the headers that it declares.
    :param takes: the media types of its body.
    :raises ValueError: if keys can be of no use to it.
    """
    if IDEMPOTENCY in node:
        if method not in _OF_OPERATIONS:
            raise ValueError(
                f"{IDEMPOTENCY} is for what a POST or PATCH does: a {method.upper()} may be sent again as it "
                "is (RFC 9110 section 9.2.2)"
            )
        said = node[IDEMPOTENCY]
    elif IDEMPOTENCY in item and method == _OF_PATHS:
        said = item[IDEMPOTENCY]
    else:
        return None
    if wrong := idempotency_fault(said):
        raise ValueError(wrong)
    if not known:
        raise ValueError(
            f"{IDEMPOTENCY} needs a caller, whose keys they are, and nobody need be known to call this: ask "
            "for a token, `security: [{bearer: []}]`"
        )
    if HEADER.lower() in {one.lower() for one in headers}:
        raise ValueError(
            f"{IDEMPOTENCY} declares the header {HEADER} by itself: leave it out of the parameters"
        )
    for one in takes:
        if not (is_json(one) or is_text(one) or one == FORM):
            raise ValueError(
                f"{IDEMPOTENCY} is for a body that is the same when it is sent again, and is read at once: "
                f"JSON, text or a plain form, not {one}"
            )
    return str(said)


def check_path(item: Mapping[str, Any]) -> None:
    """Check what stands at a path.

    :raises ValueError: if there is no POST that it is for.
    """
    if IDEMPOTENCY in item and _OF_PATHS not in item:
        raise ValueError(f"{IDEMPOTENCY} of a path is for its POST, and it has none")


def declare_key(node: JSON, *, required: bool) -> None:
    """Tell of the header, and of that of its answers, in an Operation Object."""
    node["parameters"] = [*node.get("parameters", []), key_parameter(required=required)]
    replayed = {"description": "`true`: this is the answer of before.", "schema": {"type": "string"}}
    node["responses"] = {
        status: {**one, "headers": {REPLAYED: replayed, **one.get("headers", {})}}
        if status[0] == "2" and "$ref" not in one
        else one
        for status, one in node["responses"].items()
    }
