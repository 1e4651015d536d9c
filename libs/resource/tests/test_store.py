"""Rows of one partition: created, read, changed and deleted by conditional writes."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from libs.errors import Conflict, NotFound
from libs.resource.store import Store

Book = Any


@pytest.fixture
def store(book: type[Model]) -> Store[Any]:
    return Store(book)


@pytest.fixture
def stored(store: Store[Any], owner: str) -> Book:
    row = store.new(owner, {"isbn": "1", "title": "Emma", "price": 5.0, "lent": True})
    store.create(row)
    return row


def test_what_is_created_can_be_read(store: Store[Any], stored: Book, owner: str) -> None:
    row = store.get(owner, "1")
    assert row.attribute_values == stored.attribute_values
    assert store.key_of(row) == "1"


def test_a_key_is_taken_once(store: Store[Any], stored: Book, owner: str) -> None:
    with pytest.raises(Conflict) as caught:
        store.create(store.new(owner, {"isbn": "1", "title": "Persuasion"}))
    assert caught.value.code == "RESOURCE_EXISTS"
    assert store.get(owner, "1").title == "Emma"


def test_one_key_in_two_partitions_is_two_rows(store: Store[Any], stored: Book, owner: str) -> None:
    store.create(store.new(owner + "2", {"isbn": "1", "title": "Persuasion"}))
    assert store.get(owner, "1").title == "Emma"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"price": 5.0},
        {"price": 0.1},
        {"price": -1e6, "lent_at": None},
        {"price": None, "lent_at": datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=UTC)},
    ],
)
def test_ones_own_write_sent_again_after_its_answer_was_lost_is_no_conflict(
    store: Store[Any], owner: str, attributes: dict[str, Any]
) -> None:
    row = store.new(owner, {"isbn": "1", "title": "Emma", **attributes})
    row.save()  # and the answer was lost
    store.create(row)
    assert store.get(owner, "1").title == "Emma"


def test_an_update_writes_what_was_sent_and_keeps_what_the_model_does_not_know(
    store: Store[Any], stored: Book, owner: str
) -> None:
    table = stored._get_connection()
    connection, name = table.connection, table.table_name
    item = connection.get_item(name, owner, "1")["Item"]
    connection.put_item(name, owner, "1", attributes={**item, "of_the_next_version": {"S": "precious"}})
    changed = store.update(owner, "1", {"title": "Persuasion"})
    assert (changed.title, changed.price, changed.lent) == ("Persuasion", 5, True)
    after = connection.get_item(name, owner, "1")["Item"]
    assert after == {**item, "of_the_next_version": {"S": "precious"}, "title": {"S": "Persuasion"}}


def test_none_removes_an_attribute(store: Store[Any], stored: Book, owner: str) -> None:
    assert store.update(owner, "1", {"price": None, "title": "Emma!"}).price is None
    table = stored._get_connection()
    assert "price" not in table.connection.get_item(table.table_name, owner, "1")["Item"]


def test_updating_what_is_not_there_makes_nothing(store: Store[Any], stored: Book, owner: str) -> None:
    for partition, key in ((owner, "2"), (owner + "2", "1")):
        with pytest.raises(NotFound):
            store.update(partition, key, {"title": "Persuasion"})
        with pytest.raises(NotFound):
            store.get(partition, key)


def test_what_is_deleted_is_gone(store: Store[Any], stored: Book, owner: str) -> None:
    store.delete(owner, "1")
    for action in (store.get, store.delete):
        with pytest.raises(NotFound):
            action(owner, "1")


def test_deleting_in_another_partition_deletes_nothing(store: Store[Any], stored: Book, owner: str) -> None:
    with pytest.raises(NotFound):
        store.delete(owner + "2", "1")
    assert store.get(owner, "1")


def test_other_errors_are_not_taken_for_a_conflict_or_for_a_missing_row(
    store: Store[Any], owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PutError("broken")

    monkeypatch.setattr(store._model, "save", broken)
    with pytest.raises(PutError, match="broken"):
        store.create(store.new(owner, {"isbn": "1", "title": "Emma"}))
