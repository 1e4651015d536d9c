"""Schemas of OpenAPI 3.0 and Swagger 2.0 as JSON Schema 2020-12 has it, which is what OpenAPI 3.1 uses."""

from libs.api.document.grammar import OPENAPI_3, Node, parts
from libs.api.document.places import Places

_NOTES = frozenset(
    (
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        *("externalDocs", "xml"),
    )
)
"""What says something of a value and does not decide whether it is good."""
_COMPOSED = ("$ref", "allOf", "anyOf", "oneOf", "not")


def convert_schemas(document: Node, places: Places) -> None:
    """Convert every schema of `document` where it stands."""
    for part in list(parts(document, OPENAPI_3)):
        if part.kind == "schema":
            _convert(part.node, places)


def _convert(schema: Node, places: Places) -> None:
    if isinstance(schema.get("$ref"), str):
        # Until 3.1 what stands beside a reference is ignored (3.0.4, 4.7.23); now it would count.
        for key in [
            key for key in schema if key not in _NOTES and not key.startswith("x-") and key != "$ref"
        ]:
            del schema[key]
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and limit in schema:
            schema[exclusive] = schema.pop(limit)
        elif isinstance(schema.get(exclusive), bool):
            del schema[exclusive]
    if "example" in schema:
        schema.setdefault("examples", [schema.pop("example")])
    if schema.get("format") == "byte":
        schema.setdefault("contentEncoding", "base64")
    if schema.pop("nullable", False) is True:
        allow_null(schema, places)


def allow_null(schema: Node, places: Places) -> None:
    """Let a schema accept null as well.

    Beside ``enum`` too, which 3.0 left open and its users count on.
    """
    if any(key in schema for key in _COMPOSED):
        inner = {
            key: schema.pop(key) for key in list(schema) if key not in _NOTES and not key.startswith("x-")
        }
        places.adopt(inner, schema)
        several = inner.get("allOf")
        if isinstance(several, list) and len(inner) == len(several) == 1:
            inner = several[0]
        schema["anyOf"] = [inner, {"type": "null"}]
        return
    kinds = schema.get("type")
    if isinstance(kinds, str) and kinds != "null":
        schema["type"] = [kinds, "null"]
    elif isinstance(kinds, list) and "null" not in kinds:
        kinds.append("null")
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"].append(None)
    if "const" in schema and schema["const"] is not None:
        schema["enum"] = [schema.pop("const"), None]
