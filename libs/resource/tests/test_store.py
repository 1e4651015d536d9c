"""Rows: created, read, changed and deleted by conditional writes, within what the caller may reach."""

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from libs.dynamodb import ConditionFailed, Item, Put
from libs.errors import Conflict, Forbidden, InvalidBody, NotFound, PreconditionFailed, ServiceUnavailable
from libs.resource.query.where import Either
from libs.resource.scope import Extent
from libs.resource.store.row import Row
from libs.resource.store.store import Store
from libs.resource.tests.rows import Job, Parcel, only


@pytest.fixture
def store(parcels: str) -> Store:
    return Store(Parcel)


@pytest.fixture
def stored(store: Store, owner: str, extent: Extent) -> Row:
    values = {"owner": owner, "id": "1", "label": "Emma", "price": 5.0, "marks": {"a", "b"}}
    return store.create(store.new(values), extent)


@pytest.fixture
def key(store: Store, stored: Row) -> Item:
    return store.key_of(stored)


@pytest.fixture
def jobs(parcels: str) -> Store:
    return Store(Job)


@pytest.fixture
def job(jobs: Store, owner: str) -> Row:
    return jobs.create(jobs.new({"id": owner, "team": "red", "text": "x"}), Extent())


def test_what_is_created_can_be_read(store: Store, stored: Row, key: Item, extent: Extent) -> None:
    row = store.get(key, extent)
    assert row.model().attribute_values == stored.model().attribute_values
    assert (row("label"), row("label_lower"), row("price"), row("lost")) == ("Emma", "emma", 5, False)
    assert "sent" not in row.item


def test_a_key_is_taken_once(store: Store, owner: str, key: Item, extent: Extent) -> None:
    with pytest.raises(Conflict) as caught:
        store.create(store.new({"owner": owner, "id": "1", "label": "Persuasion"}), extent)
    assert caught.value.code == "RESOURCE_EXISTS"
    assert store.get(key, extent)("label") == "Emma"


def test_an_update_writes_what_was_sent_and_keeps_what_the_model_does_not_know(
    store: Store, key: Item, extent: Extent
) -> None:
    item = {**(store.table.get(key)[0] or {}), "of_the_next_version": {"S": "precious"}}
    store.table.write(Put(item))
    changed = store.update(key, {"label": "Persuasion"}, extent)
    assert (changed("label"), changed("price"), changed("lost")) == ("Persuasion", 5, False)
    after = store.table.get(key)[0]
    assert after == {**item, "label": {"S": "Persuasion"}, "label_lower": {"S": "persuasion"}}
    assert changed.item == after


def test_null_and_an_empty_set_remove_an_attribute(store: Store, key: Item, extent: Extent) -> None:
    changed = store.update(key, {"price": None, "marks": set(), "label": "Emma!"}, extent)
    assert (changed("price"), changed("marks"), changed("label")) == (None, None, "Emma!")
    assert {"p", "marks"}.isdisjoint(store.table.get(key)[0] or {})


@pytest.mark.parametrize("value", [{"S": "x"}, {"N": "x"}, {"NULL": True}, {"M": {}}, {"S": None}])
def test_a_value_that_looks_like_one_of_dynamodbs_is_stored_as_it_is(
    store: Store, key: Item, extent: Extent, value: Any
) -> None:
    store.update(key, {"extra": value}, extent)
    assert store.get(key, extent)("extra") == value
    if None not in value.values():
        store.update(key, {"box": value}, extent)
        assert store.get(key, extent)("box") == value


def test_an_update_of_nothing_changes_nothing(store: Store, key: Item, stored: Row, extent: Extent) -> None:
    assert store.update(key, {}, extent)("label") == "Emma"


def test_updating_what_is_not_there_makes_nothing(
    store: Store, stored: Row, owner: str, extent: Extent
) -> None:
    for partition, number in ((owner, "2"), (owner + "2", "1")):
        key = {"owner": {"S": partition}, "id": {"S": number}}
        for asked in (extent, Extent.of({"owner": partition}), Extent()):
            with pytest.raises(NotFound):
                store.update(key, {"label": "Persuasion"}, asked)
            with pytest.raises(NotFound):
                store.get(key, asked)
        assert store.table.get(key)[0] is None


def test_what_is_deleted_is_gone(store: Store, key: Item, extent: Extent) -> None:
    assert store.delete(key, extent)("label") == "Emma"
    for action in (store.get, store.delete):
        with pytest.raises(NotFound):
            action(key, extent)


