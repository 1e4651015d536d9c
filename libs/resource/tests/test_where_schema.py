"""The grammar of the where language in a document is the grammar of its parser."""

from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields
from openapi_spec_validator import validate

from libs.errors import InvalidParameters
from libs.resource.geo.attributes import GeometryField
from libs.resource.query.operators import Operator, by
from libs.resource.query.where import WhereParser
from libs.resource.query.where_schema import operators_told
from libs.resource.schema.fields import Boolean, Number, Timestamp

PARSER = WhereParser(
    {
        "name": fields.String(),
        "size": Number(),
        "done": Boolean(),
        "due": Timestamp(),
        "tags": fields.List(fields.String()),
        "place": GeometryField(),
    }
)
SCHEMAS = PARSER.json_schemas("DogWhere")
GRAMMAR = jsonschema_rs.Draft202012Validator(
    {"$ref": "#/components/schemas/DogWhere", "components": {"schemas": SCHEMAS}}, validate_formats=True
)
POINT = {"type": "Point", "coordinates": [13, 52]}


def parses(where: Any) -> bool:
    try:
        PARSER.parse(orjson.dumps(where).decode())
    except InvalidParameters:
        return False
    return True


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"name": "Fido", "size": 3, "done": False},
        {"due": {"$between": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00+01:00"]}},
        {"size": {"$in": [], "$ne": None}},
        {"name": None, "tags": {"$exists": False}},
        {"tags": {"$contains": "a", "$eq": None}},
        {"$or": [{"$and": [{"size": {"$or": [1, {"$not": {"$ge": 2.5}}]}}]}, {"$not": {"done": True}}]},
        {"place": {"$geo.within": POINT}},
        {"place": {"$geo.dwithin": {"geometry": POINT, "distance": 0.5}}},
    ],
    ids=str,
)
def test_what_is_understood_follows_the_grammar(where: Any) -> None:
    assert parses(where)
    assert GRAMMAR.is_valid(where)


@pytest.mark.parametrize(
    "where",
    [
        [],
        {"age": 3},
        {"$nor": [{"size": 1}]},
        {"name": {}},
        {"name": 3},
        {"name": {"$near": "x"}},
        {"$not": {}},
        {"$or": []},
        {"$or": [{}]},
        {"size": {"$gt": None}},
        {"size": {"$like": "3%"}},
        {"size": {"$in": 3}},
        {"size": {"$in": [None]}},
        {"size": {"$in": [1] * 101}},
        {"size": {"$between": [1]}},
        {"done": {"$lt": True}},
        {"done": {"$exists": 1}},
        {"due": "yesterday"},
        {"tags": "a"},
        {"tags": {"$contains": ["a"]}},
        {"place": POINT},
        {"place": {"$eq": POINT}},
        {"place": {"$geo.within": {**POINT, "coordinates": [13, 91]}}},
        {"place": {"$geo.dwithin": {"geometry": POINT, "distance": 0}}},
        {"name": {"$geo.within": POINT}},
    ],
    ids=str,
)
def test_what_is_not_understood_does_not_follow_the_grammar(where: Any) -> None:
    assert not parses(where)
    assert not GRAMMAR.is_valid(where)


names = st.sampled_from(
    ["name", "size", "done", "tags", "$eq", "$in", "$or", "$not", "$exists", "$contains", "$lt"]
)
values = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
expressions = st.recursive(
    values, lambda one: st.lists(one, max_size=3) | st.dictionaries(names, one, max_size=2), max_leaves=8
)


@given(st.dictionaries(names, expressions, max_size=2))
def test_the_grammar_and_the_parser_say_the_same(where: dict[str, Any]) -> None:
    assert GRAMMAR.is_valid(where) == parses(where)


def test_it_is_valid_in_a_document_and_says_each_operand_once() -> None:
    info = {"title": "Dogs", "version": "1"}
    validate({"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": SCHEMAS}})
    operators = SCHEMAS["DogWhereGeometry"]["anyOf"][-1]["properties"]
    assert operators["$geo.within"] == operators["$geo.touches"] != operators["$geo.dwithin"]


class NamedField(fields.String):
    """A text with an operator of its own, in a class of a name that others may have, too."""

    where_kind = str

    def __init__(self, operator: str, told: dict[str, Any]) -> None:
        super().__init__()
        self.where_operators = {operator: Operator(operator, "one", (str,), by(str.endswith), parse=str)}
        self.where_schemas = {operator: told}


def test_kinds_of_one_name_do_not_mix() -> None:
    one, other = NamedField("$endswith", {"type": "string"}), NamedField("$sounds", {"type": "integer"})
    text = type("TextField", (NamedField,), {})("$near", {"type": "boolean"})
    of = {"plain": fields.String(), "one": one, "other": other, "text": text, "again": one}
    schemas = WhereParser(of).json_schemas("DogWhere")
    grammar = jsonschema_rs.Draft202012Validator(
        {"$ref": "#/components/schemas/DogWhere", "components": {"schemas": schemas}}
    )
    operands = {"$endswith": "x", "$sounds": 1, "$near": True}
    has = {"plain": "", "one": "$endswith", "other": "$sounds", "text": "$near", "again": "$endswith"}
    for name, operator in has.items():
        assert grammar.is_valid({name: {"$like": "x"}})
        for sign, operand in operands.items():
            assert grammar.is_valid({name: {sign: operand}}) == (sign == operator), (name, sign)
    assert schemas["DogWhere"]["properties"]["one"] == schemas["DogWhere"]["properties"]["again"]


def test_the_types_of_an_operand_are_those_that_are_taken() -> None:
    for kind in ("POINT", "Point", "point", "LINE"):
        where = {"place": {"$geo.equals": {"type": kind, "coordinates": [1, 2]}}}
        assert GRAMMAR.is_valid(where) == parses(where) == (kind in ("POINT", "Point"))


def test_operators_of_some_fields_are_told() -> None:
    told = operators_told({"name": fields.String(), "here": GeometryField(), "there": GeometryField()})
    assert "Of here, there: `$geo.contains`," in told
    assert "`$geo.dwithin`." in told
    assert "Of " not in operators_told({"name": fields.String()})
