"""Lists sorted by texts that are longer than a cursor: whole, in order, whatever is written in between."""

import uuid
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from libs.dynamodb.cursor import LONGEST_CURSOR, CursorSigner
from libs.dynamodb.long_text import KEPT, LongText
from libs.errors import QueryRefused
from libs.jwt import Caller
from libs.resource import Query
from libs.resource.query.plan import Planner
from libs.resource.scope import Extent
from libs.resource.store.pages import Page, Turn, read_page
from libs.resource.store.store import Store
from libs.resource.tests.beasts import ids, sort_by, stores, wanted
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import SECRET, OwnedNotes

ALIKE = "".join(Random(1).choices("abcdefghijklmnop", k=100_000))  # noqa: S311 - the same each time
"""Nothing makes it shorter."""
SIGNER = CursorSigner(SECRET)

parts = st.lists(st.sampled_from(["a", "b", "x" * KEPT, "é", "\U0001f600", "a" * 40]), max_size=6)
texts = parts.map("".join) | parts.map(lambda found: "x" * KEPT + "".join(found))


@settings(max_examples=300)
@given(st.lists(texts, max_size=8), texts.filter(lambda text: len(text) > KEPT))
def test_compares_as_the_text_does_with_all_it_was_made_among(others: list[str], text: str) -> None:
    known = LongText.of(text, [None, *others])
    for other in (*others, text):
        found = known == other, known < other, other < known, known > other, other > known
        assert found == (text == other, text < other, other < text, text > other, other > text)
    assert known.found_in([None, *others, text]) == text
    assert known.found_in(one for one in others if one != text) is known


@given(texts, texts.filter(lambda text: len(text) > KEPT))
def test_what_came_later_and_parts_from_it_early_compares_as_well(other: str, text: str) -> None:
    assume(other[:KEPT] != text[:KEPT])
    known = LongText.of(text, [])
    assert (known < other, other < known, known == other) == (text < other, other < text, False)


def test_what_is_remembered_is_short_however_many_others_there_are() -> None:
    lengths = ["x" * length for length in range(1000, 101_000, 500)]
    numbers = [f"{ALIKE}{number:04}" for number in range(500)]
    for among in (lengths, numbers):
        assert len(LongText.of(among[100], among).steps) < 8


def fill(make: Made, ada: Caller, texts: dict[str, str]) -> Any:
    notes = make(OwnedNotes)
    for key, text in texts.items():
        notes.create({"id": f"{ada.subject}{key}", "text": text}, ada)
    return notes


@pytest.mark.parametrize("alike", [ALIKE, "", "x" * 100_000], ids=["alike", "different", "repeated"])
@pytest.mark.parametrize("sort", ["text", "-text", "stars,text"])
def test_pages_by_texts_of_100_kb_are_whole(
    make: Made, serve: Serve, ada: Caller, alike: str, sort: str
) -> None:
    random = Random(2)  # noqa: S311 - the same each time
    endings = {f"{n:02}": f"{n * 7 % 10}{'' if alike else random.randbytes(50_000).hex()}" for n in range(10)}
    notes = fill(make, ada, {key: alike + ending for key, ending in endings.items()})
    served = serve(OwnedNotes)
    order = sorted(endings, key=lambda key: endings[key], reverse=sort == "-text")
    shown, link, cursors = [], f"/things?sort_by={sort}&limit=3", []
    while link:
        answer = served("GET", link, by=ada.subject)
        assert answer.status_code == 200, answer.data
        page = answer.get_json()
        shown += [one["id"].removeprefix(ada.subject) for one in page["items"]]
        cursors += [page["meta"]["next"], page["meta"]["prev"]]
        # The row that the next page begins behind is gone when it is asked for; so is one not shown yet.
        notes.delete(page["items"][-1]["id"], ada)
        link = page["meta"]["next"] and f"/things?sort_by={sort}&limit=3&cursor={page['meta']['next']}"
    assert shown == order
    assert max(len(one) for one in cursors if one) < LONGEST_CURSOR
    back = served("GET", "/things", by=ada.subject, sort_by=sort, limit=50, cursor=cursors[-1]).get_json()
    left = [one["id"].removeprefix(ada.subject) for one in back["items"]]
    assert left == [key for number, key in enumerate(order[:9]) if number % 3 != 2]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with stores() as (beasts, _):
        yield beasts


