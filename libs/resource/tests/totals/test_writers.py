"""Totals are those of the rows, whoever writes at the same time and whatever goes wrong on the way."""

import json
import random
import uuid
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError

from libs.dynamodb import Item
from libs.errors import NotFound, ServiceUnavailable
from libs.resource.scope import Extent, OwnedBy
from libs.resource.store.row import Row
from libs.resource.store.store import Store
from libs.resource.store.totals import KeptTotals, Total
from libs.resource.tests.rows import Parcel, bind, only
from libs.resource.tests.totals.comparing import TOTALS, counted, groups, key_of, told, write


def churn(prefix: str, owners: list[str], seed: int, writes: int) -> int:
    """Write at random, in a process of its own; return how many writes were refused for the others."""
    if Parcel.Meta.table_name != f"{prefix}parcels":
        bind([Parcel, Total], prefix)
    store = Store(Parcel, TOTALS.check(Parcel, OwnedBy("owner")))
    chance, refused = random.Random(seed), 0  # noqa: S311 - a test is to be repeatable
    for _ in range(writes):
        owner = chance.choice(owners)
        values = {
            "open": chance.choice([True, False, None]),
            "tags": chance.sample("abcdef", 2),
            "price": chance.choice([None, 0.1, 0.2, 3]),
            "place": chance.choice("xyz"),
        }
        sent = dict(chance.sample(sorted(values.items(), key=lambda one: one[0]), 2))
        action = chance.choice(["create", "update", "update", "delete"])
        try:
            write(store, action, owner, chance.choice("1234"), sent, Extent.of({"owner": owner}))
        except ServiceUnavailable:
            refused += 1
    return refused


def test_processes_that_write_the_same_rows_at_once_lose_no_count(
    parcels: str, store: Store, totals: KeptTotals
) -> None:
    owners = [uuid.uuid4().hex for _ in range(2)]
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        refused = sum(pool.map(churn, [parcels] * 4, [owners] * 4, range(4), [60] * 4))
    assert refused < 24
    for owner in owners:
        assert told(totals, {"owner": owner}) == counted(store, totals, {"owner": owner})


def test_of_writers_that_turn_the_same_thing_over_each_counts(store: Store, totals: KeptTotals) -> None:
    owner = uuid.uuid4().hex
    extent = Extent.of({"owner": owner})
    store.create(store.new({"owner": owner, "id": "1", "open": False}), extent)

    def turn(number: int) -> None:
        store.update(key_of(owner, "1"), {"open": number % 2 == 0, "price": number}, extent)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(turn, range(40)))
    assert told(totals, {"owner": owner}) == counted(store, totals, {"owner": owner})


