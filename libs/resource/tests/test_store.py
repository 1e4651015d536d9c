"""Rows: created, read, changed and deleted by conditional writes, within what the caller may reach."""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from libs.dynamodb import ConditionFailed, Database, Item, Put
from libs.errors import Conflict, Forbidden, InvalidBody, NotFound, PreconditionFailed, ServiceUnavailable
from libs.resource.query.derived import LowercaseAttribute
from libs.resource.query.operators import OPERATORS
from libs.resource.query.where import Either, Test
from libs.resource.scope import Extent
from libs.resource.store.row import Row
from libs.resource.store.store import Store


class ByTitle(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-title"
        projection = KeysOnlyProjection()

    title_lower = UnicodeAttribute(hash_key=True)


class Volume(Model):
    class Meta:
        table_name = "volumes"

    owner = UnicodeAttribute(hash_key=True)
    isbn = UnicodeAttribute(range_key=True)
    title = UnicodeAttribute()
    title_lower = LowercaseAttribute("title")
    price = NumberAttribute(null=True, attr_name="p")
    lent = BooleanAttribute(default_for_new=False)
    lent_at = UTCDateTimeAttribute(null=True)
    tags = UnicodeSetAttribute(null=True)
    size: Any = MapAttribute(null=True)
    notes = JSONAttribute(null=True)
    by_title = ByTitle()


class Page(Model):
    class Meta:
        table_name = "pages"

    id = UnicodeAttribute(hash_key=True)
    group = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    version = VersionAttribute()


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[Database]:
    made = Database(
        [Volume, Page],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=f"test-{uuid.uuid4().hex}-",
    )
    made.create_tables()
    yield made
    made.delete_tables()


@pytest.fixture
def store() -> Store:
    return Store(Volume)


@pytest.fixture
def owner() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def extent(owner: str) -> Extent:
    return Extent.of({"owner": owner})


@pytest.fixture
def stored(store: Store, owner: str, extent: Extent) -> Row:
    values = {"owner": owner, "isbn": "1", "title": "Emma", "price": 5.0, "tags": {"a", "b"}}
    return store.create(store.new(values), extent)


@pytest.fixture
def key(store: Store, stored: Row) -> Item:
    return store.key_of(stored)


@pytest.fixture
def pages() -> Store:
    return Store(Page)


@pytest.fixture
def page(pages: Store, owner: str) -> Row:
    return pages.create(pages.new({"id": owner, "group": "red", "text": "x"}), Extent())


def only(field: str, operator: str, operand: Any) -> Test:
    return Test(field, OPERATORS[operator], operand, negated=False)


def test_what_is_created_can_be_read(store: Store, stored: Row, key: Item, extent: Extent) -> None:
    row = store.get(key, extent)
    assert row.model().attribute_values == stored.model().attribute_values
    assert (row("title"), row("title_lower"), row("price"), row("lent")) == ("Emma", "emma", 5, False)
    assert "lent_at" not in row.item


def test_a_key_is_taken_once(store: Store, owner: str, key: Item, extent: Extent) -> None:
    with pytest.raises(Conflict) as caught:
        store.create(store.new({"owner": owner, "isbn": "1", "title": "Persuasion"}), extent)
    assert caught.value.code == "RESOURCE_EXISTS"
    assert store.get(key, extent)("title") == "Emma"


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"price": 5.0, "tags": {"b", "a", "c"}},
        {"price": 0.1},
        {"price": -1e6, "lent_at": None},
        {"price": None, "lent_at": datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=UTC), "size": {"w": 1.0}},
    ],
)
def test_ones_own_write_sent_again_after_its_answer_was_lost_is_no_conflict(
    store: Store,
    owner: str,
    extent: Extent,
    attributes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = store.new({"owner": owner, "isbn": "1", "title": "Emma", **attributes})
    store.table.write(Put(row.item))  # and the answer was lost

    def refuse(*_: object) -> None:
        raise ConditionFailed(sent_again=True)

    with pytest.raises(Conflict):  # sent once, it is somebody else's
        store.create(row, extent)
    monkeypatch.setattr(store.table, "write", refuse)
    assert store.create(row, extent) is row


def test_an_update_writes_what_was_sent_and_keeps_what_the_model_does_not_know(
    store: Store, key: Item, extent: Extent
) -> None:
    item = {**(store.table.get(key)[0] or {}), "of_the_next_version": {"S": "precious"}}
    store.table.write(Put(item))
    changed = store.update(key, {"title": "Persuasion"}, extent)
    assert (changed("title"), changed("price"), changed("lent")) == ("Persuasion", 5, False)
    after = store.table.get(key)[0]
    assert after == {**item, "title": {"S": "Persuasion"}, "title_lower": {"S": "persuasion"}}
    assert changed.item == after


def test_null_and_an_empty_set_remove_an_attribute(store: Store, key: Item, extent: Extent) -> None:
    changed = store.update(key, {"price": None, "tags": set(), "title": "Emma!"}, extent)
    assert (changed("price"), changed("tags"), changed("title")) == (None, None, "Emma!")
    assert {"p", "tags"}.isdisjoint(store.table.get(key)[0] or {})


@pytest.mark.parametrize("value", [{"S": "x"}, {"N": "x"}, {"NULL": True}, {"M": {}}, {"S": None}])
def test_a_value_that_looks_like_one_of_dynamodbs_is_stored_as_it_is(
    store: Store, key: Item, extent: Extent, value: Any
) -> None:
    store.update(key, {"notes": value}, extent)
    assert store.get(key, extent)("notes") == value
    if None not in value.values():
        store.update(key, {"size": value}, extent)
        assert store.get(key, extent)("size") == value


def test_an_update_of_nothing_changes_nothing(store: Store, key: Item, stored: Row, extent: Extent) -> None:
    assert store.update(key, {}, extent)("title") == "Emma"


def test_updating_what_is_not_there_makes_nothing(
    store: Store, stored: Row, owner: str, extent: Extent
) -> None:
    for partition, isbn in ((owner, "2"), (owner + "2", "1")):
        key = {"owner": {"S": partition}, "isbn": {"S": isbn}}
        for asked in (extent, Extent.of({"owner": partition}), Extent()):
            with pytest.raises(NotFound):
                store.update(key, {"title": "Persuasion"}, asked)
            with pytest.raises(NotFound):
                store.get(key, asked)
        assert store.table.get(key)[0] is None


def test_what_is_deleted_is_gone(store: Store, key: Item, extent: Extent) -> None:
    assert store.delete(key, extent)("title") == "Emma"
    for action in (store.get, store.delete):
        with pytest.raises(NotFound):
            action(key, extent)


def test_a_row_out_of_the_extent_is_not_there(store: Store, key: Item, extent: Extent) -> None:
    other = Extent.of({"owner": "somebody else"})
    lent = Extent.of({}, only("lent", "$eq", True))
    for asked in (other, lent):
        with pytest.raises(NotFound):
            store.get(key, asked)
        with pytest.raises(NotFound):
            store.update(key, {"title": "Mine!"}, asked)
        with pytest.raises(NotFound):
            store.delete(key, asked)
    assert store.get(key, extent)("title") == "Emma"


def test_nobody_moves_a_row_out_of_their_own_sight(pages: Store, page: Row) -> None:
    key, red = pages.key_of(page), Extent.of({"group": "red"})
    with pytest.raises(Forbidden) as caught:
        pages.update(key, {"group": "blue"}, red)
    assert caught.value.code == "OUT_OF_SCOPE"
    # Where it stays in sight by one of two ways, it may leave the other.
    either = Extent({}, Either((only("group", "$eq", "red"), only("text", "$eq", "x"))))
    assert pages.update(key, {"group": "blue"}, either)("group") == "blue"
    with pytest.raises(Forbidden):
        pages.update(key, {"text": "y"}, either)
    with pytest.raises(Forbidden):
        pages.create(pages.new({"id": uuid.uuid4().hex, "group": "blue"}), red)


def test_a_version_is_what_was_seen(pages: Store, page: Row) -> None:
    key = pages.key_of(page)
    assert pages.version_of(page) == 1
    changed = pages.update(key, {"text": "y"}, Extent(), versions=(7, 1))
    assert pages.version_of(changed) == 2
    with pytest.raises(PreconditionFailed):
        pages.update(key, {"text": "z"}, Extent(), versions=(1,))
    with pytest.raises(PreconditionFailed):
        pages.delete(key, Extent(), versions=(1, 3))
    assert pages.get(key, Extent())("text") == "y"
    assert pages.delete(key, Extent(), versions=(2,))("text") == "y"


def test_what_has_no_version_is_not_the_one_that_was_seen(
    store: Store, key: Item, extent: Extent, pages: Store, page: Row
) -> None:
    for versions in ((1,), ()):
        with pytest.raises(PreconditionFailed):
            store.update(key, {"title": "x"}, extent, versions=versions)
        with pytest.raises(PreconditionFailed):
            store.delete(key, extent, versions=versions)
    with pytest.raises(PreconditionFailed):
        pages.update(pages.key_of(page), {"text": "y"}, Extent(), versions=())
    assert store.get(key, extent)("title") == "Emma"


def test_more_versions_than_a_condition_takes_are_no_error(pages: Store, page: Row) -> None:
    key = pages.key_of(page)
    with pytest.raises(PreconditionFailed):
        pages.update(key, {"text": "y"}, Extent(), versions=tuple(range(2, 200)))
    assert pages.update(key, {"text": "y"}, Extent(), versions=tuple(range(200)))("text") == "y"
    assert pages.delete(key, Extent(), versions=tuple(range(200)))("text") == "y"


@pytest.mark.parametrize("title", ["", "x" * 2049, "é" * 1025])
def test_what_no_index_takes_is_told_by_the_field_it_is_from(
    store: Store, key: Item, owner: str, extent: Extent, title: str
) -> None:
    for write in (
        lambda: store.update(key, {"title": title}, extent),
        lambda: store.create(store.new({"owner": owner, "isbn": "2", "title": title}), extent),
    ):
        with pytest.raises(InvalidBody) as caught:
            write()
        assert [fault.pointer for fault in caught.value.errors] == ["/title"]
    with pytest.raises(InvalidBody) as caught:
        store.create(store.new({"owner": owner, "isbn": "x" * 1025, "title": "x" * 2048}), extent)
    assert [fault.pointer for fault in caught.value.errors] == ["/isbn"]
    store.create(store.new({"owner": owner, "isbn": "x" * 1024, "title": "x" * 2048}), extent)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "UpdateItem")