NAMES = [None, "x" * 100, *("x" * 150 + end for end in ("", "a", "b", "ba", "c")), "x" * 120 + "y", "z" * 300]
numbers = st.integers(0, len(NAMES) * 2 - 1)


@pytest.mark.parametrize("sort", ["name", "-name,tame"])
@settings(max_examples=25)
@given(
    before=st.sets(numbers, min_size=3),
    changes=st.lists(st.lists(st.tuples(st.booleans(), numbers), max_size=5), min_size=1, max_size=5),
    limit=st.integers(1, 3),
)
def test_what_is_there_throughout_is_shown_once_and_in_order(
    store: Store, sort: str, before: set[int], changes: list[list[tuple[bool, int]]], limit: int
) -> None:
    owner = uuid.uuid4().hex

    def put(number: int) -> None:
        key = {"owner": owner, "id": f"{number:02}", "kind": "bird", "priority": 0}
        store.create(store.new({**key, "name": NAMES[number % len(NAMES)]}), Extent())

    for number in before:
        put(number)
    stored, throughout, gone = set(before), set(before), set()
    plan = Planner(store.layout).plan(wanted({"owner": owner}), sort_by(sort))

    def page(turn: Turn) -> Page:
        return read_page(store.read, store.codec, plan, turn, most_examined=1000)

    def all_pages(found: Page, *, backwards: bool) -> list[str]:
        shown = ids(found.rows)
        for change in [*changes, []] * 40:
            place = found.prev if backwards else found.next
            if place is None:
                return shown
            for insert, number in change:
                # One that comes again is another row, and may be shown as such.
                if insert and number not in stored | gone:
                    put(number)
                    stored.add(number)
                elif not insert and number in stored:
                    store.delete({"owner": {"S": owner}, "id": {"S": f"{number:02}"}}, Extent())
                    stored.discard(number)
                    throughout.discard(number)
                    gone.add(number)
            found = page(Turn(limit, *SIGNER.read([], SIGNER.sign([], place, backwards=backwards))))
            shown = ids(found.rows) + shown if backwards else shown + ids(found.rows)
        raise AssertionError("it has no end")

    def in_order(numbers: set[int]) -> list[str]:
        def place(number: int) -> Any:
            name = NAMES[number % len(NAMES)]
            return (name is not None, name or "")

        return [f"{number:02}" for number in sorted(sorted(numbers), key=place, reverse=sort[0] == "-")]

    shown = all_pages(page(Turn(limit)), backwards=False)
    assert len(shown) == len(set(shown))
    assert [one for one in shown if int(one) in throughout] == in_order(throughout)

    throughout = set(stored)
    last = page(Turn(limit, skip=max(0, len(stored) - 1)))
    back = all_pages(last, backwards=True)
    assert len(back) == len(set(back))
    assert [one for one in back if int(one) in throughout] == in_order(throughout)


@pytest.mark.parametrize(("number", "fits"), [(150, True), (201, False)])
def test_a_cursor_with_too_many_places_to_remember_is_refused_and_no_row_shown_twice(
    make: Made, ada: Caller, number: int, fits: bool
) -> None:
    # Each parts from the last one further on than the one before, above and below it in turns.
    texts = {f"{n:03}": "m" * (KEPT + 5 * (n + 1)) + "az"[n % 2] for n in range(number)}
    last = "m" * (KEPT + 5 * (number + 2))
    notes = fill(make, ada, {**texts, "last": last})
    order = sorted([*texts.values(), last])
    query = Query(sort_by="text", limit=order.index(last) + 1)
    if not fits:
        with pytest.raises(QueryRefused, match="too long to go on from"):
            notes.list(query, ada)
        return
    first = notes.list(query, ada)
    second = notes.list(Query(sort_by="text", limit=50, cursor=first.meta["next"]), ada)
    assert [row("text") for row in (*first.rows, *second.rows)] == order[: len(first.rows) + 50]
