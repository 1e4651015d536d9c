"""Groups, statistics and samples are what a plain loop over the rows finds, or say that they are not."""

import json
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.resource.query.plan import Plan, Planner
from libs.resource.query.where import Expression, all_of
from libs.resource.scope import Extent, OwnedBy
from libs.resource.store.aggregate import (
    ORDERS,
    Stats,
    check_groups,
    check_stats,
    group,
    sample,
    stats,
)
from libs.resource.store.store import Store
from libs.resource.store.totals import Totals
from libs.resource.tests.rows import Parcel, only

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


GROUPED = ("place", "open", "tags", "marks", "sizes", "weight", "due")


@pytest.fixture
def store(parcels: str) -> Store:
    return Store(Parcel)


@pytest.fixture
def kept(parcels: str) -> Store:
    totals = Totals(counts=("place", "tags"), sums=("weight", "price"))
    return Store(Parcel, totals.check(Parcel, OwnedBy("owner")))


@pytest.fixture
def planner(store: Store) -> Planner:
    return Planner(store.layout)


def fill(store: Store, owner: str, rows: list[dict[str, Any]]) -> None:
    for number, values in enumerate(rows):
        store.create(store.new({"owner": owner, "id": f"{number:03}", **values}), Extent())


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - a test is to be repeatable


def own(store: Store, owner: str, *further: Expression) -> Plan:
    return Planner(store.layout).plan(all_of(Extent.of({"owner": owner}).expression, *further))


def test_each_value_is_told_with_its_number_of_rows(store: Store, owner: str) -> None:
    rows: list[dict[str, Any]] = [
        {"place": "b", "open": True, "tags": ["x", "y", "x"], "sizes": {1, 2.5}},
        {"place": "a", "open": False, "tags": [], "sizes": {10}},
        {"place": "b", "open": True, "tags": ["y"], "sizes": {1}},
        {"place": ""},
        {},
    ]
    fill(store, owner, rows)
    fill(store, owner + "2", rows)

    def grouped(field: str, order: str = "value") -> Any:
        found = group(store, own(store, owner), field, most_examined=100, order=order)
        assert (found.exact, found.examined) == (True, 5)
        return found.values

    assert grouped("place") == [(None, 1), ("", 1), ("a", 1), ("b", 2)]
    assert grouped("place", "-value") == [("b", 2), ("a", 1), ("", 1), (None, 1)]
    assert grouped("place", "count") == [(None, 1), ("", 1), ("a", 1), ("b", 2)]
    assert grouped("place", "-count") == [("b", 2), (None, 1), ("", 1), ("a", 1)]
    assert grouped("open") == [(None, 2), (False, 1), (True, 2)]
    assert grouped("tags") == [(None, 2), ("x", 1), ("y", 2)]
    assert grouped("sizes") == [(None, 2), (1, 2), (2.5, 1), (10, 1)]
    with pytest.raises(ValueError, match="order"):
        grouped("place", "-places")


def test_numbers_are_grouped_and_sorted_as_numbers(store: Store, owner: str) -> None:
    fill(store, owner, [{"weight": one} for one in (10, 9, 5.0, 5, -1, 1e20, 0.1)])
    found = group(store, own(store, owner), "weight", most_examined=100)
    assert found.values == [(-1, 1), (0.1, 1), (5, 2), (9, 1), (10, 1), (1e20, 1)]
    assert isinstance(found.values[-1][0], float)  # as an integer it would be none in most JSON libraries


def test_where_and_scope_say_which_rows(store: Store, owner: str) -> None:
    fill(store, owner, [{"place": p, "weight": n} for n, p in enumerate("aabbc")])
    plan = own(store, owner, only("weight", "$gte", 1))
    assert group(store, plan, "place", most_examined=100).values == [("a", 1), ("b", 2), ("c", 1)]
    assert stats(store, plan, ["weight"], most_examined=100).fields["weight"].count == 4
    assert len(sample(store, plan, 10, random=chance(1), most_examined=100).rows) == 4
    nothing = own(store, owner, only("place", "$in", []))
    assert group(store, nothing, "place", most_examined=100).values == []


def test_statistics_of_numbers_are_exact(store: Store, owner: str) -> None:
    fill(store, owner, [{"price": 0.1}, {"price": 0.2}, {"price": None}, {"price": 0.3}])
    found = stats(store, own(store, owner), ["price", "weight"], most_examined=100)
    assert (found.fields, found.exact, found.examined) == (
        {"price": Stats(0.1, 0.3, 0.6, 0.2, 3), "weight": Stats(None, None, 0, None, 0)},
        True,
        4,
    )
    assert isinstance(found.fields["price"].avg, float)


