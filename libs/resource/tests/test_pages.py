"""Pages: full until the last, without gaps or repetitions, whatever happens between them."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynamodb.models import Model

from libs.errors import InvalidParameters
from libs.jwt import Caller

Resource = Any


def fill(book: type[Model], owner: str, keys: Any) -> None:
    with book.batch_write() as batch:
        for key in keys:
            batch.save(book(owner, key, title=f"book {key}"))


def keys_of(page: dict[str, Any]) -> list[str]:
    return [item["isbn"] for item in page["items"]]


def walk(
    resource: Resource, owner: str, limit: int, between: Callable[[int], None] = lambda n: None
) -> list[list[str]]:
    """Return the keys of all pages, calling `between` after each."""
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = resource.list(limit, cursor, Caller(owner))
        pages.append(keys_of(page))
        cursor = page["next"]
        between(len(pages))
    return pages


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
        (100, 100, [100]),
        (101, 100, [100, 1]),
    ],
)
def test_every_page_is_full_until_the_last_and_next_is_null_exactly_there(
    resource: Resource, book: type[Model], owner: str, rows: int, limit: int, sizes: list[int]
) -> None:
    keys = [f"{n:03}" for n in range(rows)]
    fill(book, owner, keys)
    pages = walk(resource, owner, limit)
    assert [len(page) for page in pages] == sizes
    assert [key for page in pages for key in page] == keys


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=st.sets(st.text(min_size=1, max_size=5), max_size=12), limit=st.integers(1, 5))
def test_any_rows_are_listed_once_each(
    resource: Resource, book: type[Model], keys: set[str], limit: int
) -> None:
    owner = uuid.uuid4().hex
    fill(book, owner, keys)
    pages = walk(resource, owner, limit)
    # DynamoDB orders texts by their UTF-8 bytes.
    assert [key for page in pages for key in page] == sorted(keys, key=str.encode)
    assert all(len(page) == limit for page in pages[:-1])


def test_rows_inserted_and_deleted_between_pages_disturb_no_other(
    resource: Resource, book: type[Model], owner: str
) -> None:
    fill(book, owner, [f"{n:03}" for n in range(0, 100, 10)])

    def change(page: int) -> None:
        if page == 1:  # "000" to "020" were shown
            fill(book, owner, ["005", "035"])
            for key in ("020", "000", "050"):
                book(owner, key).delete()

    pages = walk(resource, owner, 3, change)
    assert [key for page in pages for key in page] == [
        "000", "010", "020", "030", "035", "040", "060", "070", "080", "090",
    ]  # fmt: skip
    assert [len(page) for page in pages] == [3, 3, 3, 1]


def test_when_all_that_follows_is_deleted_the_next_page_is_empty_and_the_last(
    resource: Resource, book: type[Model], owner: str
) -> None:
    fill(book, owner, ["1", "2", "3"])
    pages = walk(resource, owner, 2, lambda page: book(owner, "3").delete() if page == 1 else None)
    assert pages == [["1", "2"], []]


def test_rows_larger_than_dynamodb_reads_at_once_make_full_pages(
    resource: Resource, book: type[Model], owner: str
) -> None:
    # DynamoDB returns at most 1 MB from one query.
    for number in range(7):
        book(owner, str(number), title="x" * 300_000).save()
    pages = walk(resource, owner, 5)
    assert [len(page) for page in pages] == [5, 2]


def test_only_ones_own_rows_are_listed(resource: Resource, book: type[Model], owner: str) -> None:
    fill(book, owner, ["1", "2"])
    fill(book, owner + "2", ["3"])
    assert walk(resource, owner, 10) == [["1", "2"]]
    assert walk(resource, "stranger", 10) == [[]]


def test_a_cursor_of_somebody_elses_list_is_refused(
    resource: Resource, book: type[Model], owner: str
) -> None:
    fill(book, owner, ["1", "2"])
    cursor = resource.list(1, None, Caller(owner))["next"]
    with pytest.raises(InvalidParameters):
        resource.list(1, cursor, Caller("stranger"))


def test_a_cursor_can_be_used_again(resource: Resource, book: type[Model], owner: str) -> None:
    fill(book, owner, ["1", "2", "3"])
    cursor = resource.list(1, None, Caller(owner))["next"]
    assert resource.list(1, cursor, Caller(owner)) == resource.list(1, cursor, Caller(owner))
