"""Totals are those of the rows, whatever is written, refused or counted anew."""

import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.dynamodb import Put
from libs.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from libs.resource.query.operators import OPERATORS
from libs.resource.query.where import TRUE, Exists, Test, all_of
from libs.resource.scope import Everyone, Extent, OwnedBy
from libs.resource.store.store import Store
from libs.resource.store.totals import KeptTotals, Total, Totals
from libs.resource.tests.rows import Job, Parcel, only, tables
from libs.resource.tests.totals.comparing import counted, groups, key_of, told, write


def test_a_row_counts_from_its_creation_until_it_is_deleted(
    store: Store, totals: KeptTotals, owner: str, extent: Extent
) -> None:
    fixed = {"owner": owner}
    assert told(totals, fixed) == (0, {name: {} for name in totals.counts}, {"price": (0, 0)})
    values = {"owner": owner, "id": "1", "open": True, "tags": ["a", "b", "a"], "price": 0.1}
    store.create(store.new(values), extent)
    store.create(store.new({"owner": owner, "id": "2", "price": 0.2, "sizes": {80, 443}}), extent)
    store.create(store.new({"owner": owner + "2", "id": "3", "price": 5}), Extent())
    assert totals.count(fixed) == 2
    assert groups(totals, fixed, "open") == {"true": 1, "null": 1}
    assert groups(totals, fixed, "tags") == {'"a"': 1, '"b"': 1, "null": 1}
    assert groups(totals, fixed, "sizes") == {"80": 1, "443": 1, "null": 1}
    assert (totals.sum(fixed, "price").sum, totals.sum(fixed, "price").number) == (Decimal("0.3"), 2)
    changed = store.update(
        key_of(owner, "1"), {"tags": ["b", "c"], "open": None, "price": 7, "place": "x"}, extent
    )
    assert (changed("tags"), changed("open"), changed("price"), changed("place")) == (
        ["b", "c"],
        None,
        7,
        "x",
    )
    assert groups(totals, fixed, "tags") == {'"b"': 1, '"c"': 1, "null": 1}
    assert told(totals, fixed) == counted(store, totals, fixed)
    store.update(key_of(owner, "2"), {"tags": []}, extent)
    assert groups(totals, fixed, "tags") == {'"b"': 1, '"c"': 1}
    assert store.delete(key_of(owner, "1"), extent)("place") == "x"
    store.delete(key_of(owner, "2"), extent)
    assert told(totals, fixed) == (0, {name: {} for name in totals.counts}, {"price": (0, 0)})
    assert totals.count({"owner": owner + "2"}) == 1


VALUES = {
    "place": st.none() | st.text("abc", max_size=3),
    "open": st.none() | st.booleans(),
    "tags": st.none() | st.lists(st.sampled_from(["", "a", "1", "null", "true", "#", "x" * 600, "x" * 601])),
    "marks": st.none() | st.sets(st.sampled_from(["a", "b", "a:b"])),
    "sizes": st.none() | st.sets(st.sampled_from([1, 10, 1.5])),
    "price": st.none()
    | st.sampled_from([0, 1, 0.1, 0.2, 0.3, -3, 1e-18, 999999999999, 123456789012.5, 0.30000000000000004]),
}


some_values = st.fixed_dictionaries({}, optional=VALUES)


all_writes = st.lists(
    st.tuples(st.sampled_from(["create", "update", "update", "delete"]), st.sampled_from("abc"), some_values),
    max_size=12,
)