def test_a_write_that_changes_no_total_reads_nothing_and_is_one_request(
    store: Store, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(store.new({"owner": owner, "id": "1", "open": True}), extent)
    calls: list[str] = []
    call = type(store.table)._call

    def noted(table: Any, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return call(table, operation, arguments)

    monkeypatch.setattr(type(store.table), "_call", noted)
    store.update(key_of(owner, "1"), {"place": "x"}, extent)
    assert calls == ["UpdateItem"]
    calls.clear()
    store.update(key_of(owner, "1"), {"place": "y", "open": True}, extent)
    assert calls == ["GetItem", "UpdateItem"]


@pytest.fixture
def others(
    store: Store, totals: KeptTotals, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """What another writer changes between a read and the write, the last of them at the first read."""
    other, get, changes = Store(Parcel, totals), store.get, list[dict[str, Any]]()

    def read(key: Item, asked: Extent) -> Row:
        row = get(key, asked)
        if changes:
            other.update(key, changes.pop(), extent)
        return row

    monkeypatch.setattr(store, "get", read)
    return changes


def test_what_was_changed_between_the_read_and_the_write_is_read_again(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, others: list[dict[str, Any]]
) -> None:
    store.create(store.new({"owner": owner, "id": "1", "open": True}), extent)
    others += [{"open": False}, {"open": None}]
    # What it would change nothing of, had nobody come between.
    store.update(key_of(owner, "1"), {"open": True}, extent)
    assert not others
    assert groups(totals, {"owner": owner}, "open") == {"true": 1}
    others += [{"price": 5}, {"open": False}]
    store.delete(key_of(owner, "1"), extent)
    assert not others
    assert told(totals, {"owner": owner}) == counted(store, totals, {"owner": owner})


def test_what_left_the_extent_between_the_read_and_the_write_is_left_alone(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, others: list[dict[str, Any]]
) -> None:
    store.create(store.new({"owner": owner, "id": "1", "open": True, "place": "mine"}), extent)
    others.append({"place": "theirs"})
    mine = Extent.of({"owner": owner}, only("place", "$eq", "mine"))
    with pytest.raises(NotFound):
        store.update(key_of(owner, "1"), {"open": False}, mine)
    assert groups(totals, {"owner": owner}, "open") == {"true": 1}
    # What it does not count may change meanwhile, and the answer shows it.
    others.append({"place": "ours"})
    changed = store.update(key_of(owner, "1"), {"open": False}, extent)
    assert (changed("open"), changed("place")) == (False, "ours")


def collision() -> TransactWriteError:
    reason = CancellationReason(code="TransactionConflict", message="")
    answer = {"Error": {"Code": "TransactionCanceledException"}}
    error = VerboseClientError(answer, "TransactWriteItems", cancellation_reasons=[None, reason])
    return TransactWriteError("", error)


def test_collisions_are_tried_again_and_in_the_end_a_503(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact, errors = store.table.transact, [collision() for _ in range(3)]

    def crowded(writes: Any) -> None:
        if errors:
            raise errors.pop()
        transact(writes)

    monkeypatch.setattr(store.table, "transact", crowded)
    store.create(store.new({"owner": owner, "id": "1", "open": True}), extent)
    errors += [collision() for _ in range(3)]
    store.update(key_of(owner, "1"), {"open": False}, extent)
    assert groups(totals, {"owner": owner}, "open") == {"false": 1}
    errors += [collision() for _ in range(1000)]
    with pytest.raises(ServiceUnavailable):
        store.delete(key_of(owner, "1"), extent)
    with pytest.raises(TransactWriteError):  # a 503, too: libs.dynamodb.as_problem
        store.create(store.new({"owner": owner, "id": "2"}), extent)
    assert totals.count({"owner": owner}) == 1


def test_a_transaction_whose_answer_was_lost_counts_once(
    store: Store, totals: KeptTotals, owner: str, extent: Extent
) -> None:
    client = Parcel._get_connection().connection.client
    lost: list[str] = []

    def send(request: Any, **_: Any) -> None:
        """Send it as it is, and lose the answer."""
        if lost:
            return
        lost.append(json.loads(request.body)["ClientRequestToken"])
        client._endpoint.http_session.send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    events = client.meta.events
    events.register("before-send.dynamodb.TransactWriteItems", send)
    try:
        store.create(store.new({"owner": owner, "id": "1", "price": 5}), extent)
        assert lost
        lost.clear()
        store.update(key_of(owner, "1"), {"price": 7}, extent)
    finally:
        events.unregister("before-send.dynamodb.TransactWriteItems", send)
    assert totals.count({"owner": owner}) == 1
    assert totals.sum({"owner": owner}, "price").sum == 7


def test_other_errors_go_on(
    store: Store, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        answer = {"Error": {"Code": "ValidationException", "Message": ""}}
        raise TransactWriteError("", VerboseClientError(answer, "TransactWriteItems"))

    store.create(store.new({"owner": owner, "id": "1"}), extent)
    monkeypatch.setattr(store.table, "transact", broken)
    for refused in (
        lambda: store.create(store.new({"owner": owner, "id": "2"}), extent),
        lambda: store.update(key_of(owner, "1"), {"open": True}, extent),
        lambda: store.delete(key_of(owner, "1"), extent),
    ):
        with pytest.raises((TransactWriteError, ClientError)):
            refused()
