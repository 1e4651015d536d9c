"""What the OpenAPI document says about bodies is what the schemas do."""

import enum
import ipaddress
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from openapi_spec_validator import validate as validate_document

from libs.resource.schema.from_model import ResourceSchema, schema_class
from libs.resource.schema.json_schema import field_schema, object_schema
from libs.resource.store.row import Codec
from libs.resource.tests.kinds import Everything, bodies, spoilt

KIND = schema_class(Everything, read_only=["slug"])
CHANGED = object_schema(schema_class(Everything, read_only=["id"])())
SCHEMAS = {
    "Thing": object_schema(KIND(), shown=True),
    "NewThing": object_schema(KIND()),
    "ThingChanges": {key: one for key, one in CHANGED.items() if key != "required"} | {"minProperties": 1},
}


def validator(name: str) -> Any:
    root = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.Draft202012Validator(root, validate_formats=True)


NEW, SHOWN, CHANGES = validator("NewThing"), validator("Thing"), validator("ThingChanges")


def document(schemas: dict[str, Any]) -> dict[str, Any]:
    info = {"title": "Things", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": schemas}}


def test_the_document_is_valid() -> None:
    validate_document(document(SCHEMAS))


@given(spoilt())
@settings(max_examples=400)
def test_what_a_schema_takes_is_valid(body: dict[str, Any]) -> None:
    body.pop("slug", None)
    for schema, described in ((KIND(), NEW), (KIND(partial=True), CHANGES)):
        try:
            schema.load(body)
        except ValidationError:
            continue
        if described is CHANGES:
            body = {name: value for name, value in body.items() if name != "id"} or {"text": ""}
        assert described.is_valid(body), list(described.iter_errors(body))


@given(bodies)
@settings(max_examples=200)
def test_what_is_shown_is_valid(body: dict[str, Any]) -> None:
    body.pop("slug", None)
    item = Codec(Everything).item(Everything(**KIND().load(body), version=1))
    shown = KIND().dump(Everything.from_raw_data(item))
    assert SHOWN.is_valid(shown), list(SHOWN.iter_errors(shown))


@pytest.mark.parametrize(
    "part",
    [
        {"number": "5"},
        {"number": True},
        {"number": 1e200},
        {"flag": 1},
        {"blob": "YQ"},
        {"moment": "2026-01-01"},
        {"tags": "x"},
        {"tags": [1]},
        {"numbers": ["1"]},
        {"address": {}},
        {"address": {"street": "x", "more": 1}},
        {"addresses": [{}]},
        {"loose": []},
        {"loose": {"": 1}},
        {"anything": {}},
        {"nothing": 1},
        {"version": 1},
        {"slug": "x"},
        {"lower": "x"},
        {"text": None},
        {"id": ""},
        {"settings": {"since": 1}},
    ],
)
def test_what_breaks_the_schema_is_not_valid(part: dict[str, Any]) -> None:
    assert not NEW.is_valid({"id": "i", "text": "x", **part})
    with pytest.raises(ValidationError):
        KIND().load({"id": "i", "text": "x", **part})


def test_a_change_needs_nothing_and_a_map_in_it_all_that_it_requires() -> None:
    assert not CHANGES.is_valid({})
    assert CHANGES.is_valid({"text": "x"})
    assert not CHANGES.is_valid({"address": {"country": "DE"}})
    assert CHANGES.is_valid({"address": {"street": "x"}})


def test_read_only_attributes_are_shown_as_such() -> None:
    assert SCHEMAS["Thing"]["properties"]["version"] == {"type": "integer", "readOnly": True}
    assert SCHEMAS["Thing"]["properties"]["slug"]["readOnly"]
    assert "slug" not in SCHEMAS["NewThing"]["properties"]


class Colour(enum.Enum):
    red = 1
    blue = "b"


class Inner(Schema):
    n = fields.Integer(required=True)


class Self(ResourceSchema):
    again = fields.Nested(lambda: Self())


OPEN_RANGE = validate.Range(0, 10, min_inclusive=False, max_inclusive=False)
INNER = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
}


