"""Arguments as JSON: what comes out is what went in, at any depth."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import ApiModels, models
from libs.tasks.arguments import MAX_DEPTH, canonical, decode, encode, encode_arguments

ZONES = st.none() | st.integers(-23 * 60, 23 * 60).map(lambda one: timezone(timedelta(minutes=one)))
PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
HASHABLE = (
    PLAIN
    | st.datetimes(timezones=ZONES)
    | st.dates()
    | st.times(timezones=ZONES)
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.binary()
)
NAMES = st.text() | st.sampled_from(["$date", "$object", "$escaped", "$", "value"])
VALUES = st.recursive(
    HASHABLE | st.frozensets(HASHABLE, max_size=4) | st.sets(HASHABLE, max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(NAMES, inner, max_size=4)
    ),
    max_leaves=20,
)


def stored(value: Any) -> Any:
    """Return what a row has of it: PynamoDB writes and reads JSON with the json module."""
    return json.loads(json.dumps(encode(value)))


def same_types(one: Any, other: Any) -> bool:
    """Tell whether two equal values are of the same types all through: 1 == True, and (1,) is no [1]."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return all(same_types(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return all(map(same_types, one, other))
    return True


@given(VALUES)
def test_what_is_encoded_is_json_and_decoded_what_it_was(value: Any) -> None:
    encoded = encode(value)
    assert orjson.loads(orjson.dumps(encoded)) == encoded
    back = decode(json.loads(json.dumps(encoded)))  # PynamoDB writes and reads JSON with the json module
    assert back == value
    assert same_types(back, value)


@given(st.dictionaries(st.text().filter(lambda name: not name.startswith("$")), st.lists(PLAIN)))
def test_plain_json_looks_plain(value: Any) -> None:
    assert encode(value) == value


@given(st.frozensets(HASHABLE))
def test_equal_sets_have_one_spelling(items: frozenset[Any]) -> None:
    other: set[Any] = set()
    for one in [*items][::-1]:
        other.add(one)
    assert canonical(encode(set(items))) == canonical(encode(other))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), {"$datetime": "2026-03-01T12:00:00+00:00"}),
        (datetime(2026, 3, 1, 12), {"$datetime": "2026-03-01T12:00:00"}),  # noqa: DTZ001 - naive ones, too
        (date(2026, 3, 1), {"$date": "2026-03-01"}),
        (time(12, 30), {"$time": "12:30:00"}),
        (timedelta(days=-1, microseconds=5), {"$timedelta": [-1, 0, 5]}),
        (Decimal("9.90"), {"$decimal": "9.90"}),
        (UUID(int=7), {"$uuid": "00000000-0000-0000-0000-000000000007"}),
        (b"\x00\xff", {"$bytes": "AP8="}),
        ((1, [2]), {"$tuple": [1, [2]]}),
        ({3, 1, 2}, {"$set": [1, 2, 3]}),
        (frozenset("a"), {"$frozenset": ["a"]}),
        ({"$date": "x", "a": 1}, {"$escaped": {"$date": "x", "a": 1}}),
    ],
)
def test_what_json_has_no_form_for_is_tagged(value: Any, encoded: Any) -> None:
    # The form is stored: rows of the release before are read by the next.
    assert encode(value) == encoded
    assert decode(encoded) == value


def test_objects_of_contracts_come_back_as_objects_at_any_depth() -> None:
    profile = models.profiles.NewProfile(profile_id="ada", name="Ada")
    given = {"list": [profile], "in": ({"$deep": profile},)}
    assert encode(profile) == {
        "$object": ["profiles", "NewProfile"],
        "value": {"profile_id": "ada", "name": "Ada"},
    }
    back = decode(stored(given))
    assert back == given
    assert type(back["in"][0]["$deep"]) is models.profiles.NewProfile


def test_an_object_whose_schema_has_changed_is_refused() -> None:
    encoded = encode(models.profiles.NewProfile(profile_id="ada", name="Ada"))
    with pytest.raises(ValueError, match="profile_id"):
        decode({**encoded, "value": {"name": "Ada"}})
    with pytest.raises(ValueError, match=r"no contract has profiles\.Gone"):
        decode({**encoded, "$object": ["profiles", "Gone"]})
    with pytest.raises(ValueError, match=r"no contract has gone\.Gone"):
        decode({**encoded, "$object": ["gone", "Gone"]})


def test_an_object_of_no_contract_is_refused() -> None:
    made = ApiModels(
        {
            "openapi": "3.1.0",
            "info": {"title": "x", "version": "1"},
            "paths": {},
            "components": {
                "schemas": {"Secret": {"type": "object", "properties": {"a": {"type": "string"}}}}
            },
        },
        "nowhere",
    )
    with pytest.raises(TypeError, match=r"Secret is of no contract in apis/"):
        encode(made.Secret(a="hunter2"))


class Colour(StrEnum):
    RED = "red"


class Shape(Enum):
    ROUND = object()


@dataclass
class Point:
    x: int


def test_a_member_of_an_enum_of_texts_is_its_text() -> None:
    assert type(encode(Colour.RED)) is str
    assert decode(encode({Colour.RED: Colour.RED})) == {"red": "red"}


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Point(1),
        Shape.ROUND,
        2**70,
        -(2**63) - 1,
        math.nan,
        math.inf,
        "\ud800",
        {1: 2},
        {("a",): 1},
        Point,
        iter(()),
        range(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_no_worker_could_make_again_is_refused_at_any_depth(value: Any) -> None:
    for argument in (value, [value], {"a": (value,)}):
        with pytest.raises(TypeError, match=r"."):
            encode(argument)


def test_a_refusal_names_the_argument_and_its_type_and_not_its_value() -> None:
    with pytest.raises(TypeError, match=r"^the argument where: Point has no JSON form"):
        encode_arguments({"a": 1, "where": [Point(1)]})


def test_what_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TypeError, match="nested"):
        encode(endless)
    deep: Any = 1
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert decode(encode(deep)) == deep


@pytest.mark.parametrize("value", [{"$new": 1}, {"$date": "soon"}, {"$decimal": "x"}, {"$timedelta": ["x"]}])
def test_what_this_release_does_not_know_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="arguments hold"):
        decode([value])
