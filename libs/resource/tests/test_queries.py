"""Whatever is asked for, in whatever order and by whatever plan: the pages hold what a plain loop finds."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from libs.dynamodb import CursorSigner
from libs.errors import QueryRefused
from libs.resource.query.plan import Plan
from libs.resource.query.sorting import SortKey
from libs.resource.scope import Extent
from libs.resource.store.pages import Page, Turn, read_page
from libs.resource.store.row import Row
from libs.resource.store.store import Store
from libs.resource.tests.beasts import clear, stores
from libs.resource.tests.questions import WORLDS, Question, Strategy, World, plan_of, questions

SIGNER = CursorSigner("only-for-tests-and-32-characters-long")
Values = dict[str, Any]


@pytest.fixture(scope="module")
def tables() -> Iterator[dict[str, Store]]:
    with stores() as (beasts, stones):
        yield {"beasts": beasts, "stones": stones}


def fill(store: Store, rows: list[Values]) -> list[Row]:
    """Store rows and nothing else; some that have no value have a NULL."""
    clear(store)
    made = []
    for number, values in enumerate(rows):
        row = store.new({**values, "id": f"{number:02}"} if "owner" in values else values)
        null = {"tame": {"NULL": True}} if number % 2 and values.get("tame", False) is None else {}
        made.append(store.create(Row(store.codec, {**row.item, **null}), Extent()))
    return made


def keys_of(store: Store, rows: Any) -> list[tuple[Any, ...]]:
    return [tuple(row(name) for name in store.layout.table.key) for row in rows]


class Reader:
    """Reads the pages of a plan, and checks of each what is so of all."""

    def __init__(self, store: Store, plan: Plan, limit: int, most: int) -> None:
        self._read = partial(read_page, store.read, store.codec, plan, most_examined=most)
        self._plan, self._limit, self._most = plan, limit, most

    def page(self, turn: Turn) -> Page:
        page = self._read(turn)
        assert page.examined <= self._most
        assert len(page.rows) <= self._limit
        assert page.truncated or page.capacity > 0 or not self._plan.segments or page.examined == 0
        if self._plan.kind == "scan" and not self._plan.sort:
            assert page.prev is None
        return page

    def forward(self) -> Iterator[Page]:
        """Yield all pages, each begun from the cursor of the one before."""
        turn: Turn | None = Turn(self._limit)
        while turn is not None:
            page = self.page(turn)
            assert (page.prev is None) or turn.after is not None
            yield page
            assert page.next is None or page.truncated or len(page.rows) == self._limit, "it should be full"
            turn = self._turn(page.next, backwards=False)

    def back(self, last: Page) -> Iterator[Page]:
        """Yield all pages before one."""
        turn = self._turn(last.prev, backwards=True)
        while turn is not None:
            page = self.page(turn)
            assert page.next is not None
            yield page
            turn = self._turn(page.prev, backwards=True)

    def _turn(self, position: Any, *, backwards: bool) -> Turn | None:
        if position is None:
            return None
        cursor = SIGNER.sign(["q"], position, backwards=backwards)
        return Turn(self._limit, *SIGNER.read(["q"], cursor))


def is_sorted(rows: list[Row], sort: tuple[SortKey, ...]) -> bool:
    for one, other in pairwise(rows):
        for key in sort:
            a, b = one(key.field), other(key.field)
            if a == b:
                continue
            less = a is None or (b is not None and a < b)
            if less == key.descending:
                return False
            break
    return True


@pytest.mark.parametrize("name", WORLDS)
@given(data=st.data())
def test_pages_hold_what_a_plain_loop_finds(tables: dict[str, Store], name: str, data: st.DataObject) -> None:
    world, store = WORLDS[name], tables[name]
    made = fill(store, data.draw(world.rows))
    for _ in range(2):
        check(world, store, made, data.draw)


def check(world: World, store: Store, made: list[Row], draw: Callable[[Strategy], Any]) -> None:
    question, limit = draw(questions(world)), draw(st.integers(1, 7))
    most = draw(st.sampled_from([1000, 1000, 30, 12, 5, 2, 1]))
    plan = plan_of(world, question)
    event(shape(plan))
    reader = Reader(store, plan, limit, most)
    try:
        pages = list(reader.forward())
    except QueryRefused:
        assert plan.sort
        assert len(made) >= most, "it had read them all"
        return
    found = [row for page in pages for row in page.rows]
    expected = [row for row in made if plan.wanted.matches(row)]
    assert len(set(keys_of(store, found))) == len(found), "some are found twice"
    assert sorted(keys_of(store, found)) == sorted(keys_of(store, expected))
    assert is_sorted(found, question.sort)
    assert len(pages) == 1 or pages[-1].prev is not None or (plan.kind == "scan" and not plan.sort)

    before = [row for page in reversed(list(reader.back(pages[-1]))) for row in page.rows]
    if plan.kind != "scan" or plan.sort:
        assert keys_of(store, before) == keys_of(store, found[: len(found) - len(pages[-1].rows)])

    skip = draw(st.integers(0, 4)) * limit
    try:
        page = reader.page(Turn(limit, skip=skip))
    except QueryRefused:
        assert len(made) >= most
    else:
        there = keys_of(store, found[skip : skip + limit])
        assert keys_of(store, page.rows) == (there[: len(page.rows)] if page.truncated else there)


def shape(plan: Plan) -> str:
    """Return which of the ways to read this is."""
    through = plan.access.index or "table"
    several = "several segments" if len(plan.segments) > 1 else ""
    order = "sorted" if plan.sort else "" if plan.forward else "descending"
    return " ".join(filter(None, (plan.kind, through, several, order)))


WAYS = {
    "beasts": """
        get table
        nothing table
        scan table
        scan table sorted
        query table
        query table descending
        query table sorted
        query table several segments
        query table several segments sorted
        query by-priority
        query by-priority several segments
        query by-name
        query by-name sorted
        query by-due
        query by-due several segments
        query by-tag
    """,
    "stones": """
        get table
        nothing table
        nothing by-code
        scan table
        scan table sorted
        query table several segments
        query by-moment
        query by-moment several segments
        query by-code
        query by-code several segments
    """,
}


class EnoughError(Exception):
    """There is nothing left to look for."""


@pytest.mark.parametrize("name", WORLDS)
def test_the_questions_above_go_every_way_there_is(name: str) -> None:
    world, found = WORLDS[name], set()
    ways = {line.strip() for line in WAYS[name].strip().splitlines()}

    # An error is what ends it before there were so many examples.
    @settings(max_examples=600, phases=[Phase.generate], database=None)
    @given(st.lists(questions(world), min_size=3, max_size=3))
    def ask(several: list[Question]) -> None:
        found.update(shape(plan_of(world, question)) for question in several)
        if ways <= found:
            raise EnoughError

    with suppress(EnoughError):
        ask()
    assert ways <= found
