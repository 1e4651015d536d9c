"""Which way is taken to the rows somebody asks for, and what is refused."""

from typing import Any

import pytest

from libs.errors import QueryRefused
from libs.resource.query.layout import Layout
from libs.resource.query.plan import MOST_SEGMENTS, Plan, Planner, Range, Segment
from libs.resource.query.sorting import SortKey
from libs.resource.query.where import FALSE, TRUE, all_of
from libs.resource.scope import Extent
from libs.resource.tests.beasts import COMPLETE, STONE_WHERE, Beast, Stone, sort_by, wanted

PLANNER = Planner(Layout(Beast), complete=COMPLETE)
STONES = Planner(Layout(Stone), complete=("by-moment", "by-code"))
ANN = {"owner": "ann"}


def plan(where: Any, sort: str = "") -> Plan:
    return PLANNER.plan(wanted(where), sort_by(sort))


def told(made: Plan) -> str:
    """Return the plan in a line."""
    found = made.explain()
    return f"{found['plan']} {found['index'] or 'table'}: {found['key_condition']}"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({**ANN, "id": "1"}, "get table: owner = ann and id = 1"),
        ({**ANN, "id": {"$in": ["1"]}}, "get table: owner = ann and id = 1"),
        ({**ANN, "id": "1", "priority": 2, "name": "x"}, "get table: owner = ann and id = 1"),
        (ANN, "query table: owner = ann"),
        ({"owner": {"$in": ["ann", "bob", "ann"]}}, "query table: owner = ann or owner = bob"),
        ({"$and": [{"owner": {"$in": ["ann", "bob"]}}, {"owner": "bob"}]}, "query table: owner = bob"),
        (
            {**ANN, "id": {"$in": ["1", "2"]}},
            "query table: owner = ann and id = 1, = 2",
        ),
        ({**ANN, "id": {"$gt": "1"}}, "query table: owner = ann and id > 1"),
        ({**ANN, "id": {"$not": {"$gt": "1"}}}, "query table: owner = ann and id <= 1"),
        ({**ANN, "id": {"$not": {"$lt": "1"}}}, "query table: owner = ann and id >= 1"),
        ({**ANN, "id": {"$gt": "1", "$gte": "0"}}, "query table: owner = ann and id > 1"),
        ({**ANN, "id": {"$lt": "3", "$lte": "4"}}, "query table: owner = ann and id < 3"),
        ({**ANN, "id": {"$gt": "1", "$lt": "3"}}, "query table: owner = ann and id between 1 and 3"),
        ({**ANN, "id": {"$between": ["1", "3"]}}, "query table: owner = ann and id between 1 and 3"),
        ({**ANN, "id": {"$startswith": "a"}}, "query table: owner = ann and id begins_with a"),
        ({**ANN, "id": {"$like": "ab%c"}}, "query table: owner = ann and id begins_with ab"),
        (
            {**ANN, "id": {"$startswith": "a", "$like": "ab_"}},
            "query table: owner = ann and id begins_with ab",
        ),
        # The contrary of a contrary.
        ({**ANN, "id": {"$not": {"$ne": "1"}}}, "get table: owner = ann and id = 1"),
        (
            {"$not": {"$or": [{"owner": {"$ne": "ann"}}, {"id": {"$nin": ["1", "2"]}}]}},
            "query table: owner = ann and id = 1, = 2",
        ),
        # What narrows nothing.
        ({**ANN, "id": {"$ne": "1"}}, "query table: owner = ann"),
        ({**ANN, "id": {"$like": "%a"}}, "query table: owner = ann"),
        ({**ANN, "id": {"$ilike": "a%"}}, "query table: owner = ann"),
        ({**ANN, "id": {"$contains": "a"}}, "query table: owner = ann"),
        ({**ANN, "id": {"$not": {"$startswith": "a"}}}, "query table: owner = ann"),
        ({**ANN, "$or": [{"id": "1"}, {"id": "2"}]}, "query table: owner = ann"),
        ({**ANN, "name": {"$contains": "x"}}, "query table: owner = ann"),
        # The table before an index, and what narrows more before that.
        ({**ANN, "priority": {"$gt": 1}}, "query by-priority: owner = ann and priority > 1"),
        ({**ANN, "priority": 1}, "query by-priority: owner = ann and priority = 1"),
        ({**ANN, "priority": {"$gt": 1}, "id": {"$gt": "1"}}, "query table: owner = ann and id > 1"),
        ({**ANN, "priority": 1, "id": {"$gt": "1"}}, "query by-priority: owner = ann and priority = 1"),
        ({**ANN, "kind": "bird"}, "query table: owner = ann"),
        # The index over a derived attribute.
        ({**ANN, "name": {"$ilike": "An%"}}, "query by-name: owner = ann and name_lower begins_with an"),
        ({**ANN, "name": {"$startswith": "An"}}, "query by-name: owner = ann and name_lower begins_with an"),
        ({**ANN, "name": "Ant"}, "query by-name: owner = ann and name_lower begins_with ant"),
        ({**ANN, "name": {"$not": {"$ilike": "An%"}}}, "query table: owner = ann"),
        # Global indexes.
        ({"tag": "red"}, "query by-tag: tag = red"),
        ({"tag": {"$in": ["red", "blue"]}}, "query by-tag: tag = red or tag = blue"),
        (
            {"kind": "bird", "due": {"$lt": "2026-01-01T00:00:00Z"}},
            "query by-due: kind = bird and due < 2026-01-01 00:00:00+00:00",
        ),
        ({"kind": "bird", "due": {"$exists": True}}, "query by-due: kind = bird"),
        ({"kind": "bird", "due": {"$ne": "2026-01-01T00:00:00Z"}}, "query by-due: kind = bird"),
    ],
    ids=str,
)
def test_the_way_to_rows(where: Any, expected: str) -> None:
    assert told(plan(where)) == expected