@settings(max_examples=40)
@given(writes=all_writes)
def test_whatever_is_written_totals_are_those_of_the_rows(
    store: Store, totals: KeptTotals, writes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    owner = uuid.uuid4().hex
    fixed, extent = {"owner": owner}, Extent.of({"owner": owner})
    for action, key, values in writes:
        write(store, action, owner, key, values, extent)
    assert told(totals, fixed) == counted(store, totals, fixed)
    before = told(totals, fixed)
    assert totals.recount(store.all_rows(extent), fixed) == before[0]
    assert told(totals, fixed) == before


def test_what_is_refused_counts_nothing(
    store: Store, totals: KeptTotals, jobs: Store, owner: str, extent: Extent
) -> None:
    fixed = {"owner": owner}
    store.create(store.new({"owner": owner, "id": "1", "open": True}), extent)
    for is_open in (True, False):
        with pytest.raises(Conflict):
            store.create(store.new({"owner": owner, "id": "1", "open": is_open}), extent)
    closed = Extent.of(fixed, only("open", "$eq", False))
    with pytest.raises(NotFound):
        store.update(key_of(owner, "1"), {"open": False}, closed)
    with pytest.raises(NotFound):
        store.delete(key_of(owner, "1"), closed)
    only_open = Extent.of(fixed, only("open", "$eq", True))
    with pytest.raises(Forbidden):
        store.update(key_of(owner, "1"), {"open": False}, only_open)
    unplaced = Extent.of(fixed, Exists("place", wanted=False))
    with pytest.raises(Forbidden):
        store.update(key_of(owner, "1"), {"open": False, "place": "x"}, unplaced)
    assert (totals.count(fixed), groups(totals, fixed, "open")) == (1, {"true": 1})
    job = jobs.create(jobs.new({"id": owner, "team": owner, "priority": 1}), Extent())
    for change in (
        lambda: jobs.update(jobs.key_of(job), {"priority": 2}, Extent(), versions=(2,)),
        lambda: jobs.delete(jobs.key_of(job), Extent(), versions=(2,)),
    ):
        with pytest.raises(PreconditionFailed):
            change()
    assert jobs.totals
    assert groups(jobs.totals, {"team": owner}, "priority") == {"1": 1}
    changed = jobs.update(jobs.key_of(job), {"priority": 2}, Extent(), versions=(1,))
    assert (jobs.version_of(changed), changed.item) == (2, jobs.get(jobs.key_of(job), Extent()).item)
    assert groups(jobs.totals, {"team": owner}, "priority") == {"2": 1}


def test_a_row_that_changes_its_owner_counts_for_the_new_one(jobs: Store, owner: str) -> None:
    assert (totals := jobs.totals)
    job = jobs.create(jobs.new({"id": owner, "team": owner + "a", "priority": 3}), Extent())
    jobs.update(jobs.key_of(job), {"team": owner + "b"}, Extent())
    for team, number in ((owner + "a", 0), (owner + "b", 1)):
        assert (totals.count({"team": team}), totals.sum({"team": team}, "priority").number) == (
            number,
            number,
        )
    jobs.update(jobs.key_of(job), {"team": None}, Extent())
    assert totals.count({"team": owner + "b"}) == 0
    assert totals.count({"team": None}) == 1
    jobs.delete(jobs.key_of(job), Extent())
    assert totals.count({"team": None}) == 0


def test_long_values_stay_apart(store: Store, totals: KeptTotals, owner: str, extent: Extent) -> None:
    long = ["é" * 250, "é" * 600, "é" * 600 + "x", "é" * 600 + "y"]
    store.create(store.new({"owner": owner, "id": "1", "tags": long}), extent)
    store.create(store.new({"owner": owner, "id": "2", "tags": long[2:]}), extent)
    by_value = {json.dumps(tag): count for tag, count in zip(long, [1, 1, 2, 2], strict=True)}
    assert groups(totals, {"owner": owner}, "tags") == by_value


def test_rows_from_before_are_counted_by_a_recount(store: Store, totals: KeptTotals, owner: str) -> None:
    fixed = {"owner": owner}
    store.create(store.new({"owner": owner, "id": "0", "tags": ["gone"]}), Extent())
    store.delete(key_of(owner, "0"), Extent())
    with Parcel.batch_write() as batch:
        for number in range(30):
            batch.save(Parcel(owner, str(number), open=number % 3 == 0, price=number))
        batch.save(Parcel(owner + "2", "1"))
    assert totals.count(fixed) == 0
    assert totals.recount(store.all_rows(Extent.of(fixed)), fixed) == 30
    assert told(totals, fixed) == counted(store, totals, fixed)
    # Also of what is there no more.
    assert totals.groups(fixed, "tags", most=100).examined == 1
    with pytest.raises(ValueError, match="none of the rows"):
        totals.recount(store.all_rows(Extent.of({"owner": owner + "2"})), fixed)


def test_rows_found_by_an_index_only_are_recounted_by_what_is_stored(jobs: Store, owner: str) -> None:
    assert jobs.totals
    Job(owner, team=owner, priority=1).save()
    assert jobs.totals.recount(jobs.all_rows(Extent.of({"team": owner})), {"team": owner}) == 1
    assert groups(jobs.totals, {"team": owner}, "priority") == {"1": 1}


def test_groups_are_bounded(store: Store, totals: KeptTotals, owner: str, extent: Extent) -> None:
    for number in range(12):
        store.create(store.new({"owner": owner, "id": str(number), "tags": [str(number)]}), extent)
    found = totals.groups({"owner": owner}, "tags", most=10)
    assert (len(found.tokens), found.exact, found.examined) == (10, False, 10)
    assert totals.groups({"owner": owner}, "tags", most=13).exact


def test_everyones_rows_are_counted_together(parcels: str, owner: str) -> None:
    totals = Totals(counts=("open",)).check(Parcel, Everyone())
    assert totals.fixed_by(TRUE) == {}
    store = Store(Parcel, totals)
    before = totals.count({})
    for number in range(3):
        store.create(store.new({"owner": owner + str(number), "id": "1"}), Extent())
    # Other tests write parcels, too, and count them elsewhere.
    assert totals.count({}) == before + 3


def test_totals_answer_for_what_the_scope_fixes_and_nothing_else(totals: KeptTotals) -> None:
    own, opened = Extent.of({"owner": "ann"}).expression, Extent.of({"open": True}).expression
    other = Test("owner", OPERATORS["$ne"], "ann", negated=True)
    assert totals.fixed_by(own) == {"owner": "ann"}
    for wanted in (TRUE, opened, all_of(own, opened), all_of(own, Exists("owner", wanted=True)), other):
        assert totals.fixed_by(wanted) is None


class Seat(Model):
    class Meta:
        table_name = "seats"

    id = UnicodeAttribute(hash_key=True)
    hall = UnicodeAttribute(default="main")


def test_a_row_without_what_the_scope_fixes_counts_where_it_is_found_by_its_default() -> None:
    totals = Totals(counts=("id",)).check(Seat, OwnedBy("hall"))
    main, other = {"hall": "main"}, {"hall": "other"}
    with tables(Seat, Total):
        store = Store(Seat, totals)
        for key, more in (("1", {}), ("2", {"hall": {"NULL": True}}), ("3", {"hall": {"S": "main"}})):
            store.table.write(Put({"id": {"S": key}, **more}))
        assert totals.recount(store.all_rows(Extent.of(main)), main) == 3
        assert told(totals, main) == counted(store, totals, main)
        store.delete({"id": {"S": "1"}}, Extent.of(main))
        store.update({"id": {"S": "2"}}, {"hall": "other"}, Extent())
        for fixed in (main, other):
            assert told(totals, fixed) == counted(store, totals, fixed)
            assert totals.count(fixed) == 1
