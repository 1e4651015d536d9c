"""Creating, replacing, updating, deleting: each one atomic step, refused where it is not as it has to be."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from libs.api import REMOVE, Append, Exclude, Include, Increase
from libs.api.tests.persistence.shelf import AT
from libs.dynamodb import Table
from libs.errors import Conflict, Forbidden, InvalidBody, NotFound, ServiceUnavailable


def test_what_is_there_is_not_created(books, book):
    with pytest.raises(Conflict) as caught:
        books(isbn=book.isbn, title="Other", tags=[]).create()
    assert caught.value.code == "RESOURCE_EXISTS"
    with pytest.raises(Forbidden, match="mine"):
        books(isbn=book.isbn, title="Other", tags=[]).create(conflict=Forbidden("mine"))
    assert books.load(book.isbn) == book


def test_save_writes_whether_it_is_there_or_not(books, isbn):
    books(isbn=isbn, title="1", tags=[], subtitle="s").save()
    books(isbn=isbn, title="2", tags=[]).save()
    assert books.load(isbn).to_json() == {"isbn": isbn, "title": "2", "tags": []}


def test_save_on_a_condition(books, book):
    book.title = "New"
    with pytest.raises(Conflict) as caught:
        book.save(condition=books.field("loans") == 2)
    assert caught.value.code == "CONDITION_FAILED"
    assert books.load(book.isbn).title == "Notes"
    book.save(condition=(books.field("loans") == 1) & books.field("author").startswith("A"))
    assert books.load(book.isbn).title == "New"


def test_replace_needs_something_to_replace(books, book, isbn):
    books(isbn=book.isbn, title="New", tags=[]).replace()
    assert books.load(book.isbn).title == "New"
    other = uuid.uuid4().hex
    with pytest.raises(NotFound):
        books(isbn=other, title="New", tags=[]).replace()
    assert not books.exists(other)


def test_delete(books, book):
    with pytest.raises(Conflict):
        books.delete(book.isbn, condition=books.field("loans") > 1)
    books.delete(book.isbn, condition=books.field("loans") <= 1)
    with pytest.raises(NotFound):
        books.load(book.isbn)
    with pytest.raises(NotFound):
        books.delete(book.isbn)


def test_update_changes_what_is_given_and_returns_what_is_there(books, book):
    updated = books.update(
        book.isbn,
        {
            "title": "New",
            "author": REMOVE,
            "loans": Increase(-3),
            "price": Increase(Decimal("0.25")),
            "readers": Append(["bob", "eve"]),
            "tags": Include(["b", "a"]),
            "page_count": Increase(),
        },
    )
    assert updated == books.load(book.isbn)
    assert updated.to_json() == {
        "isbn": book.isbn,
        "title": "New",
        "loans": -2,
        "price": "1.75",
        "readers": ["eve", "bob", "eve"],
        "tags": ["a", "b"],
        "page-count": 1,
    }
    assert books.update(book.isbn, {"tags": Exclude(["a", "b", "c"])}).tags == []
    assert list(books.update(book.isbn, {"ratings": Include([5, 3])}).ratings) == [3, 5]


def test_a_name_may_hold_what_dynamodb_has_another_meaning_for(books, book):
    assert books.update(book.isbn, {"shelf[0]": "x"})["shelf[0]"] == "x"
    with pytest.raises(Conflict):
        books.update(book.isbn, {"title": "y"}, condition=books.field("shelf[0]") == "y")


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"title": ""}, ValueError, "/title is shorter than 1 character"),
        ({"title": None}, ValueError, "/title is not of type string"),
        ({"title": REMOVE}, ValueError, "/title is required"),
        ({"loans": Increase(0.5)}, ValueError, "/loans is not of type integer"),
        ({"titel": "x"}, TypeError | ValueError, "titel.*did you mean 'title'"),
        ({"isbn": "x"}, TypeError, "isbn is its key"),
        ({"title": Increase(1)}, TypeError, "title is not of a type for Increase"),
        ({"readers": Include(["x"])}, TypeError, "among the `sets`"),
        ({"author": ""}, InvalidBody, "cannot be stored"),
        ({"weight": Increase(float("nan"))}, InvalidBody, "cannot be stored"),
        ({"loans": Increase("5")}, ValueError, "/loans is not of type number"),
        ({"loans": Increase(True)}, ValueError, "/loans is not of type number"),
        ({"price": Increase(None)}, ValueError, "/price is not of type number"),
        ({"readers": Append(["eve", 5])}, ValueError, "/readers/1 is not of type string"),
        ({"readers": Append("eve")}, TypeError, "a list was expected, no str"),
        ({"tags": Include(["b", 5])}, ValueError, "/tags/1 is not of type string"),
        ({"title": "x", "ratings": Include(["5"])}, ValueError, "/ratings/0 is not of type integer"),
        ({}, TypeError, "by nothing"),
    ],
)
def test_what_cannot_be_updated_so(books, book, changes, error, told):
    with pytest.raises(error if isinstance(error, type) else (TypeError, ValueError), match=told):
        books.update(book.isbn, changes)
    assert books.load(book.isbn) == book


def test_null_cannot_be_counted_up(books, book):
    books.update(book.isbn, {"loans": None})
    with pytest.raises(Conflict):
        books.update(book.isbn, {"loans": Increase()})
    assert "loans" in books.load(book.isbn)
    assert books.load(book.isbn).loans is None


def test_a_change_that_changes_nothing_asks_for_the_object_all_the_same(books, book, isbn):
    assert books.update(book.isbn, {"tags": Include([]), "ratings": Exclude([1])}) == book
    with pytest.raises(Conflict):
        books.update(book.isbn, {"tags": Exclude([])}, condition=books.field("loans") == 7)
    with pytest.raises(NotFound):
        books.update(uuid.uuid4().hex, {"tags": Include([])})


def test_what_is_not_there_is_not_updated(books, isbn):
    with pytest.raises(NotFound):
        books.update(isbn, {"title": "x"})
    with pytest.raises(NotFound):
        books.update(isbn, {"loans": Increase()})
    with pytest.raises(NotFound):
        books.update("", {"title": "x"})
    assert not books.exists(isbn)


def test_an_update_on_a_condition(books, book):
    with pytest.raises(Conflict, match="Sold out"):
        books.update(
            book.isbn,
            {"loans": Increase(-2)},
            condition=books.field("loans") >= 2,
            conflict=Conflict("Sold out"),
        )
    assert books.update(book.isbn, {"loans": Increase(-1)}, condition=books.field("loans") >= 1).loans == 0


def test_increments_from_many_threads_are_all_counted_and_each_is_told_its_own(books, book):
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: books.update(book.isbn, {"loans": Increase()}).loans, range(40)))
    assert sorted(told) == list(range(2, 42))
    assert books.load(book.isbn).loans == 41


def test_what_an_increase_made_of_the_numbers_is_exact(books, book):
    for price, weight in (("1.75", 0.1), ("2", 0.2), ("2.25", 0.3)):
        told = books.update(book.isbn, {"price": Increase(Decimal("0.25")), "weight": Increase(0.1)})
        assert (told["price"], told.weight) == (Decimal(price), weight)
        assert told == books.load(book.isbn)


def test_an_increase_that_others_are_in_the_way_of_says_so(books, book, monkeypatch):
    table, read = books._storage.table, []

    def get(key):
        item, capacity = Table.get(table, key)
        read.append(item)
        return {**item, "loans": {"N": str(-len(read))}}, capacity  # always another one

    monkeypatch.setattr(table, "get", lambda key, consistent=True: get(key))
    monkeypatch.setattr("libs.dynamodb.contention.sleep", lambda seconds: None)
    with pytest.raises(ServiceUnavailable, match="being changed by others"):
        books.update(book.isbn, {"loans": Increase()})
    monkeypatch.undo()
    assert books.load(book.isbn).loans == 1


# Versions


def test_versions_count_and_a_newer_one_is_not_overwritten(entries, entry):
    assert entry.revision == 1
    mine, theirs = (entries.load(entry.log, AT) for _ in range(2))
    theirs.text = "theirs"
    theirs.save()
    assert theirs.revision == 2
    mine.text = "mine"
    for write in (mine.save, mine.replace):
        with pytest.raises(Conflict) as caught:
            write()
        assert caught.value.code == "CHANGED_MEANWHILE"
        assert mine.revision == 1
    assert entries.load(entry.log, AT).text == "theirs"


def test_a_new_object_does_not_overwrite_one_that_is_there(entries, entry):
    with pytest.raises(Conflict):
        entries(log=entry.log, at=AT).save()
    fresh = entries(log=entry.log, at=AT + timedelta(1))
    fresh.save()
    fresh.save()
    assert entries.load(entry.log, fresh.at).revision == fresh.revision == 2


def test_an_update_counts_the_version_and_may_ask_for_one(entries, entry):
    key = (entry.log, AT)
    assert entries.update(key, {"text": "y"}).revision == 2
    with pytest.raises(Conflict):
        entries.update(key, {"text": "z"}, condition=entries.field("revision") == 1)
    with pytest.raises(TypeError, match="counts by itself"):
        entries.update(key, {"revision": 7})


def test_what_was_in_the_way_of_a_save_on_a_condition_is_told(entries, entry):
    theirs = entries.load(entry.log, AT)
    theirs.save()
    with pytest.raises(Conflict) as caught:
        entry.save(condition=entries.field("text") == "x")
    assert caught.value.code == "CHANGED_MEANWHILE"
    with pytest.raises(Conflict) as caught:
        theirs.save(condition=entries.field("text") == "y")
    assert caught.value.code == "CONDITION_FAILED"


def test_an_increase_and_its_version_belong_together(entries, entry):
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: entries.update((entry.log, AT), {"level": Increase()}), range(12)))
    assert sorted(one.revision for one in told) == list(range(2, 14))
    assert all(one.level == one.revision - 1 for one in told)


def test_of_many_writers_of_one_version_one_wins(entries, entry):
    def write(number):
        mine = entries.load(entry.log, AT)
        barrier.append(number)
        mine.text = str(number)
        try:
            mine.save()
        except Conflict:
            return None
        return mine.revision

    barrier: list[int] = []
    with ThreadPoolExecutor(8) as pool:
        won = sorted(one for one in pool.map(write, range(24)) if one)
    assert won
    assert all(one < other for one, other in pairwise(won)), "two writers were given one version"
    assert entries.load(entry.log, AT).revision == won[-1]


# Time to live


def test_what_is_past_its_time_is_not_there(entries):
    log = uuid.uuid4().hex
    key = (log, AT)
    entries(log=log, at=AT, expires_at=datetime.now(UTC) - timedelta(seconds=5)).create()
    stored, _ = entries._storage.table.get(entries._storage.codec.key(key))
    assert "N" in stored["expires_at"]
    assert not entries.exists(*key)
    assert entries.load_many([key]) == {}
    assert list(entries.query(log)) == []
    with pytest.raises(NotFound):
        entries.load(*key)
    with pytest.raises(NotFound):
        entries.update(key, {"text": "x"})
    with pytest.raises(NotFound):
        entries.delete(*key)
    # Its place is free.
    entries(log=log, at=AT, expires_at=datetime.now(UTC) + timedelta(hours=1)).create()
    assert entries.exists(*key)


def test_the_time_to_live_is_one_to_dynamodb(entries, database):
    (model,) = (one for one in database.models if one.Meta.table_name.endswith("entries"))
    told = database.connection.client.describe_time_to_live(TableName=model.Meta.table_name)
    assert told["TimeToLiveDescription"]["AttributeName"] == "expires_at"