@pytest.mark.parametrize(
    ("where", "sort", "through", "forward", "left"),
    [
        (ANN, "id", None, True, []),
        (ANN, "-id", None, False, []),
        (ANN, "priority", "by-priority", True, []),
        (ANN, "-priority", "by-priority", False, []),
        (ANN, "name", None, True, ["name"]),
        (ANN, "-id,priority", None, True, ["-id", "priority"]),
        # By what all wanted rows have alike nothing is sorted.
        (ANN, "owner", None, True, []),
        (ANN, "-owner,-id", None, False, []),
        ({**ANN, "tame": True}, "tame,id", None, True, []),
        ({**ANN, "kind": {"$in": ["bird"]}}, "kind,-priority", "by-priority", False, []),
        # An index that holds no nulls is no way to rows that may have them.
        ({"kind": "bird", "due": {"$exists": True}}, "due", "by-due", True, []),
        ({"kind": "bird", "due": {"$exists": True}}, "-due", "by-due", False, []),
        ({**ANN, "kind": "bird"}, "due", None, True, ["due"]),
        ({**ANN, "kind": "bird", "due": {"$exists": True}}, "due", "by-due", True, []),
        # Several stretches come one after the other.
        ({"owner": {"$in": ["ann", "bob"]}}, "id", None, True, ["id"]),
        ({**ANN, "id": {"$in": ["1", "2"]}}, "-id", None, True, ["-id"]),
        # What narrows by equality goes before order, order before a stretch.
        ({**ANN, "priority": {"$gt": 1}}, "id", None, True, []),
        ({**ANN, "priority": 1}, "id", "by-priority", True, ["id"]),
        ({**ANN, "id": "1"}, "-priority", None, True, []),
    ],
    ids=str,
)
def test_the_order_of_rows(
    where: Any, sort: str, through: str | None, forward: bool, left: list[str]
) -> None:
    made = plan(where, sort)
    assert (made.access.index, made.forward, [str(key) for key in made.sort]) == (through, forward, left)


