"""The OpenAPI description of a resource, made from its schema."""

from collections.abc import Sequence
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

JSON = dict[str, Any]


def json_schemas(name: str, schema: type[Schema], changes: type[Schema]) -> JSON:
    """Return the component schemas of a resource called `name`.

    ``Todo`` is what is shown, ``NewTodo`` what creates one, ``TodoChanges`` what changes one, ``TodoPage``
    a page of them.

    :param schema: of a whole row.
    :param changes: of what may be changed.
    """
    plugin = MarshmallowPlugin()
    APISpec(title=name, version="1", openapi_version="3.1.0", plugins=[plugin])
    assert plugin.converter is not None  # noqa: S101 - APISpec has set it
    whole: JSON = plugin.converter.schema2jsonschema(schema())  # type: ignore[no-untyped-call]
    shown = {field: _shown(one) for field, one in whole["properties"].items()}
    taken = _writable(whole)
    changed = _writable(plugin.converter.schema2jsonschema(changes()))  # type: ignore[no-untyped-call]
    return {
        name: _object(shown, required=sorted(shown)),
        f"New{name}": _object(
            taken, required=[field for field in whole.get("required", []) if field in taken]
        ),
        f"{name}Changes": {**_object(changed, required=[]), "minProperties": 1},
        f"{name}Page": _object(
            {
                "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
                "next": {
                    "type": ["string", "null"],
                    "description": "The `cursor` of the next page; null on the last.",
                },
            },
            required=["items", "next"],
        ),
    }


def _object(properties: JSON, *, required: list[str]) -> JSON:
    body: JSON = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**body, "required": required} if required else body


def _shown(field: JSON) -> JSON:
    # What was stored before a rule was tightened is still shown.
    rules = ("minLength", "maxLength", "minimum", "maximum", "pattern", "enum", "minItems", "maxItems")
    return {key: value for key, value in field.items() if key not in rules}


def _writable(schema: JSON) -> JSON:
    return {
        field: {key: value for key, value in one.items() if key != "default"}
        for field, one in schema["properties"].items()
        if not one.get("readOnly", False)
    }


def operation(
    operation_id: str,
    summary: str,
    *,
    answer: tuple[int, str, str | None],
    body: str | None = None,
    parameters: Sequence[JSON] = (),
    on_row: bool = False,
) -> JSON:
    """Return an OpenAPI Operation Object.

    :param answer: status, description, and the name of the component schema of its body, if it has one.
    :param body: the name of the component schema of the request's body, if it takes one.
    :param on_row: whether it takes the key of a row.
    """
    status, description, schema = answer
    response: JSON = {"description": description}
    if schema:
        response["content"] = _content(schema)
    if status == 201:
        response["headers"] = {"Location": {"schema": {"type": "string"}}}
    made: JSON = {
        "operationId": operation_id,
        "summary": summary,
        "parameters": [*([_key_parameter()] if on_row else []), *parameters],
        "responses": {str(status): response},
    }
    if body:
        made["requestBody"] = {"required": True, "content": _content(body)}
    return made


def _content(schema: str) -> JSON:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _key_parameter() -> JSON:
    # 256 characters of any kind fit into a range key (AWS limit: 1024 bytes).
    return {
        "name": "key",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 256},
    }


def page_parameters(default: int, largest: int) -> list[JSON]:
    """Return the parameters of a list."""
    limit = {"type": "integer", "minimum": 1, "maximum": largest, "default": default}
    cursor = {"type": "string", "minLength": 1, "maxLength": 2048}
    return [
        {"name": "limit", "in": "query", "description": "Items on a page.", "schema": limit},
        {"name": "cursor", "in": "query", "description": "`next` of the page before.", "schema": cursor},
    ]


def where_parameter(queryable: Sequence[str]) -> JSON:
    """Return the parameter that says which rows are wanted."""
    return {
        "name": "where",
        "in": "query",
        "description": (
            f"Which items: a JSON expression over {', '.join(queryable)}. A page may hold fewer than `limit`,"
            " with a `next`, where a request looked at as many items as it may."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 4096},
        "example": orjson.dumps({queryable[0]: {"$exists": True}}).decode(),
    }
