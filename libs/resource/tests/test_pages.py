"""Pages: full until the last, without gaps or repetitions, whatever happens between them."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.dynamodb import CursorSigner
from libs.errors import QueryRefused
from libs.resource.query.plan import Planner
from libs.resource.scope import Extent
from libs.resource.store.pages import Page, Turn, read_page
from libs.resource.store.store import Store
from libs.resource.tests.beasts import COMPLETE, ids, sort_by, stores, wanted

SIGNER = CursorSigner("only-for-tests-and-32-characters-long")
Change = Callable[[int], None]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with stores() as (beasts, _):
        yield beasts


def add(store: Store, owner: str, *keys: str, **more: Any) -> None:
    for key in keys:
        values = {"kind": "bird", "priority": int(key) % 3 if key.isdecimal() else 0, **more}
        store.create(store.new({"owner": owner, "id": key, **values}), Extent())


def remove(store: Store, owner: str, *keys: str) -> None:
    for key in keys:
        store.delete({"owner": {"S": owner}, "id": {"S": key}}, Extent())


class List:
    """A list of beasts: its pages, each asked for with a cursor of another one."""

    def __init__(
        self, store: Store, where: Any, sort: str = "", *, most: int = 1000, scan: bool = False
    ) -> None:
        self._store, self._most = store, most
        planner = Planner(store.layout, allow_scan=scan, complete=COMPLETE)
        self._plan = planner.plan(wanted(where), sort_by(sort))

    def page(self, limit: int, *, skip: int = 0) -> Page:
        return self._page(Turn(limit, skip=skip))

    def after(self, page: Page, limit: int) -> Page:
        return self._page(self._turn(page.next, limit, backwards=False))

    def before(self, page: Page, limit: int) -> Page:
        return self._page(self._turn(page.prev, limit, backwards=True))

    def forward(self, limit: int, between: Change = lambda number: None) -> list[Page]:
        """Return all pages, calling `between` after each."""
        pages = [self.page(limit)]
        between(1)
        while pages[-1].next is not None:
            pages.append(self.after(pages[-1], limit))
            between(len(pages))
        return pages

    def back(self, page: Page, limit: int, between: Change = lambda number: None) -> list[Page]:
        """Return all pages before one, in order."""
        pages = [page]
        while pages[0].prev is not None:
            pages.insert(0, self.before(pages[0], limit))
            between(len(pages))
        return pages[:-1]

    def _page(self, turn: Turn) -> Page:
        return read_page(self._store.read, self._store.codec, self._plan, turn, most_examined=self._most)

    def _turn(self, place: Any, limit: int, *, backwards: bool) -> Turn:
        assert place is not None
        return Turn(limit, *SIGNER.read(["q"], SIGNER.sign(["q"], place, backwards=backwards)))


def shown(pages: list[Page]) -> list[str]:
    return [key for page in pages for key in ids(page.rows)]


@pytest.mark.parametrize("sort", ["id", "-priority", "name"])
@pytest.mark.parametrize(
    ("rows", "limit", "sizes"),
    [
        (0, 3, [0]),
        (1, 3, [1]),
        (3, 3, [3]),
        (4, 3, [3, 1]),
        (6, 3, [3, 3]),
        (7, 3, [3, 3, 1]),
        (2, 1, [1, 1]),
        (20, 20, [20]),
        (21, 20, [20, 1]),
    ],
)
def test_every_page_is_full_until_the_last_and_next_is_null_exactly_there(
    store: Store, owner: str, rows: int, limit: int, sizes: list[int], sort: str
) -> None:
    keys = [f"{n:03}" for n in range(rows)]
    add(store, owner, *keys)
    asked = List(store, {"owner": owner}, sort)
    pages = asked.forward(limit)
    assert [len(page.rows) for page in pages] == sizes
    assert sorted(shown(pages)) == keys
    assert pages[0].prev is None
    assert not any(page.truncated for page in pages)
    back = asked.back(pages[-1], limit)
    assert [ids(page.rows) for page in back] == [ids(page.rows) for page in pages[:-1]]


def test_a_page_of_the_last_rows_of_a_partition_has_no_next(store: Store, owner: str) -> None:
    add(store, owner, "1", "2")
    add(store, owner + "x", "3")
    both = List(store, {"owner": {"$in": [owner, owner + "x"]}})
    assert [ids(page.rows) for page in both.forward(2)] == [["1", "2"], ["3"]]
    assert [ids(page.rows) for page in List(store, {"owner": owner}).forward(2)] == [["1", "2"]]
    assert both.page(3).next is None


def test_pages_go_across_partitions_and_back(store: Store, owner: str) -> None:
    owners = [f"{owner}{n}" for n in range(4)]
    for number, one in enumerate(owners):
        add(store, one, *(f"{number}{n}" for n in range(3 if number != 2 else 0)))
    asked = List(store, {"owner": {"$in": owners}})
    for limit in range(1, 11):
        pages = asked.forward(limit)
        assert shown(pages) == [f"{number}{n}" for number in (0, 1, 3) for n in range(3)]
        assert [ids(one.rows) for one in asked.back(pages[-1], limit)] == [
            ids(one.rows) for one in pages[:-1]
        ]


@settings(max_examples=20)
@given(keys=st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5), max_size=9))
def test_texts_are_ordered_as_dynamodb_orders_them(store: Store, keys: set[str]) -> None:
    owner = uuid.uuid4().hex
    add(store, owner, *keys)
    in_order = sorted(keys, key=str.encode)
    assert shown(List(store, {"owner": owner}).forward(4)) == in_order
    assert shown(List(store, {"owner": owner}, "-id").forward(4)) == in_order[::-1]
    assert shown(List(store, {"owner": owner}, "tame,id").forward(4)) == in_order


NAMES = [None, "x", "y"]
SORTS = ["id", "-id", "priority", "-priority", "name", "-name,tame"]
keys_of_all = [f"{n:02}" for n in range(12)]
changes = st.lists(
    st.lists(st.tuples(st.booleans(), st.sampled_from(keys_of_all)), max_size=4), min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def whole(store: Store) -> str:
    """The owner of all rows there may be in the next test."""
    for key in keys_of_all:
        add(store, "whole", key, name=NAMES[int(key) % 3])
    return "whole"


@pytest.mark.parametrize("sort", SORTS)
@settings(max_examples=10)
@given(before=st.sets(st.sampled_from(keys_of_all), min_size=1), changes=changes, limit=st.integers(1, 4))
def test_what_is_there_throughout_is_shown_once_whatever_is_written_between(
    store: Store, whole: str, sort: str, before: set[str], changes: list[list[tuple[bool, str]]], limit: int
) -> None:
    owner = uuid.uuid4().hex

    def put(key: str) -> None:
        add(store, owner, key, name=NAMES[int(key) % 3])

    stored, throughout, ever = set(before), set(before), set(before)
    for key in before:
        put(key)

    def change(number: int) -> None:
        for insert, key in changes[number % len(changes)]:
            if insert and key not in stored:
                put(key)
                stored.add(key)
                ever.add(key)
            elif not insert and key in stored:
                remove(store, owner, key)
                stored.discard(key)
                throughout.discard(key)

    asked = List(store, {"owner": owner}, sort)
    pages = asked.forward(limit, change)
    assert len(shown(pages)) == len(set(shown(pages)))
    assert throughout <= set(shown(pages)) <= ever

    if pages[-1].prev is None:  # it was the first, too: what came before it later has no way to it
        return
    throughout = set(stored)
    back = shown(asked.back(pages[-1], limit, change))
    assert len(back) == len(set(back))
    order = shown(List(store, {"owner": whole}, sort).forward(100))
    passed = set(order[: order.index(ids(pages[-1].rows)[0])] if pages[-1].rows else order)
    assert throughout & passed <= set(back) <= passed


def test_rows_inserted_and_deleted_between_pages_disturb_no_other(store: Store, owner: str) -> None:
    add(store, owner, *(f"{n:03}" for n in range(0, 100, 10)))

    def change(number: int) -> None:
        if number == 1:  # "000" to "020" were shown
            add(store, owner, "005", "035")
            remove(store, owner, "020", "000", "050")

    pages = List(store, {"owner": owner}).forward(3, change)
    assert shown(pages) == [
        "000", "010", "020", "030", "035", "040", "060", "070", "080", "090",
    ]  # fmt: skip
    assert [len(page.rows) for page in pages] == [3, 3, 3, 1]


@pytest.mark.parametrize("sort", ["id", "name,id"])
def test_the_way_back_from_an_empty_last_page_misses_nothing(store: Store, owner: str, sort: str) -> None:
    add(store, owner, "1", "2", "3", "4", "5")
    asked = List(store, {"owner": owner}, sort)
    second = asked.after(asked.page(2), 2)
    remove(store, owner, "5")
    last = asked.after(second, 2)
    assert (ids(last.rows), last.next) == ([], None)
    assert [ids(page.rows) for page in asked.back(last, 2)] == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize("sort", ["id", "name,id"])
def test_the_way_on_from_an_empty_first_page_misses_nothing(store: Store, owner: str, sort: str) -> None:
    add(store, owner, "1", "2", "3")
    asked = List(store, {"owner": owner}, sort)
    second = asked.after(asked.page(1), 2)
    remove(store, owner, "1")
    first = asked.before(second, 1)
    assert (ids(first.rows), first.prev) == ([], None)
    assert ids(asked.after(first, 5).rows) == ["2", "3"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_pages_that_found_nothing_yet_lead_on_and_back(store: Store, owner: str, most: int) -> None:
    owners = [owner, owner + "x"]
    for one in owners:
        add(store, one, *(f"{n:02}" for n in range(5)), tame=False)
        add(store, one, "025", "099", tame=True)
    asked = List(store, {"owner": {"$in": owners}, "tame": True}, most=most)
    pages = asked.forward(2)
    assert shown(pages) == ["025", "099"] * 2
    assert all(page.examined == most and page.truncated for page in pages[:-1])
    # From every page, the empty ones included, and on again from where that led.
    for number, page in enumerate(pages):
        back = asked.back(page, 2)
        assert shown(back) == shown(pages[:number])
        if back:
            rest = [back[0]]
            while rest[-1].next is not None:
                rest.append(asked.after(rest[-1], 2))
            assert shown(rest) == shown(pages)


def test_nulls_come_first_and_ties_are_broken_by_the_key(store: Store, owner: str) -> None:
    for key, name in (("1", "b"), ("2", None), ("3", "a"), ("4", None), ("5", "b")):
        add(store, owner, key, name=name)
    for limit in (1, 2, 3, 5):
        assert shown(List(store, {"owner": owner}, "name").forward(limit)) == ["2", "4", "3", "1", "5"]
        assert shown(List(store, {"owner": owner}, "-name").forward(limit)) == ["1", "5", "3", "2", "4"]
        assert shown(List(store, {"owner": owner}, "name,-id").forward(limit)) == ["4", "2", "3", "5", "1"]


def test_rows_are_sorted_only_where_all_of_them_may_be_read(store: Store, owner: str) -> None:
    add(store, owner, *(f"{n:02}" for n in range(9)))
    assert len(List(store, {"owner": owner}, "name", most=10).page(2).rows) == 2
    for most in (1, 8):
        with pytest.raises(QueryRefused, match=f"To sort by name, {most} rows or more would have to be read"):
            List(store, {"owner": owner}, "name", most=most).page(2)
    # By an index no more than the page is read.
    assert List(store, {"owner": owner}, "priority", most=8).page(2).examined == 3


@pytest.mark.parametrize("sort", ["", "-priority,id"])
def test_rows_are_skipped(store: Store, owner: str, sort: str) -> None:
    add(store, owner, *(f"{n:02}" for n in range(10)))
    asked = List(store, {"owner": owner}, sort)
    everything = shown(asked.forward(100))
    for skip in (0, 3, 8, 10, 30):
        page = asked.page(3, skip=skip)
        assert ids(page.rows) == everything[skip : skip + 3]
        assert (page.next is None) == (skip + 3 >= 10)
        assert (page.prev is None) == (skip == 0)
        if page.next is not None:
            assert ids(asked.after(page, 100).rows) == everything[skip + 3 :]
        if page.prev is not None:
            assert shown(asked.back(page, 4)) == everything[:skip]


def test_what_cannot_be_skipped_within_the_bound_is_refused(store: Store, owner: str) -> None:
    add(store, owner, *(f"{n:02}" for n in range(10)), tame=False)
    add(store, owner, "99", tame=True)
    with pytest.raises(QueryRefused, match="More than 5 rows would have to be read to get there"):
        List(store, {"owner": owner}, most=5).page(2, skip=6)
    with pytest.raises(QueryRefused):
        List(store, {"owner": owner, "tame": True}, most=5).page(2, skip=1)
    page = List(store, {"owner": owner}, most=5).page(2, skip=4)
    assert (ids(page.rows), page.truncated) == (["04"], True)


def test_a_scan_goes_forward_only(store: Store, owner: str) -> None:
    add(store, owner, *(f"{n:02}" for n in range(5)))
    asked = List(store, {"$not": {"owner": "nobody"}}, scan=True)
    pages = asked.forward(3)
    assert all(page.prev is None for page in pages)
    assert len(set(shown(pages)) & {f"{n:02}" for n in range(5)}) == 5


def test_one_row_by_its_key_is_a_page(store: Store, owner: str) -> None:
    add(store, owner, "1")
    page = List(store, {"owner": owner, "id": "1"}, "name").page(5)
    assert (ids(page.rows), page.next, page.prev, page.examined) == (["1"], None, None, 1)
    nothing = List(store, {"owner": ""}, "name").page(5)
    assert (ids(nothing.rows), nothing.next, nothing.prev, nothing.examined) == ([], None, None, 0)


def test_the_way_back_from_behind_one_row_leads_to_it(store: Store, owner: str) -> None:
    add(store, owner, "1")
    asked = List(store, {"owner": owner, "id": "1"})
    second = asked.page(1, skip=1)
    assert (ids(second.rows), second.next) == ([], None)
    back = asked.before(second, 1)
    assert (ids(back.rows), back.prev) == (["1"], None)
    behind = asked.after(back, 1)
    assert (ids(behind.rows), behind.next) == ([], None)
    assert ids(asked.before(behind, 1).rows) == ["1"]