@pytest.mark.parametrize(
    "where",
    [
        {"owner": ""},
        {"owner": "x" * 2049},
        {"owner": {"$in": ["", "ü" * 1025]}},
        {**ANN, "id": ""},
        {**ANN, "id": "x" * 1025},
        {**ANN, "priority": 1e200},
        {**ANN, "priority": 1e126},
        {**ANN, "name": {"$startswith": "x" * 1025}},
        {**ANN, "id": {"$gt": "3", "$lt": "1"}},
        {"tag": ""},
        {"owner": {"$in": []}},
        {"$and": [ANN, {"owner": "bob"}]},
        {"$and": [{"owner": {"$in": ["ann", "bob"]}}, {"owner": {"$in": ["eve"]}}]},
        {"$or": [{"owner": {"$in": []}}]},
    ],
    ids=lambda where: str(where)[:40],
)
def test_where_no_row_can_be_nothing_is_read(where: Any) -> None:
    made = plan(where)
    assert (made.kind, made.segments) == ("nothing", ())


def test_what_never_holds_is_no_query_and_no_scan() -> None:
    assert PLANNER.plan(FALSE).kind == "nothing"
    assert PLANNER.plan(all_of(wanted({}), FALSE)).kind == "nothing"


@pytest.mark.parametrize(
    "where",
    [
        {**ANN, "id": {"$gt": ""}},
        {**ANN, "id": {"$startswith": ""}},
        {**ANN, "id": {"$like": ""}},
        {**ANN, "id": {"$gt": "x" * 1025}},
        {**ANN, "priority": {"$lt": 1e200}},
        {**ANN, "priority": {"$lt": 1e126}},
        {**ANN, "priority": {"$gt": 1e-200}},
        {**ANN, "name": {"$ilike": "%"}},
    ],
    ids=lambda where: str(where)[:40],
)
def test_a_bound_that_can_be_no_key_narrows_nothing(where: Any) -> None:
    made = plan(where)
    assert made.access.index is None
    assert made.segments == (Segment("ann"),)


def test_the_last_of_the_keys_that_can_be_is_read() -> None:
    assert plan({"owner": {"$in": ["", "ann"]}}).segments == (Segment("ann"),)
    assert plan({**ANN, "id": {"$in": ["", "1"]}}).segments == (Segment("ann", Range("=", ("1",))),)


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"id": "1"},
        {"kind": "bird"},
        {"kind": "bird", "due": {"$exists": False}},
        {"kind": "bird", "due": None},
        {"kind": "bird", "$not": {"due": {"$exists": True}}},
        {"tag": {"$ne": "red"}},
        {"tag": {"$exists": True}},
        {"owner": {"$gt": "a"}},
        {"owner": {"$ne": "ann"}},
        {"owner": {"$nin": ["ann"]}},
        {"$or": [ANN, {"id": "1"}]},
        {"$not": ANN},
        {"owner": {"$in": [str(n) for n in range(MOST_SEGMENTS + 1)]}},
    ],
    ids=lambda where: str(where)[:40],
)
def test_what_no_index_serves_is_refused_and_scanned_only_where_that_is_allowed(where: Any) -> None:
    with pytest.raises(QueryRefused):
        plan(where)
    scan = Planner(Layout(Beast), allow_scan=True).plan(wanted(where), (SortKey("due"),))
    assert (scan.kind, scan.segments, scan.sort) == ("scan", (Segment(),), (SortKey("due"),))


def test_a_refusal_names_what_would_serve() -> None:
    with pytest.raises(QueryRefused) as caught:
        plan({"name": "x", "kind": "bird"})
    assert caught.value.detail == (
        "No index serves a query by kind, name, and this table is not scanned:"
        " the table needs owner with $eq, or $in of at most 24;"
        " the index by-due needs kind with $eq, or $in of at most 24, and due with $exists or a comparison;"
        " the index by-name needs owner with $eq, or $in of at most 24,"
        " and name with $exists or a comparison;"
        " the index by-priority needs owner with $eq, or $in of at most 24;"
        " the index by-tag needs tag with $eq, or $in of at most 24."
        " The index by-due is passed over: rows without due are not in it; see complete_indexes."
    )
    with pytest.raises(QueryRefused, match="a query by nothing"):
        PLANNER.plan(TRUE)


