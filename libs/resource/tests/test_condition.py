"""Expressions as conditions of DynamoDB's: a filter leaves no wanted row out, a condition is exact."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.expressions.condition import Condition

from libs.dynamodb import Item, Put
from libs.resource.query.condition import condition_for, filter_for, storable
from libs.resource.query.where import FALSE, MAX_TESTS, TRUE, Either, Expression, all_of
from libs.resource.store.row import Codec, Row
from libs.resource.store.store import Store
from libs.resource.tests.beasts import BEAST_WHERE, STONE_WHERE, Beast, Stone, stores, wanted
from libs.resource.tests.questions import WORLDS

BEAST = Codec(Beast)
TIME = "2026-01-01T0{}:00:00.00000{}+0000"


@pytest.fixture(scope="module")
def tables() -> Iterator[dict[str, Store]]:
    with stores() as (beasts, stones):
        for number, more in enumerate(BEAST_ROWS):
            key = {"owner": {"S": ["ann", "bob"][number % 2]}, "id": {"S": f"{number:02}"}}
            beasts.table.write(
                Put({**key, "kind": {"S": "bird"}, "priority": {"N": str(number % 3)}, **more})
            )
        for number, more in enumerate(STONE_ROWS):
            size = {"N": ["-1", "0.5", "100000000000000000000000", "2", "0"][number % 5]}
            moment = {"S": TIME.format(number % 6, number % 6)}
            stones.table.write(Put({"size": size, "moment": moment, "code": {"B": b"a"}, **more}))
        yield {"beasts": beasts, "stones": stones}


NULL = {"NULL": True}
BEAST_ROWS: list[dict[str, Any]] = [
    {},
    {"tame": NULL},
    {"tame": {"BOOL": True}, "tag": {"S": "red"}},
    {"tame": {"BOOL": False}, "due": {"S": TIME.format(1, 1)}},
    *(
        {"n": {"S": name}, "nl": {"S": name.casefold()}}
        for name in ("ant", "Ant", "antelope", "Bee%", "ß", "ox_")
    ),
    {"n": {"S": "bee"}, "nl": {"S": "bee"}, "due": {"S": TIME.format(2, 2)}, "tag": {"S": "blue"}},
    {"kind": {"S": "fish"}, "priority": {"N": "100000000000000000000000"}},
    {"kind": {"S": "fish"}, "priority": {"N": "0.0000001"}, "tame": {"BOOL": True}},
]
STONE_ROWS: list[dict[str, Any]] = [
    {"version": {"N": "1"}, "words": NULL, "marks": NULL},
    {"version": {"N": "2"}, "words": {"L": []}},
    {"version": NULL, "words": {"L": [{"S": "ant"}, {"S": "bee"}]}, "marks": {"SS": ["x", "y"]}},
    {"moments": {"L": [{"S": TIME.format(1, 1)}]}, "marks": {"SS": ["y"]}},
    {"moments": NULL, "words": {"L": [{"S": "antelope"}]}},
]


def all_rows(store: Store) -> dict[str, Row]:
    return {name_of(item): Row(store.codec, item) for item in store.table.scan().items}


def name_of(item: Item) -> str:
    return str(item.get("id", item.get("size")))


def found(store: Store, condition: Condition | None) -> set[str]:
    return {name_of(item) for item in store.table.scan(filter_condition=condition).items}


@pytest.mark.parametrize("name", WORLDS)
@settings(max_examples=150)
@given(data=st.data())
def test_no_wanted_row_is_left_out_by_a_filter_and_a_condition_is_exact(
    tables: dict[str, Store], name: str, data: st.DataObject
) -> None:
    world, store = WORLDS[name], tables[name]
    expression = wanted(data.draw(world.where), world.parser)
    expected = {key for key, row in all_rows(store).items() if expression.matches(row)}
    assert expected <= found(store, filter_for(expression, store.codec))
    try:
        condition = condition_for(expression, store.codec)
    except TypeError:
        return
    assert found(store, condition) == expected


@pytest.mark.parametrize(
    "where",
    [
        {"name": "ant"},
        {"name": {"$ne": "ant"}},
        {"name": {"$in": ["ant", "bee"]}},
        {"name": {"$nin": ["ant", "bee"]}},
        {"name": {"$not": {"$in": ["ant"]}}},
        {"name": {"$lt": "b"}},
        {"name": {"$between": ["a", "b"]}},
        {"name": {"$startswith": "A"}},
        {"name": {"$startswith": ""}},
        {"name": {"$contains": "e"}},
        {"name": {"$contains": ""}},
        {"name": {"$not": {"$contains": ""}}},
        {"name": {"$not": {"$startswith": "a"}}},
        {"tame": None},
        {"tame": {"$exists": True}},
        {"tame": {"$ne": True}},
        {"priority": {"$gt": 1e22}},
        {"priority": 1e23},
        {"due": {"$lt": "2026-01-01T02:00:00Z"}},
        {"$or": [{"tame": None}, {"name": {"$not": {"$lt": "b"}}}]},
        {"$not": {"$or": [{"tame": True}, {"name": "ant"}]}},
        {"$or": [{"name": {"$in": []}}, {"tame": True}]},
        {"$and": [{"name": {"$nin": []}}, {"kind": "bird"}]},
    ],
    ids=str,
)
def test_what_dynamodb_can_express_is_exact_as_filter_and_as_condition(
    tables: dict[str, Store], where: Any
) -> None:
    store, expression = tables["beasts"], wanted(where)
    expected = {key for key, row in all_rows(store).items() if expression.matches(row)}
    assert found(store, condition_for(expression, store.codec)) == expected
    if "[]" not in str(where):
        assert found(store, filter_for(expression, store.codec)) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"name": {"$like": "ant%p_"}}, ["ant", "antelope"]),
        ({"name": {"$ilike": "ANT"}}, ["ant", "Ant", "antelope"]),
        ({"name": {"$icontains": "E"}}, ["antelope", "bee", "Bee%"]),
        ({"name": {"$icontains": "SS"}}, ["ß"]),
    ],
    ids=str,
)
def test_what_it_cannot_express_it_narrows_down(
    tables: dict[str, Store], where: Any, expected: list[str]
) -> None:
    store = tables["beasts"]
    names = {key: row("name") for key, row in all_rows(store).items()}
    assert {names[key] for key in found(store, filter_for(wanted(where), store.codec))} == set(expected)


@pytest.mark.parametrize(
    "where",
    [
        {"name": {"$like": "a%"}},
        {"name": {"$not": {"$ilike": "a"}}},
        {"name": {"$icontains": "a"}},
        {"$or": [{"tame": True}, {"name": {"$like": "a%"}}]},
        {"priority": {"$lt": 1e200}},
        {"priority": 1e126},
        {"owner": {"$in": []}},
        {"$or": [{"owner": {"$in": []}}]},
    ],
    ids=str,
)
def test_as_a_condition_what_dynamodb_cannot_express_is_an_error(where: Any) -> None:
    with pytest.raises(TypeError):
        condition_for(wanted(where), BEAST)


def test_what_is_never_and_what_is_always() -> None:
    for always in (TRUE, all_of(), wanted({}), Either((TRUE, wanted({"tame": True})))):
        assert condition_for(always, BEAST) is None
        assert filter_for(always, BEAST) is None
    for never in (FALSE, Either((FALSE, FALSE))):
        with pytest.raises(TypeError, match="never holds"):
            condition_for(never, BEAST)


def test_keys_are_left_out_of_a_filter() -> None:
    expression = wanted({"owner": "ann", "id": {"$exists": True}, "tame": True, "name": {"$ilike": "a%"}})
    told = repr(filter_for(expression, BEAST, avoid={"owner", "id", "name_lower"}))
    assert "tame" in told
    assert not any(name in told for name in ("owner", "id", "nl"))
    assert filter_for(wanted({"$or": [{"owner": "ann"}, {"tame": True}]}), BEAST, avoid={"owner"}) is None


def many(tests: int, operands: int) -> Any:
    values = [f"{uuid.uuid4().hex}{n}" for n in range(operands)]
    return {"$and": [{"name": {"$nin": values}} for _ in range(tests)]}


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        (many(1, 100), True),
        (many(2, 100), True),
        (many(4, 100), False),
        (many(10, 5), True),
        (many(MAX_TESTS, 10), False),
        ({"name": {"$or": [{"$gt": str(n)} for n in range(MAX_TESTS)]}}, True),
        ({"$not": {"$or": [{"name": {"$between": [str(n), f"{n}z"]}} for n in range(MAX_TESTS)]}}, False),
    ],
    ids=["1x100", "2x100", "4x100", "10x5", "50x10", "or", "not-between"],
)
def test_what_is_longer_than_dynamodb_takes_is_no_filter(
    tables: dict[str, Store], where: Any, fits: bool
) -> None:
    store, expression = tables["beasts"], wanted(where)
    expected = {key for key, row in all_rows(store).items() if expression.matches(row)}
    made = filter_for(expression, store.codec)
    assert (made is not None) == fits
    assert expected <= found(store, made)
    if not fits:
        with pytest.raises(TypeError, match="longer than a condition"):
            condition_for(expression, store.codec)


@pytest.mark.parametrize("levels", [3, 10])
def test_the_deepest_expression_is_a_filter(tables: dict[str, Store], levels: int) -> None:
    where: Any = {"tame": True}
    for _ in range(levels):
        where = {"$or": [where, {"name": "x"}]} if levels % 2 else {"$and": [where, {"kind": {"$ne": "x"}}]}
    store, expression = tables["beasts"], wanted(where)
    expected = {key for key, row in all_rows(store).items() if expression.matches(row)}
    assert found(store, filter_for(expression, store.codec)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, True),
        (-0.0, True),
        (True, True),
        ("x", True),
        (None, True),
        (1e-130, True),
        (9.99e125, True),
        (10**37, True),
        (1e126, False),
        (-1e126, False),
        (1e-131, False),
        (5e-324, False),
        (1e308, False),
        (10**38 + 1, False),
        (10**126, False),
        (float("inf"), False),
        (float("nan"), False),
    ],
)
def test_numbers_dynamodb_has(value: Any, expected: bool) -> None:
    assert storable(value) == expected


def test_an_operand_that_cannot_be_stored_whole_is_left_to_the_process() -> None:
    # A version is an integer: "less than 1.5" must not become "less than 1".
    codec = Codec(Stone)
    expression: Expression = STONE_WHERE.read({"version": {"$lt": 1.5}})
    assert filter_for(expression, codec) is None
    assert filter_for(STONE_WHERE.read({"version": {"$lt": 2.0}}), codec) is not None
    assert filter_for(BEAST_WHERE.read({"priority": {"$lt": 1.5}}), BEAST) is not None