@pytest.mark.parametrize(
    ("numbers", "total"),
    [([1, 2], 3), ([0.1, 0.2], 0.3), ([1e100, 1, -1e100], 1), ([10**30, 1], 1e30), ([2**62] * 2, 2.0**63)],
)
def test_sums_lose_nothing_on_the_way(store: Store, owner: str, numbers: list[Any], total: Any) -> None:
    fill(store, owner, [{"price": one} for one in numbers])
    found = stats(store, own(store, owner), ["price"], most_examined=100).fields["price"]
    assert (found.sum, type(found.sum)) == (total, type(total))
    assert found.avg == pytest.approx(sum(map(Fraction, numbers)) / len(numbers))


def test_times_have_no_sum(store: Store, owner: str) -> None:
    times = [BEGIN + timedelta(days=n) for n in (3, 1, 2)]
    fill(store, owner, [{"sent": one} for one in times] + [{}])
    found = stats(store, own(store, owner), ["sent"], most_examined=100).fields["sent"]
    assert found == Stats(min(times), max(times), None, None, 3)


def test_only_what_is_asked_for_is_told(store: Store, owner: str) -> None:
    fill(store, owner, [{"price": 1}, {"price": 4}])
    found = stats(store, own(store, owner), ["price"], most_examined=100, what=("min", "avg"))
    assert found.fields == {"price": Stats(min=1, avg=2.5)}


def test_no_more_is_read_than_may_be_and_the_answer_says_so(store: Store, owner: str) -> None:
    fill(store, owner, [{"price": n, "place": "x"} for n in range(30)])
    plan = own(store, owner)
    groups = group(store, plan, "place", most_examined=20)
    assert (groups.values, groups.exact, groups.examined) == ([("x", 20)], False, 20)
    found = stats(store, plan, ["price"], most_examined=20)
    assert (found.fields["price"].max, found.exact, found.examined) == (19, False, 20)
    picked = sample(store, plan, 5, random=chance(1), most_examined=20)
    assert (len(picked.rows), picked.exact, picked.examined) == (5, False, 20)
    assert all(row("price") < 20 for row in picked.rows)
    assert group(store, plan, "place", most_examined=31).exact


def test_least_and_greatest_are_the_ends_of_an_index(store: Store, planner: Planner, owner: str) -> None:
    weights = [5, -2, 8.5, 0]
    fill(store, owner, [{"weight": one, "due": BEGIN + timedelta(days=one)} for one in weights] + [{}] * 50)
    plan, ends = own(store, owner), ("min", "max")
    for field, least, greatest in (
        ("weight", -2, 8.5),
        ("due", BEGIN - timedelta(days=2), BEGIN + timedelta(days=8.5)),
    ):
        found = stats(store, plan, [field], most_examined=20, what=ends, planner=planner)
        assert (found.fields, found.exact, found.examined) == ({field: Stats(least, greatest)}, True, 2)
    both = stats(store, plan, ["weight", "due"], most_examined=20, what=ends, planner=planner)
    assert (both.exact, both.examined) == (True, 4)
    one = stats(store, plan, ["weight"], most_examined=20, what=("max",), planner=planner)
    assert (one.fields, one.exact, one.examined) == ({"weight": Stats(max=8.5)}, True, 1)
    # Without an index all has to be read.
    found = stats(store, plan, ["price"], most_examined=20, what=ends, planner=planner)
    assert (found.exact, found.examined) == (False, 20)
    none = stats(store, own(store, owner + "2"), ["weight"], most_examined=20, what=ends, planner=planner)
    assert (none.fields, none.exact, none.examined) == ({"weight": Stats()}, True, 0)


def test_an_end_far_behind_a_filter_is_searched_for_within_the_bound(
    store: Store, planner: Planner, owner: str
) -> None:
    fill(store, owner, [{"weight": n, "place": "far" if 30 <= n < 32 else "x"} for n in range(60)])
    plan = own(store, owner, only("place", "$eq", "far"))
    found = stats(store, plan, ["weight"], most_examined=200, what=("min", "max"), planner=planner)
    assert found.fields == {"weight": Stats(30, 31)}
    assert found.exact
    assert found.examined < 130
    found = stats(store, plan, ["weight"], most_examined=100, what=("min", "max"), planner=planner)
    assert (found.fields["weight"], found.exact) == (Stats(30, 31), True)
    found = stats(store, plan, ["weight"], most_examined=20, what=("min", "max"), planner=planner)
    assert (found.fields["weight"], found.exact, found.examined) == (Stats(), False, 20)


