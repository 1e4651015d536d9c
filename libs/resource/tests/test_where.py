"""The where language: what it finds, and what it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from libs.errors import InvalidParameters
from libs.resource.query.like import Like
from libs.resource.query.where import MAX_DEPTH, MAX_TESTS, WhereParser
from libs.resource.schema.fields import Expiry, Timestamp

PARSER = WhereParser(
    {"name": fields.String(), "size": fields.Float(), "done": fields.Boolean(), "due": Timestamp()}
)
ROW: dict[str, Any] = {
    "name": "Fido",
    "size": 3,
    "done": False,
    "due": datetime(2026, 1, 2, tzinfo=UTC),
}


def finds(where: Any, row: dict[str, Any]) -> bool:
    return PARSER.parse(orjson.dumps(where).decode()).matches(row.get)


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"name": "Fido", "size": 3, "done": False},
        {"size": {"$gt": 2, "$lte": 3}},
        {"size": {"$ge": 3.0}},
        {"size": {"$between": [3, 4]}},
        {"size": {"$in": [1, 3]}},
        {"size": {"$nin": [1, 2]}},
        {"name": {"$ne": "fido"}},
        {"name": {"$like": "F%o"}},
        {"name": {"$ilike": "f_D%"}},
        {"name": {"$contains": "id"}},
        {"name": {"$icontains": "ID"}},
        {"name": {"$startswith": "Fi"}},
        {"name": {"$lt": "G"}},
        {"due": "2026-01-02T01:00:00+01:00"},
        {"due": {"$lt": "2026-01-02T00:00:01Z"}},
        {"due": {"$exists": True}},
        {"$or": [{"size": 9}, {"name": "Fido"}]},
        {"$and": [{"size": 3}, {"$not": {"done": True}}]},
        {"size": {"$not": {"$gt": 3}}},
        {"size": {"$not": 0}},
        {"done": {"$not": True}},
        {"size": {"$or": [{"$lt": 1}, {"$gt": 2}]}},
        {"$not": {"$or": [{"size": 1}, {"size": 2}]}},
    ],
    ids=str,
)
def test_what_is_so_is_found_and_its_contrary_is_not(where: dict[str, Any]) -> None:
    assert finds(where, ROW)
    if where:
        assert not finds({"$not": where}, ROW)


@pytest.mark.parametrize(
    "where",
    [
        {"size": 3},
        {"size": {"$ne": 3}},
        {"size": {"$lt": 9}},
        {"size": {"$in": [3]}},
        {"size": {"$nin": [3]}},
    ],
    ids=str,
)
def test_null_is_neither_equal_nor_unequal_to_anything(where: dict[str, Any]) -> None:
    for row in ({}, {"size": None}):
        assert not finds(where, row)
        assert not finds({"$not": where}, row)


def test_null_itself_can_be_asked_for() -> None:
    for where in ({"size": None}, {"size": {"$exists": False}}, {"$not": {"size": {"$ne": None}}}):
        assert finds(where, {})
        assert not finds(where, ROW)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"who": 1}, "where.who is not a field to ask for; those are name, size, done, due"),
        ({"size": {"$foo": 1}}, "where.size.$foo is not an operator"),
        ({"$foo": 1}, "where.$foo is not an operator that can stand here"),
        ({"$gt": 1}, "where.$gt is not an operator that can stand here"),
        ({"$or": [{"size": 1}, {"size": {"$foo": 1}}]}, "where.$or[1].size.$foo is not an operator"),
        ({"$or": []}, "where.$or must be a list with something in it"),
        ({"$and": {"size": 1}}, "where.$and must be a list with something in it"),
        ({"$or": [1]}, "where.$or[0] must be an object with a condition in it"),
        ({"$or": [{}]}, "where.$or[0] must be an object with a condition in it"),
        ({"$not": {}}, "where.$not must be an object with a condition in it"),
        ({"size": {}}, "where.size must have an operator"),
        ({"size": "3"}, "where.size must be a number"),
        ({"size": True}, "where.size must be a number"),
        ({"done": 1}, "where.done must be a boolean"),
        ({"name": ["x"]}, "where.name must be a text"),
        ({"due": "tomorrow"}, "where.due Not a valid datetime."),
        ({"due": "2026-01-01T00:00:00"}, "where.due Not a valid datetime."),
        ({"size": {"$in": 3}}, "where.size.$in must be a list of at most 100"),
        ({"size": {"$in": [[1]]}}, "where.size.$in must be a number"),
        ({"size": {"$in": [None]}}, "where.size.$in must be a number"),
        ({"size": {"$between": [4, 3]}}, "where.size.$between must be a list of two, the lower one first"),
        ({"size": {"$exists": 1}}, "where.size.$exists must be true or false"),
        ({"size": {"$like": "3%"}}, "where.size.$like is not for a field of this kind"),
        ({"done": {"$gt": False}}, "where.done.$gt is not for a field of this kind"),
        ([], "where must be an object with a condition in it"),
        ({"size": {"$lt": None}}, "where.size.$lt must be a number"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_told_with_its_path(where: Any, told: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        finds(where, ROW)
    assert [(fault.parameter, fault.detail) for fault in caught.value.errors] == [("where", told)]


@pytest.mark.parametrize("operator", ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"])
@pytest.mark.parametrize("fraction", ["", ".000001", ".5", ".999999"])
def test_a_time_to_live_is_compared_with_the_very_moment(operator: str, fraction: str) -> None:
    parser = WhereParser({"ends": Expiry()})
    sent = f"2026-01-02T00:00:00{fraction}Z"
    expression = parser.read({"ends": {operator: sent}})
    for second in (-1, 0, 1):
        ends = ROW["due"] + timedelta(seconds=second)
        assert expression.matches({"ends": ends}.get) == oracle(
            {"ends": {operator: datetime.fromisoformat(sent)}}, {"ends": ends}
        )


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InvalidParameters) as caught:
        finds({"who": 1, "size": {"$foo": 1, "$lt": "x"}}, ROW)
    assert len(caught.value.errors) == 3


def test_what_is_no_json_is_refused() -> None:
    for text in ("", "{", "{'a': 1}", "NaN", "\ud800"):
        with pytest.raises(InvalidParameters):
            PARSER.parse(text)


def test_depth_and_length_are_bounded() -> None:
    deep: dict[str, Any] = {"size": 1}
    for _ in range(MAX_DEPTH + 1):
        deep = {"$not": deep}
    with pytest.raises(InvalidParameters, match="Invalid parameters"):
        finds(deep, ROW)
    with pytest.raises(InvalidParameters):
        finds({"$or": [{"size": 1}] * (MAX_TESTS + 1)}, ROW)


def test_a_pattern_made_to_be_slow_is_not() -> None:
    assert not Like("%a" * 200 + "b").matches("a" * 2000)
    assert Like("%a" * 200).matches("a" * 2000)
    assert Like("%").matches("")
    assert Like("").matches("")
    assert not Like("_").matches("")


values = {
    "name": st.none() | st.sampled_from(["", "a", "ab", "B", "abc"]),
    "size": st.none() | st.sampled_from([-1, 0, 0.5, 1, 2]),
    "done": st.none() | st.booleans(),
}


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> dict[str, Any]:
    kind = draw(st.sampled_from(["test", "test", "$and", "$or", "$not"] if depth else ["test"]))
    if kind == "$not":
        return {"$not": draw(conditions(depth - 1))}
    if kind != "test":
        return {kind: draw(st.lists(conditions(depth - 1), min_size=1, max_size=3))}
    field = draw(st.sampled_from(sorted(values)))
    operand = values[field].filter(lambda one: one is not None)
    operators = ["$eq", "$ne"] if field == "done" else ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"]
    operator = draw(st.sampled_from([*operators, "$in", "$nin", "$exists"]))
    if operator == "$exists":
        return {field: {operator: draw(st.booleans())}}
    if operator in ("$in", "$nin"):
        return {field: {operator: draw(st.lists(operand, max_size=3))}}
    return {field: {operator: draw(operand)}}


def oracle(where: dict[str, Any], row: dict[str, Any]) -> bool | None:
    """Evaluate by SQL's three-valued logic, as plainly as can be; None is unknown."""
    ((name, value),) = where.items()
    if name == "$not":
        found = oracle(value, row)
        return None if found is None else not found
    if name in ("$and", "$or"):
        found_all = [oracle(one, row) for one in value]
        decisive = name == "$or"
        if decisive in found_all:
            return decisive
        return None if None in found_all else not decisive
    ((operator, operand),) = value.items()
    have = row[name]
    if operator == "$exists":
        return (have is not None) == operand
    if have is None:
        return None
    return {
        "$eq": lambda: have == operand,
        "$ne": lambda: have != operand,
        "$lt": lambda: have < operand,
        "$lte": lambda: have <= operand,
        "$gt": lambda: have > operand,
        "$gte": lambda: have >= operand,
        "$in": lambda: have in operand,
        "$nin": lambda: have not in operand,
    }[operator]()


@given(conditions(), st.fixed_dictionaries(values))
def test_it_finds_what_sql_would_find(where: dict[str, Any], row: dict[str, Any]) -> None:
    assert finds(where, row) == (oracle(where, row) is True)


nested = st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner, max_size=3))


@given(st.text(max_size=200) | nested.map(lambda sent: orjson.dumps(sent).decode()))
def test_what_is_no_condition_is_refused(sent: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        PARSER.parse(sent)
    assert caught.value.errors[0].detail.startswith("where")
