"""OpenAPI 3.0 made 3.1."""

from libs.api.document.grammar import Node
from libs.api.document.places import Places
from libs.api.document.schemas30 import convert_schemas


def from_openapi30(document: Node, places: Places) -> Node:
    """Return `document`, whose structure has been checked, as OpenAPI 3.1; it is changed where it stands.

    Only schemas differ: ``nullable``, boolean ``exclusiveMinimum``, ``example``, the format ``byte``, and
    what stands beside a ``$ref``.
    """
    document["openapi"] = "3.1.0"
    convert_schemas(document, places)
    return document
