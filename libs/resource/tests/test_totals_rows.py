"""Rows from before their totals were declared: they can be changed and deleted, and totals stay right."""

from typing import Any

import pytest

from libs.dynamodb import Put
from libs.errors import Conflict, InvalidBody
from libs.resource.scope import Extent, OwnedBy
from libs.resource.store.store import Store
from libs.resource.store.totals import MOST_CHANGES, KeptTotals, Totals
from libs.resource.tests.rows import Parcel

MANY = [f"tag {number}" for number in range(2 * MOST_CHANGES)]


@pytest.fixture
def totals(parcels: str) -> KeptTotals:
    return Totals(counts=("tags",), sums=("price",)).check(Parcel, OwnedBy("owner"))


@pytest.fixture
def store(totals: KeptTotals) -> Store:
    return Store(Parcel, totals)


@pytest.fixture
def key(store: Store, owner: str) -> Any:
    return {"owner": {"S": owner}, "id": {"S": "1"}}


def stored_before(store: Store, owner: str, **values: Any) -> None:
    """Store a row as it was without totals; and one that is counted."""
    store.table.write(Put(store.new({"owner": owner, "id": "1", **values}).item))
    store.create(store.new({"owner": owner, "id": "2", "tags": ["tag 0"], "price": 5}), Extent())


def tags(totals: KeptTotals, owner: str) -> int:
    """Return how many values there are that some row has."""
    return len(totals.groups({"owner": owner}, "tags", most=1000).tokens)


def test_a_row_with_too_many_values_is_told_how_to_be_deleted(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, key: Any
) -> None:
    stored_before(store, owner, tags=MANY)
    fixed = {"owner": owner}
    assert totals.recount(store.all_rows(extent), fixed) == 2
    with pytest.raises(
        Conflict, match=f"changes {len(MANY) + 1} totals, .* take some values away in tags"
    ) as caught:
        store.delete(key, extent)
    assert caught.value.code == "TOO_MANY_TOTALS"
    with pytest.raises(InvalidBody, match="change fewer values at once in tags"):
        store.update(key, {"tags": MANY[:1]}, extent)
    assert store.get(key, extent)("tags") == MANY
    assert (totals.count(fixed), tags(totals, owner)) == (2, len(MANY))
    # What touches no value is written, and what it says is a way.
    store.update(key, {"label": "x", "price": 2}, extent)
    store.update(key, {"tags": MANY[:MOST_CHANGES]}, extent)
    assert tags(totals, owner) == MOST_CHANGES
    store.update(key, {"tags": MANY[:1]}, extent)
    store.delete(key, extent)
    assert (totals.count(fixed), tags(totals, owner), totals.sum(fixed, "price").sum) == (1, 1, 5)


def test_a_number_that_is_not_summed_stays_or_gives_way_to_one_that_is(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, key: Any
) -> None:
    stored_before(store, owner, price=1e15)
    fixed = {"owner": owner}
    for price in (2e15, 1e-19):
        with pytest.raises(InvalidBody) as caught:
            store.update(key, {"price": price}, extent)
        assert [fault.pointer for fault in caught.value.errors] == ["/price"]
    store.update(key, {"price": 1e15, "tags": ["new"]}, extent)
    assert store.get(key, extent)("price") == 10**15
    assert (totals.sum(fixed, "price").sum, totals.sum(fixed, "price").number) == (5, 1)
    store.update(key, {"price": 7}, extent)
    assert (totals.sum(fixed, "price").sum, totals.sum(fixed, "price").number) == (12, 2)
    store.delete(key, extent)
    assert (totals.sum(fixed, "price").sum, totals.sum(fixed, "price").number) == (5, 1)


def test_an_unsummable_number_is_left_by_a_deletion_and_by_null(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, key: Any
) -> None:
    fixed = {"owner": owner}
    stored_before(store, owner, price=1e15)
    store.update(key, {"price": None}, extent)
    stored = {"owner": owner, "id": "3", "price": 1e15}
    store.table.write(Put(store.new(stored).item))
    store.delete({**key, "id": {"S": "3"}}, extent)
    assert (totals.sum(fixed, "price").sum, totals.sum(fixed, "price").number) == (5, 1)


def test_what_may_not_be_null_is_not_removed(parcels: str, owner: str, extent: Extent) -> None:
    """A hook or a parser of one's own may try: no client's fault."""
    for store in (Store(Parcel), Store(Parcel, Totals().check(Parcel, OwnedBy("owner")))):
        with pytest.raises(TypeError, match="lost may not be null"):
            store.create(store.new({"owner": owner, "id": "1", "lost": None}), extent)
        made = store.create(store.new({"owner": owner, "id": "1", "label": "x"}), extent)
        with pytest.raises(TypeError, match="lost may not be null"):
            store.update(store.key_of(made), {"lost": None, "label": "y"}, extent)
        assert store.get(store.key_of(made), extent).item == made.item
        store.update(store.key_of(made), {"label": None}, extent)
        store.delete(store.key_of(made), extent)
