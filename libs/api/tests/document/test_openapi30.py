"""OpenAPI 3.0 made 3.1: a schema accepts afterwards what it accepted before."""

# ruff: noqa: E501 - a table of contracts reads better in lines

import copy
import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api.document.openapi30 import from_openapi30
from libs.api.document.places import Places


def converted(schema, *, name="A"):
    document = {"openapi": "3.0.3", "paths": {}, "components": {"schemas": {name: schema}}}
    return from_openapi30(document, Places())["components"]["schemas"][name]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"nullable": True}, {}),
        ({"enum": ["a"], "nullable": True}, {"enum": ["a", None]}),
        ({"enum": ["a", None], "type": "string", "nullable": True}, {"enum": ["a", None], "type": ["string", "null"]}),
        (
            {"nullable": True, "description": "d", "allOf": [{"$ref": "#/components/schemas/A"}]},
            {"description": "d", "anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]},
        ),
        (
            {"nullable": True, "type": "object", "oneOf": [{}], "x-a": 1},
            {"x-a": 1, "anyOf": [{"type": "object", "oneOf": [{}]}, {"type": "null"}]},
        ),
        (
            {"$ref": "#/components/schemas/A", "maxLength": 1, "nullable": True, "description": "d", "x-a": 1},
            {"$ref": "#/components/schemas/A", "description": "d", "x-a": 1},
        ),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": True}, {"exclusiveMaximum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"exclusiveMaximum": True}, {}),
        ({"example": 0}, {"examples": [0]}),
        ({"type": "string", "format": "byte"}, {"type": "string", "format": "byte", "contentEncoding": "base64"}),
        ({"type": "string", "format": "binary"}, {"type": "string", "format": "binary"}),
        (
            {"properties": {"nullable": {"type": "string", "nullable": True}, "example": {"type": "string"}}},
            {"properties": {"nullable": {"type": ["string", "null"]}, "example": {"type": "string"}}},
        ),
        (
            {"default": {"nullable": True, "example": 1}, "enum": [{"nullable": True}]},
            {"default": {"nullable": True, "example": 1}, "enum": [{"nullable": True}]},
        ),
        ({"additionalProperties": {"nullable": True, "type": "number"}}, {"additionalProperties": {"type": ["number", "null"]}}),
        ({"not": {"items": {"nullable": True, "type": "string"}}}, {"not": {"items": {"type": ["string", "null"]}}}),
    ],
)  # fmt: skip
def test_what_3_0_writes_otherwise_is_written_as_3_1_does(old, new):
    assert converted(old) == new


def accepts(schema, value, shared):
    """Say whether a schema of OpenAPI 3.0 accepts a value: the words of the standard, one by one."""
    if "$ref" in schema:
        return accepts(shared[schema["$ref"].rpartition("/")[2]], value, shared)
    if value is None and schema.get("nullable"):
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool)
    of = {
        "string": isinstance(value, str),
        "integer": number and value == int(value),
        "number": number,
        "boolean": isinstance(value, bool),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
        None: True,
    }
    lower, upper = schema.get("minimum"), schema.get("maximum")
    every = (
        of[schema.get("type")],
        not (
            "enum" in schema and not any(type(one) is type(value) and one == value for one in schema["enum"])
        ),
        not number or lower is None or (value > lower if schema.get("exclusiveMinimum") else value >= lower),
        not number or upper is None or (value < upper if schema.get("exclusiveMaximum") else value <= upper),
        not isinstance(value, str) or len(value) <= schema.get("maxLength", 99),
        not isinstance(value, list) or all(accepts(schema.get("items", {}), one, shared) for one in value),
        not isinstance(value, dict) or all(name in value for name in schema.get("required", ())),
        not isinstance(value, dict)
        or all(
            accepts(schema.get("properties", {}).get(name, {}), one, shared) for name, one in value.items()
        ),
        all(accepts(one, value, shared) for one in schema.get("allOf", ())),
        "anyOf" not in schema or any(accepts(one, value, shared) for one in schema["anyOf"]),
        "oneOf" not in schema or sum(accepts(one, value, shared) for one in schema["oneOf"]) == 1,
        "not" not in schema or not accepts(schema["not"], value, shared),
    )
    return all(every)


NAMES = st.sampled_from(["a", "b"])
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "x", "yy"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)


def schemas(inner):
    keys = {
        "type": st.sampled_from(["string", "integer", "number", "boolean", "array", "object"]),
        "nullable": st.booleans(),
        "enum": st.lists(
            st.integers(-1, 1) | st.sampled_from(["", "x"]), min_size=1, max_size=3, unique=True
        ),
        "minimum": st.integers(-1, 1),
        "maximum": st.integers(-1, 1),
        "exclusiveMinimum": st.booleans(),
        "exclusiveMaximum": st.booleans(),
        "maxLength": st.integers(0, 2),
        "required": st.lists(NAMES, min_size=1, unique=True),
        "items": inner,
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "allOf": st.lists(inner, min_size=1, max_size=2),
        "anyOf": st.lists(inner, min_size=1, max_size=2),
        "oneOf": st.lists(inner, min_size=1, max_size=2),
        "not": inner,
        "description": st.just("d"),
    }
    return st.lists(st.sampled_from(sorted(keys)), max_size=5, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({key: keys[key] for key in chosen})
    )


REFERENCES = st.fixed_dictionaries(
    {"$ref": st.just("#/components/schemas/Shared")},
    optional={"maxLength": st.just(0), "nullable": st.booleans(), "description": st.just("d")},
)
SCHEMAS = st.recursive(schemas(st.just({})) | REFERENCES, schemas, max_leaves=6)
# What is shared is no reference, and holds none: it would not end.
SHARED = st.recursive(schemas(st.just({})), schemas, max_leaves=3)


@given(SCHEMAS, SHARED, st.lists(VALUES, min_size=1, max_size=8))
def test_a_schema_accepts_afterwards_what_it_accepted_before(schema, shared, values):
    before = copy.deepcopy(schema), {"Shared": copy.deepcopy(shared)}
    document = {"openapi": "3.0.3", "paths": {}, "components": {"schemas": {"A": schema, "Shared": shared}}}
    components = from_openapi30(document, Places())["components"]
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/A", "components": components}
    )
    for value in values:
        assert validator.is_valid(value) == accepts(before[0], value, before[1]), json.dumps(components)
