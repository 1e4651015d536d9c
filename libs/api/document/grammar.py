"""What is where in a document: which parts are schemas, parameters, responses …, and which are plain data."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from libs.errors import pointer

Node = dict[str, Any]
Grammar = Mapping[str, Mapping[str, str]]
"""For each kind of object, what its keys hold: a ``kind``, a ``[kind]`` (a list) or a ``{kind}`` (by name).

The key ``*`` stands for all keys but extensions. What is not named is data: examples, defaults, extensions.
"""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_SCHEMA = {
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[schema]"),
    **dict.fromkeys(
        ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "dependencies"),
        "{schema}",
    ),
    **dict.fromkeys(
        (
            *("items", "contains", "additionalItems", "unevaluatedItems", "additionalProperties"),
            *("unevaluatedProperties", "propertyNames", "not", "if", "then", "else", "contentSchema"),
        ),
        "schema",
    ),
}

OPENAPI_3: Grammar = {
    "document": {"paths": "paths", "webhooks": "{path item}", "components": "components"},
    "components": {
        "schemas": "{schema}",
        "responses": "{response}",
        "parameters": "{parameter}",
        "examples": "{example}",
        "requestBodies": "{request body}",
        "headers": "{header}",
        "securitySchemes": "{security scheme}",
        "links": "{link}",
        "callbacks": "{callback}",
        "pathItems": "{path item}",
    },
    "paths": {"*": "path item"},
    "path item": {"parameters": "[parameter]", **dict.fromkeys(METHODS, "operation")},
    "operation": {
        "parameters": "[parameter]",
        "requestBody": "request body",
        "responses": "responses",
        "callbacks": "{callback}",
    },
    "responses": {"*": "response"},
    "response": {"headers": "{header}", "content": "{media type}", "links": "{link}"},
    "request body": {"content": "{media type}"},
    "parameter": {"schema": "schema", "content": "{media type}", "examples": "{example}"},
    "header": {"schema": "schema", "content": "{media type}", "examples": "{example}"},
    "media type": {"schema": "schema", "encoding": "{encoding}", "examples": "{example}"},
    "encoding": {"headers": "{header}"},
    "callback": {"*": "path item"},
    "schema": _SCHEMA,
}

SWAGGER_2: Grammar = {
    "document": {
        "paths": "paths",
        "definitions": "{schema}",
        "parameters": "{parameter}",
        "responses": "{response}",
    },
    "paths": {"*": "path item"},
    "path item": {"parameters": "[parameter]", **dict.fromkeys(METHODS, "operation")},
    "operation": {"parameters": "[parameter]", "responses": "responses"},
    "responses": {"*": "response"},
    "response": {"schema": "schema", "headers": "{header}"},
    "parameter": {"schema": "schema", "items": "items"},
    "header": {"items": "items"},
    "items": {"items": "items"},
    "schema": _SCHEMA,
}

SECTIONS: Mapping[str, tuple[str, ...]] = {
    kind.strip("{}"): ("components", key) for key, kind in OPENAPI_3["components"].items()
}
"""Where OpenAPI 3 keeps the parts of a kind that are referred to."""
SECTIONS_2: Mapping[str, tuple[str, ...]] = {
    "schema": ("definitions",),
    "parameter": ("parameters",),
    "response": ("responses",),
}
"""Where Swagger 2.0 does."""


class Part(NamedTuple):
    """An object of a document.

    :ivar kind: what it is, a key of the grammar or a kind without parts of its own.
    :ivar pointer: the JSON pointer of where it is.
    """

    kind: str
    node: Node
    pointer: str


def parts(document: Any, grammar: Grammar, kind: str = "document") -> Iterator[Part]:
    """Yield every object below and with `document` whose kind is known, an outer one before those in it.

    What has not the form the grammar expects is passed over.
    """
    waiting: list[tuple[str, Any, str]] = [(kind, document, "")]
    while waiting:
        kind, node, where = waiting.pop()
        if not isinstance(node, dict):
            continue
        yield Part(kind, node, where)
        held = grammar.get(kind, {})
        every = held.get("*")
        for key in reversed(node):
            of = held.get(key) or (None if key.startswith("x-") else every)
            if of is not None:
                kind_held = of.strip("[]{}")
                waiting.extend(
                    (kind_held, one, where + pointer(key, *step)) for one, step in _held(of, node[key])
                )


def _held(of: str, value: Any) -> list[tuple[Any, tuple[str | int, ...]]]:
    """Return what a key holds, the last first, and the further step to it."""
    if of.startswith("{"):
        return [(one, (key,)) for key, one in reversed(value.items())] if isinstance(value, dict) else []
    if isinstance(value, list):  # before 2020-12, `items` may be one as well
        return [(one, (index,)) for index, one in reversed(list(enumerate(value)))]
    return [(value, ())]