@pytest.mark.parametrize(
    ("field", "taken"),
    [
        (
            fields.Float(validate=OPEN_RANGE),
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10},
        ),
        (fields.Integer(validate=validate.Range(min=1)), {"type": "integer", "minimum": 1}),
        (
            fields.Decimal(validate=validate.Range(Decimal("0.5"), Decimal(9))),
            {"type": "number", "minimum": 0.5, "maximum": 9},
        ),
        (fields.Enum(Colour), {"type": "string", "enum": ["red", "blue"]}),
        (fields.Enum(Colour, by_value=True), {"type": ["integer", "string"], "enum": [1, "b"]}),
        (fields.Enum(Colour, allow_none=True), {"type": ["string", "null"], "enum": ["red", "blue", None]}),
        (fields.Raw(allow_none=True, validate=validate.OneOf([1, "b"])), {"enum": [1, "b", None]}),
        (fields.DateTime("timestamp", validate=validate.Range(min=0)), {"type": "number", "minimum": 0}),
        (fields.AwareDateTime(), {"type": "string", "format": "date-time"}),
        (fields.NaiveDateTime(), {"type": "string"}),
        (
            fields.Tuple((fields.String(), fields.Integer())),
            {
                "type": "array",
                "prefixItems": [{"type": "string"}, {"type": "integer"}],
                "items": False,
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (fields.URL(), {"type": "string", "format": "uri"}),
        (fields.URL(relative=True), {"type": "string", "format": "uri-reference"}),
        (fields.IPv4(), {"type": "string", "format": "ipv4"}),
        (
            fields.List(
                fields.String(), validate=[validate.ContainsOnly(["a", "b"]), validate.Length(max=2)]
            ),
            {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "maxItems": 2},
        ),
        (
            fields.String(validate=validate.And(validate.Length(1, 5), validate.Length(max=3))),
            {"type": "string", "minLength": 1, "maxLength": 3},
        ),
        (fields.String(validate=validate.Regexp(r"[a-z]+\Z")), {"type": "string", "pattern": "^(?:[a-z]+$)"}),
        (fields.String(validate=validate.NoneOf(["x"])), {"type": "string", "not": {"enum": ["x"]}}),
        (
            fields.Boolean(metadata={"example": True, "x-a": 1, "b": 2}),
            {"type": "boolean", "examples": [True], "x-a": 1},
        ),
        (fields.Nested(Inner), INNER),
        (fields.Nested(Inner, many=True), {"type": "array", "items": INNER}),
        (fields.Nested(Inner, allow_none=True), {**INNER, "type": ["object", "null"]}),
        (fields.Nested(Inner(partial=True)), {key: INNER[key] for key in INNER if key != "required"}),
        (fields.Nested(Inner, unknown=EXCLUDE), {**INNER, "additionalProperties": True}),
        (fields.Pluck(Inner, "n"), {"type": "integer"}),
        (
            fields.Dict(fields.String(), fields.Integer()),
            {
                "type": "object",
                "propertyNames": {"type": "string"},
                "additionalProperties": {"type": "integer"},
            },
        ),
        (fields.Constant(1), {"const": 1}),
        (fields.Raw(), {}),
    ],
)
def test_a_declared_field(field: fields.Field[Any], taken: dict[str, Any]) -> None:
    made = ResourceSchema.from_dict({"it": field})()
    assert object_schema(made)["properties"]["it"] == taken
    for shown in (True, False):
        validate_document(document({"it": object_schema(made, shown=shown)}))


def test_a_limit_is_not_on_what_is_shown() -> None:
    field = fields.String(validate=[validate.Length(1, 5), validate.OneOf(["a"])], metadata={"pattern": "a"})
    assert field_schema(field, shown=True) == {"type": "string"}


def test_a_decimal_is_a_text_where_it_is_shown_as_one() -> None:
    field = fields.Decimal(as_string=True, validate=validate.Range(min=Decimal("0.5")))
    assert field_schema(field, shown=True) == {"type": "string"}
    taken = field_schema(field)
    assert taken["type"] == "string"
    assert "minimum" not in taken
    assert jsonschema_rs.is_valid(taken, "1.50")
    assert not jsonschema_rs.is_valid(taken, "much")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_address_is_of_either_kind(address: str) -> None:
    described = jsonschema_rs.Draft202012Validator(field_schema(fields.IP()), validate_formats=True)
    assert described.is_valid(str(ipaddress.ip_address(address)))
    assert not described.is_valid("localhost")


def test_a_schema_within_itself_ends() -> None:
    assert object_schema(Self())["properties"] == {"again": {"type": "object"}}
