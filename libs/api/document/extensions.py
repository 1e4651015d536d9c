"""``x-nullable`` and ``x-mandatory``: PyMacaron's words for what the standard says as well."""

from typing import Any

from libs.api.document.errors import ContractError
from libs.api.document.grammar import OPENAPI_3, Node, parts
from libs.api.document.places import Places
from libs.api.document.schemas30 import allow_null


def read_extensions(document: Node, places: Places, file: str) -> None:
    """Put the standard form of ``x-nullable: true`` and ``x-mandatory: true`` beside them, in OpenAPI 3.1.

    ``x-nullable`` lets a schema accept null; ``x-mandatory`` makes a property required in the object it
    belongs to.

    :raises ContractError: with each that is neither true nor false.
    """
    faults = []
    for part in list(parts(document, OPENAPI_3)):
        if part.kind != "schema":
            continue
        for name in ("x-nullable", "x-mandatory"):
            if not isinstance(part.node.get(name, False), bool):
                place = places.of(part.node, name) or f"{file}:1"
                faults.append(f"{place}: {name} has to be true or false")
        mandatory = _mandatory(part.node.get("properties"))
        required = part.node.get("required", [])
        if isinstance(required, list) and (missing := [name for name in mandatory if name not in required]):
            part.node["required"] = [*required, *missing]
        if part.node.get("x-nullable") is True:
            allow_null(part.node, places)
    if faults:
        raise ContractError(*faults)


def _mandatory(properties: Any) -> list[str]:
    if not isinstance(properties, dict):
        return []
    return [
        name
        for name, schema in properties.items()
        if isinstance(schema, dict) and schema.get("x-mandatory") is True
    ]