@pytest.mark.parametrize("values", [MOST_SEGMENTS, MOST_SEGMENTS + 1])
def test_a_plan_reads_few_segments(values: int) -> None:
    listed = {"$in": [str(n) for n in range(values)]}
    by_id = plan({**ANN, "id": listed})
    assert len(by_id.segments) == (values if values <= MOST_SEGMENTS else 1)
    for many in range(1, values):
        both = plan({"owner": {"$in": [str(n) for n in range(min(many, MOST_SEGMENTS))]}, "id": listed})
        assert len(both.segments) <= MOST_SEGMENTS


def test_what_dynamodb_can_leave_out_it_does() -> None:
    assert plan(ANN).filter is None
    assert plan({**ANN, "id": {"$gt": "1"}}).filter is None  # a filter may not name keys
    assert plan({**ANN, "id": "1", "tame": True}).filter is None  # one row is read anyway
    made = plan({**ANN, "tame": True, "name": {"$ilike": "%x"}})
    assert "tame" in repr(made.filter)
    assert repr(made.filter).count("tame") == 1


def test_the_whole_question_is_asked_of_every_row() -> None:
    asked = wanted({**ANN, "id": "1", "name": {"$ilike": "%x"}})
    assert PLANNER.plan(asked).wanted == asked


def test_an_index_of_keys_only_is_no_way_to_whole_rows() -> None:
    assert {access.index for access in Layout(Beast).accesses} == {
        None, "by-priority", "by-due", "by-name", "by-tag",
    }  # fmt: skip


def test_a_model_without_range_key_and_with_keys_of_all_types() -> None:
    def stones(where: Any, **fixed: Any) -> Plan:
        return STONES.plan(all_of(Extent.of(fixed).expression, wanted(where, STONE_WHERE)))

    assert told(stones({"size": 1})) == "get table: size = 1"
    assert told(stones({"size": {"$in": [1, 2.0]}})) == "query table: size = 1 or size = 2"
    assert told(stones({"moment": "2026-01-01T01:00:00+01:00"})) == (
        "query by-moment: moment = 2026-01-01 00:00:00+00:00"
    )
    assert (
        told(stones({"size": {"$gte": 0.5}}, code=b"\xff"))
        == r"query by-code: code = b'\xff' and size >= 0.5"
    )
    assert stones({"size": {"$gte": 0.5}}, code=b"").kind == "nothing"


def test_a_plan_can_be_read() -> None:
    made = plan({**ANN, "id": {"$between": ["1", "2"]}, "tame": True}, "-kind,id")
    found = made.explain()
    assert found == {
        "plan": "query",
        "index": None,
        "key_condition": "owner = ann and id between 1 and 2",
        "order": "ascending",
        "sorted_in_process": ["-kind", "id"],
        "passed_over": None,
    }
    nothing = plan({"owner": ""}).explain()
    assert (nothing["plan"], nothing["key_condition"]) == ("nothing", None)
    assert plan(ANN, "-id").explain()["order"] == "descending"
    assert Planner(Layout(Beast), allow_scan=True).plan(TRUE).explain()["key_condition"] == "all"


@pytest.mark.parametrize(
    ("operator", "operands", "inside", "outside"),
    [
        ("=", ("b",), ["b"], ["a", "bb"]),
        ("<", ("b",), ["a"], ["b", "c"]),
        ("<=", ("b",), ["a", "b"], ["bb"]),
        (">", ("b",), ["bb"], ["b", "a"]),
        (">=", ("b",), ["b", "c"], ["a"]),
        ("between", ("b", "c"), ["b", "bz", "c"], ["a", "ca"]),
        ("begins_with", ("b",), ["b", "bz"], ["a", "c"]),
    ],
)
def test_what_is_in_a_range(operator: str, operands: Any, inside: list[str], outside: list[str]) -> None:
    condition = Range(operator, operands)
    assert all(condition.holds(one) for one in inside)
    assert not any(condition.holds(one) for one in outside)