def test_totals_answer_where_nothing_else_is_asked(kept: Store, planner: Planner, owner: str) -> None:
    fill(
        kept, owner, [{"weight": n / 10, "price": n, "tags": ["x"], "place": "ab"[n % 2]} for n in range(30)]
    )
    plan = own(kept, owner)
    groups = group(kept, plan, "place", most_examined=10, order="-value")
    assert (groups.values, groups.exact, groups.examined) == ([("b", 15), ("a", 15)], True, 2)
    found = stats(kept, plan, ["weight"], most_examined=10, planner=planner)
    assert (found.fields, found.exact, found.examined) == ({"weight": Stats(0, 2.9, 43.5, 1.45, 30)}, True, 3)
    # No index sorts the prices: least and greatest are of the rows that may be read, and the sum of all.
    found = stats(kept, plan, ["price"], most_examined=10, planner=planner)
    assert (found.fields, found.exact, found.examined) == ({"price": Stats(0, 8, 435, 14.5, 30)}, False, 10)
    found = stats(kept, plan, ["price"], most_examined=10, what=("sum", "count"))
    assert (found.fields, found.exact, found.examined) == ({"price": Stats(sum=435, count=30)}, True, 1)
    some = own(kept, owner, only("place", "$eq", "a"))
    groups = group(kept, some, "tags", most_examined=100)
    assert (groups.values, groups.examined) == ([("x", 15)], 30)
    assert stats(kept, some, ["price"], most_examined=100).fields["price"].sum == 210


def test_a_sample_holds_each_row_once_and_as_often_as_any_other(store: Store, owner: str) -> None:
    fill(store, owner, [{"price": n} for n in range(10)])
    plan, picked = own(store, owner), Counter[int]()
    for seed in range(300):
        found = sample(store, plan, 3, random=chance(seed), most_examined=100)
        prices = [row("price") for row in found.rows]
        assert len(set(prices)) == 3
        picked.update(prices)
    # 90 of each are expected, give or take 8 (one standard deviation).
    assert all(50 < picked[n] < 130 for n in range(10))
    everything = sample(store, plan, 10, random=chance(1), most_examined=100)
    assert sorted(row("price") for row in everything.rows) == list(range(10))
    assert sample(store, plan, 0, random=chance(1), most_examined=100).rows == []


def test_fields_of_the_wrong_kind_are_told_at_the_start(store: Store) -> None:
    check_groups(store.codec, GROUPED)
    check_stats(store.codec, ("weight", "price", "due"))
    for name in ("extra", "bag", "none"):
        with pytest.raises(TypeError, match=name):
            check_groups(store.codec, (name,))
    for name in ("place", "open", "sizes", "none"):
        with pytest.raises(TypeError, match=name):
            check_stats(store.codec, (name,))


values = st.fixed_dictionaries(
    {},
    optional={
        "place": st.sampled_from(["", "a", "A", "null", "1"]),
        "open": st.booleans(),
        "tags": st.lists(st.sampled_from(["a", "1"]), max_size=3),
        "marks": st.sets(st.sampled_from(["a", "b"]), max_size=2),
        "sizes": st.sets(st.sampled_from([1, 10, 2.5]), max_size=2),
        "weight": st.integers(-5, 5) | st.sampled_from([0.1, 0.2, 1e20]),
        "due": st.integers(0, 3).map(lambda days: BEGIN + timedelta(days=days)),
    },
)


@settings(max_examples=40)
@given(rows=st.lists(values, max_size=12), data=st.data())
def test_whatever_the_rows_are_all_is_as_in_a_plain_loop(
    store: Store, planner: Planner, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    owner = uuid.uuid4().hex
    fill(store, owner, rows)
    plan = own(store, owner)
    field, order = data.draw(st.sampled_from(GROUPED)), data.draw(st.sampled_from(ORDERS))
    expected: Counter[str] = Counter()
    for row in rows:
        value = row.get(field)
        if isinstance(value, set) and not value:
            value = None  # DynamoDB stores no empty set
        members = value if isinstance(value, list | set) else [value]
        expected.update({json.dumps(one, default=str) for one in members})
    found = group(store, plan, field, most_examined=1000, order=order).values
    assert {json.dumps(value, default=str): count for value, count in found} == expected
    if order.endswith("count"):
        counts = [count for _, count in found]
        assert counts == sorted(counts, reverse=order.startswith("-"))
    else:
        without_null = [value for value, _ in found if value is not None]
        assert without_null == sorted(without_null, reverse=order.startswith("-"))
    weights = [row["weight"] for row in rows if "weight" in row]
    asked = data.draw(st.sampled_from([("min", "max", "sum", "avg", "count"), ("min", "max")]))
    told = stats(store, plan, ["weight"], most_examined=1000, what=asked, planner=planner).fields["weight"]
    assert (told.min, told.max) == ((min(weights), max(weights)) if weights else (None, None))
    if "sum" in asked:
        total = sum((Fraction(str(one)) for one in weights), Fraction(0))
        assert (told.sum, told.count) == (float(total), len(weights))
