"""Writes whose answers get lost, and a database that is away."""

from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from libs.api import Append, Increase
from libs.api.tests.persistence.shelf import AT
from libs.dynamodb import as_problem
from libs.errors import Conflict, NotFound, ServiceUnavailable
from libs.resilience import RetryBudget


@pytest.fixture
def lost_answer(database):
    """Have the next write done and its answer lost, so that it is sent again."""
    client, armed = database.connection.client, []
    database.connection.calls.budget = RetryBudget(share=1.0)

    def send(request, **_):
        if armed:
            armed.clear()
            client._endpoint.http_session.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)

    operations = [
        f"before-send.dynamodb.{one}" for one in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
    ]
    for operation in operations:
        client.meta.events.register(operation, send)

    @contextmanager
    def lost():
        armed.append(True)
        yield
        assert not armed, "nothing was written"

    yield lost
    for operation in operations:
        client.meta.events.unregister(operation, send)


def test_a_lost_answer_is_no_conflict_and_counts_once(books, entries, lost_answer, isbn):
    with lost_answer():
        books(isbn=isbn, title="t", tags=[], loans=1).create()
    with lost_answer():
        assert books.update(isbn, {"loans": Increase()}).loans == 2
    with lost_answer():
        own = "a title of mine alone"
        assert books.update(isbn, {"title": own}, condition=books.field("title") == "t").title == own
    with lost_answer():
        books.update(isbn, {"readers": Append(["x"])})
    assert list(books.load(isbn).readers) == ["x"]
    with lost_answer(), pytest.raises(NotFound):  # it may never have been there
        books.delete(isbn)
    entry = entries(log=isbn, at=AT)
    for revision in (1, 2):
        with lost_answer():
            entry.save()
        assert entries.load(isbn, AT).revision == entry.revision == revision


def test_sets_and_odd_texts_are_found_again_when_the_answer_was_lost(books, lost_answer, isbn):
    book = books(isbn=isbn, title="t", tags=["b", "a"], ratings=[], price="1.50", loans=10**30)
    with lost_answer():
        book.create()
    with lost_answer():
        book.replace(condition=books.field("title").exists() & ~books.field("weight").exists())
    book["weight"] = 1.5
    with lost_answer():
        book.save(condition=books.field("weight").does_not_exist())
    assert books.load(isbn).weight == 1.5


def test_a_claim_that_another_has_made_in_the_same_words_is_not_ones_own(books, book, lost_answer):
    """That it was sent again shows nothing: two that set the same flag would both have it."""
    free = ~books.field("language").exists()
    books.update(book.isbn, {"language": "taken"}, condition=free)
    with lost_answer(), pytest.raises(Conflict):
        books.update(book.isbn, {"language": "taken"}, condition=free)


def test_a_conflict_whose_answer_was_lost_is_still_one(books, book, lost_answer):
    with lost_answer(), pytest.raises(Conflict):
        books(isbn=book.isbn, title="other", tags=[]).create()


def test_throttling_is_a_503(books, book, database, monkeypatch):
    def throttled(*_):
        raise ClientError(
            {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "m"}}, "GetItem"
        )

    monkeypatch.setattr(database.connection, "dispatch", throttled)
    for use in (
        lambda: books.load(book.isbn),
        book.save,
        lambda: books.update(book.isbn, {"loans": Increase()}),
        lambda: books.load_many([book.isbn]),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - what the service makes a problem of
            use()
        assert isinstance(as_problem(caught.value), ServiceUnavailable)