def test_a_write_that_meets_a_transaction_is_done_again(
    store: Store, key: Item, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, errors = store.table.write, [refused("TransactionConflictException")] * 3

    def crowded(*arguments: Any) -> Any:
        if errors:
            raise errors.pop()
        return write(*arguments)

    monkeypatch.setattr(store.table, "write", crowded)
    assert store.update(key, {"title": "Emma!"}, extent)("title") == "Emma!"


def test_other_errors_are_not_taken_for_a_conflict_or_for_a_missing_row(
    store: Store, owner: str, key: Item, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise refused("ValidationException")

    monkeypatch.setattr(store.table, "_call", broken)
    for write in (
        lambda: store.create(store.new({"owner": owner, "isbn": "2", "title": "Emma"}), extent),
        lambda: store.update(key, {"title": "Emma"}, extent),
        lambda: store.delete(key, extent),
    ):
        with pytest.raises(ClientError, match="ValidationException"):
            write()


def test_who_loses_a_race_that_is_over_may_try_again(
    store: Store, key: Item, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object) -> None:
        raise ConditionFailed

    monkeypatch.setattr(store.table, "write", lost)
    with pytest.raises(ServiceUnavailable):
        store.update(key, {"title": "Emma!"}, extent)


def test_all_rows_are_read_however_many(store: Store, owner: str, extent: Extent, stored: Row) -> None:
    with Volume.batch_write() as batch:
        for number in range(1200):
            batch.save(Volume(owner, f"n{number}", title="x"))
    assert sum(1 for _ in store.all_rows(extent)) == 1201
    assert sum(1 for _ in store.all_rows(Extent.of({"owner": owner, "lent": False}))) == 1201