def test_a_row_out_of_the_extent_is_not_there(store: Store, key: Item, extent: Extent) -> None:
    other = Extent.of({"owner": "somebody else"})
    lost = Extent.of({}, only("lost", "$eq", True))
    for asked in (other, lost):
        with pytest.raises(NotFound):
            store.get(key, asked)
        with pytest.raises(NotFound):
            store.update(key, {"label": "Mine!"}, asked)
        with pytest.raises(NotFound):
            store.delete(key, asked)
    assert store.get(key, extent)("label") == "Emma"


def test_nobody_moves_a_row_out_of_their_own_sight(jobs: Store, job: Row) -> None:
    key, red = jobs.key_of(job), Extent.of({"team": "red"})
    with pytest.raises(Forbidden) as caught:
        jobs.update(key, {"team": "blue"}, red)
    assert caught.value.code == "OUT_OF_SCOPE"
    # Where it stays in sight by one of two ways, it may leave the other.
    either = Extent({}, Either((only("team", "$eq", "red"), only("text", "$eq", "x"))))
    assert jobs.update(key, {"team": "blue"}, either)("team") == "blue"
    with pytest.raises(Forbidden):
        jobs.update(key, {"text": "y"}, either)
    with pytest.raises(Forbidden):
        jobs.create(jobs.new({"id": uuid.uuid4().hex, "team": "blue"}), red)


def test_a_version_is_what_was_seen(jobs: Store, job: Row) -> None:
    key = jobs.key_of(job)
    assert jobs.version_of(job) == 1
    changed = jobs.update(key, {"text": "y"}, Extent(), versions=(7, 1))
    assert jobs.version_of(changed) == 2
    with pytest.raises(PreconditionFailed):
        jobs.update(key, {"text": "z"}, Extent(), versions=(1,))
    with pytest.raises(PreconditionFailed):
        jobs.delete(key, Extent(), versions=(1, 3))
    assert jobs.get(key, Extent())("text") == "y"
    assert jobs.delete(key, Extent(), versions=(2,))("text") == "y"


def test_what_has_no_version_is_not_the_one_that_was_seen(
    store: Store, key: Item, extent: Extent, jobs: Store, job: Row
) -> None:
    for versions in ((1,), ()):
        with pytest.raises(PreconditionFailed):
            store.update(key, {"label": "x"}, extent, versions=versions)
        with pytest.raises(PreconditionFailed):
            store.delete(key, extent, versions=versions)
    with pytest.raises(PreconditionFailed):
        jobs.update(jobs.key_of(job), {"text": "y"}, Extent(), versions=())
    assert store.get(key, extent)("label") == "Emma"


def test_more_versions_than_a_condition_takes_are_no_error(jobs: Store, job: Row) -> None:
    key = jobs.key_of(job)
    with pytest.raises(PreconditionFailed):
        jobs.update(key, {"text": "y"}, Extent(), versions=tuple(range(2, 200)))
    assert jobs.update(key, {"text": "y"}, Extent(), versions=tuple(range(200)))("text") == "y"
    assert jobs.delete(key, Extent(), versions=tuple(range(200)))("text") == "y"


@pytest.mark.parametrize("label", ["", "x" * 2049, "é" * 1025])
def test_what_no_index_takes_is_told_by_the_field_it_is_from(
    store: Store, key: Item, owner: str, extent: Extent, label: str
) -> None:
    for write in (
        lambda: store.update(key, {"label": label}, extent),
        lambda: store.create(store.new({"owner": owner, "id": "2", "label": label}), extent),
    ):
        with pytest.raises(InvalidBody) as caught:
            write()
        assert [fault.pointer for fault in caught.value.errors] == ["/label"]
    with pytest.raises(InvalidBody) as caught:
        store.create(store.new({"owner": owner, "id": "x" * 1025, "label": "x" * 2048}), extent)
    assert [fault.pointer for fault in caught.value.errors] == ["/id"]
    store.create(store.new({"owner": owner, "id": "x" * 1024, "label": "x" * 2048}), extent)


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
    assert store.update(key, {"label": "Emma!"}, extent)("label") == "Emma!"


def test_other_errors_are_not_taken_for_a_conflict_or_for_a_missing_row(
    store: Store, owner: str, key: Item, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise refused("ValidationException")

    monkeypatch.setattr(store.table, "_call", broken)
    for write in (
        lambda: store.create(store.new({"owner": owner, "id": "2", "label": "Emma"}), extent),
        lambda: store.update(key, {"label": "Emma"}, extent),
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
        store.update(key, {"label": "Emma!"}, extent)


def test_all_rows_are_read_however_many(store: Store, owner: str, extent: Extent, stored: Row) -> None:
    with Parcel.batch_write() as batch:
        for number in range(1200):
            batch.save(Parcel(owner, f"n{number}", label="x"))
    assert sum(1 for _ in store.all_rows(extent)) == 1201
    assert sum(1 for _ in store.all_rows(Extent.of({"owner": owner, "lost": False}))) == 1201
