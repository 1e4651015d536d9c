"""Writes whose answer is lost, so that they are sent again: they are told as what they did."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.attributes import (
    BinaryAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    VersionAttribute,
)
from pynamodb.models import Model

from libs.dynamodb import Put
from libs.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from libs.jwt import Caller
from libs.resilience import RetryBudget
from libs.resource import IsOwner, after
from libs.resource.scope import Extent, OwnedBy
from libs.resource.store.row import Row
from libs.resource.store.store import Store
from libs.resource.store.totals import Totals
from libs.resource.tests.conftest import Made
from libs.resource.tests.library import BookResource, Plain, PlainResource
from libs.resource.tests.rows import Job, Parcel, tables

ONE = (1,)


class Side(MapAttribute[Any, Any]):
    height = NumberAttribute(null=True)
    holes = NumberSetAttribute(null=True)


class Crate(Model):
    """Has maps of a class of their own, which as Python values equal nothing but themselves."""

    class Meta:
        table_name = "crates"

    id = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)
    front: Any = Side(null=True)
    sides: Any = ListAttribute(of=Side, null=True)
    bag: Any = MapAttribute(null=True)
    seal = BinaryAttribute(legacy_encoding=False, null=True)
    version = VersionAttribute()


@contextmanager
def lost(
    model: type[Model], operation: str, meanwhile: Callable[[], Any] | None = None
) -> Iterator[list[str]]:
    """Let the first request of an operation be done and its answer be lost; it is sent again.

    :param meanwhile: what others do before it is sent again.
    """
    connection = model._get_connection().connection
    connection.calls.budget = RetryBudget(share=1.0)  # more answers are lost here than anywhere else
    client = connection.client
    sent: list[str] = []

    def send(request: Any, **_: Any) -> None:
        sent.append(operation)
        if len(sent) == 1:
            client._endpoint.http_session.send(request)
            if meanwhile:
                meanwhile()
            raise ReadTimeoutError(endpoint_url=request.url)

    events, name = client.meta.events, f"before-send.dynamodb.{operation}"
    events.register(name, send)
    try:
        yield sent
    finally:
        events.unregister(name, send)
    assert len(sent) > 1, "nothing was sent again, and the test shows nothing"


@pytest.fixture
def jobs(parcels: str) -> Store:
    return Store(Job)


@pytest.fixture
def job(jobs: Store, owner: str) -> Row:
    return jobs.create(jobs.new({"id": owner, "team": "red", "text": "x", "priority": 5}), Extent())


@pytest.fixture
def parcel(parcels: str, owner: str) -> Row:
    store = Store(Parcel)
    return store.create(store.new({"owner": owner, "id": "1", "label": "x", "marks": {"a", "b"}}), Extent())


@pytest.fixture(scope="module")
def crates() -> Iterator[Store]:
    with tables(Crate):
        yield Store(Crate)


def crate(height: float) -> dict[str, Any]:
    side = {"height": height, "holes": {3.0, 1, 2.5}}
    bag = {"a": [1.0, {"b": 1e23}], "c": None}
    return {"front": Side(**side), "sides": [Side(**side), Side()], "bag": bag, "seal": b"\x00\xff"}


def test_writes_of_rows_with_maps_are_told_as_done(crates: Store, key: str) -> None:
    made = crates.new({"id": key, **crate(5.0)})
    with lost(Crate, "PutItem"):
        assert crates.create(made, Extent()) is made
    stored = crates.key_of(made)
    with lost(Crate, "UpdateItem"):
        assert crates.update(stored, crate(6), Extent(), versions=ONE)("version") == 2
    seen = crates.get(stored, Extent())
    with lost(Crate, "UpdateItem"):
        assert crates.update(stored, {"text": "x"}, Extent(), seen=seen)("version") == 3
    assert crates.get(stored, Extent())("front").height == 6


def test_another_map_is_not_told_as_done(crates: Store, key: str) -> None:
    made = crates.create(crates.new({"id": key, **crate(5)}), Extent())
    with lost(Crate, "PutItem"), pytest.raises(Conflict):
        crates.create(crates.new({"id": key, **crate(6)}), Extent())
    stored = crates.key_of(made)
    crates.update(stored, {"sides": [Side(height=7)]}, Extent())
    for expected in ({"versions": ONE}, {"seen": made}):
        with lost(Crate, "UpdateItem"), pytest.raises(PreconditionFailed):
            crates.update(stored, crate(5), Extent(), **expected)


def test_a_creation_is_told_as_done(jobs: Store, owner: str) -> None:
    made = jobs.new({"id": owner, "priority": 5.0})
    with lost(Job, "PutItem"):
        assert jobs.create(made, Extent()) is made
    other = jobs.new({"id": owner, "priority": 6})
    with lost(Job, "PutItem"), pytest.raises(Conflict):
        jobs.create(other, Extent())


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"price": 5.0, "marks": {"b", "a", "c"}},
        {"price": 0.1},
        {"price": -1e6, "sent": None},
        {"price": None, "sent": datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=UTC), "box": {"w": 1.0}},
    ],
)
def test_so_is_one_of_whatever_values(parcels: str, owner: str, attributes: dict[str, Any]) -> None:
    store = Store(Parcel)
    row = store.new({"owner": owner, "id": "1", "label": "Emma", **attributes})
    with lost(Parcel, "PutItem"):
        assert store.create(row, Extent()) is row
    with pytest.raises(Conflict):  # sent once, it is somebody else's
        store.create(row, Extent())


def test_an_update_of_a_version_is_told_as_done(jobs: Store, job: Row) -> None:
    with lost(Job, "UpdateItem"):
        changed = jobs.update(jobs.key_of(job), {"text": "y", "team": None}, Extent(), versions=ONE)
    assert (changed("text"), changed("team"), changed("version")) == ("y", None, 2)
    assert jobs.get(jobs.key_of(job), Extent()).item == changed.item


def test_an_update_of_what_was_seen_is_told_as_done(jobs: Store, job: Row, parcel: Row) -> None:
    with lost(Job, "UpdateItem"):
        assert jobs.update(jobs.key_of(job), {"priority": 7.5}, Extent(), seen=job)("version") == 2
    parcels = Store(Parcel)
    with lost(Parcel, "UpdateItem"):
        changed = parcels.update(parcels.key_of(parcel), {"label": "Ypsilon"}, Extent(), seen=parcel)
    assert (changed("label"), changed("label_lower"), changed("marks")) == ("Ypsilon", "ypsilon", {"a", "b"})


def test_an_update_is_not_told_as_done_where_another_took_its_place(
    jobs: Store, job: Row, parcel: Row
) -> None:
    key = jobs.key_of(job)

    def others() -> None:
        jobs.update(key, {"text": "z"}, Extent())

    with lost(Job, "UpdateItem", others), pytest.raises(PreconditionFailed):
        jobs.update(key, {"text": "y"}, Extent(), versions=ONE)
    parcels = Store(Parcel)
    other = parcels.key_of(parcel)

    def more() -> None:
        parcels.update(other, {"place": "z"}, Extent())

    with lost(Parcel, "UpdateItem", more), pytest.raises(PreconditionFailed):
        parcels.update(other, {"label": "y"}, Extent(), seen=parcel)
    with lost(Job, "UpdateItem", lambda: jobs.delete(key, Extent())), pytest.raises(NotFound):
        jobs.update(key, {"text": "y"}, Extent(), versions=(3,))


@pytest.mark.parametrize("change", [{"text": "z"}, {"priority": 6}])
def test_a_write_that_was_never_done_is_not_told_as_done(jobs: Store, job: Row, change: Any) -> None:
    """Others made the next version before it came at all; that it was sent again shows nothing."""
    key = jobs.key_of(job)
    jobs.update(key, change, Extent())
    for expected in ({"versions": ONE}, {"seen": job}):
        with lost(Job, "UpdateItem"), pytest.raises(PreconditionFailed):
            jobs.update(key, {"text": "y"}, Extent(), **expected)
        with lost(Job, "DeleteItem"), pytest.raises(PreconditionFailed):
            jobs.delete(key, Extent(), **expected)
    assert jobs.get(key, Extent())("version") == 2


def test_an_update_out_of_the_extent_stays_refused(jobs: Store, job: Row) -> None:
    red = Extent.of({"team": "red"})
    jobs.update(jobs.key_of(job), {"team": "blue"}, Extent())
    with lost(Job, "UpdateItem"), pytest.raises(NotFound):
        jobs.update(jobs.key_of(job), {"text": "y"}, red, versions=ONE)
    with lost(Job, "DeleteItem"), pytest.raises(NotFound):
        jobs.delete(jobs.key_of(job), red, versions=(2,))


def test_a_deletion_is_told_as_done(jobs: Store, job: Row, parcel: Row) -> None:
    with lost(Job, "DeleteItem"):
        assert jobs.delete(jobs.key_of(job), Extent(), seen=job)("text") == "x"
    parcels = Store(Parcel)
    with lost(Parcel, "DeleteItem"):
        assert parcels.delete(parcels.key_of(parcel), Extent(), seen=parcel).item == parcel.item
    for store, row in ((jobs, job), (parcels, parcel)):
        with pytest.raises(NotFound):
            store.get(store.key_of(row), Extent())


def test_what_nobody_saw_and_is_gone_is_not_told_as_deleted(jobs: Store, job: Row, owner: str) -> None:
    """It may never have been there."""
    never = {"id": {"S": f"{owner} never"}}
    for expected in ({}, {"versions": ONE}):
        for key in (never, jobs.key_of(job)):
            with lost(Job, "DeleteItem"), pytest.raises(NotFound):
                jobs.delete(key, Extent(), **expected)


def test_a_row_made_anew_is_not_told_as_deleted(jobs: Store, job: Row) -> None:
    with lost(Job, "DeleteItem", lambda: jobs.create(job, Extent())):
        # Its version is 1 again, so it is deleted again.
        jobs.delete(jobs.key_of(job), Extent(), versions=ONE)
    jobs.create(job, Extent())
    anew = jobs.new({"id": job("id"), "team": "blue"})

    def others() -> None:
        jobs.table.write(Put({**anew.item, "version": {"N": "7"}}))

    with lost(Job, "DeleteItem", others), pytest.raises(PreconditionFailed):
        jobs.delete(jobs.key_of(job), Extent(), versions=ONE)


def test_an_update_that_counts_nothing_is_told_as_done_beside_totals(parcels: str, owner: str) -> None:
    store = Store(Job, Totals(counts=("priority",)).check(Job, OwnedBy("team")))
    extent = Extent.of({"team": owner})
    made = store.create(store.new({"id": owner, "team": owner, "priority": 5}), extent)
    with lost(Job, "UpdateItem"):
        # Of what is counted, and no count changes: no transaction.
        changed = store.update(store.key_of(made), {"priority": 5, "text": "y"}, extent, versions=ONE)
    assert (changed("text"), changed("version")) == ("y", 2)


class Heard(BookResource):
    """Tells what its hooks are given."""

    permissions = (IsOwner("owner"),)
    heard: list[str]

    @after("update", "replace", "delete")
    def listen(self, item: Any) -> None:
        self.heard.append(item.title)


def test_actions_go_on_after_a_write_that_was_sent_again(make: Made, ada: Caller) -> None:
    books = make(Heard)
    Heard.heard = []
    books.create({"isbn": "1", "title": "Emma"}, ada)
    model = BookResource.model
    with lost(model, "UpdateItem"):
        assert books.update("1", {"title": "Persuasion"}, ada, '"1"')("version") == 2
    with lost(model, "UpdateItem"):
        assert books.replace("1", {"title": "Sanditon"}, ada)("version") == 3
    with lost(model, "DeleteItem"):
        books.delete("1", ada, '"3"')
    assert Heard.heard == ["Persuasion", "Sanditon", "Sanditon"]


def test_what_others_took_over_meanwhile_is_refused_after_all(make: Made, key: str, ada: Caller) -> None:
    plain = make(type("Owned", (PlainResource,), {"permissions": (IsOwner("author"),)}))
    plain.create({"id": key, "author": ada.subject}, ada)

    def take_over() -> None:
        Plain.get(key).update(actions=[Plain.author.set("eve")])

    with lost(Plain, "UpdateItem", take_over), pytest.raises(Forbidden):
        plain.update(key, {"text": "x"}, ada)
