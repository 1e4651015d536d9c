"""The relay: what the broker lost is published again."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from pynamodb.exceptions import UpdateError

from libs.tasks import Operation, TaskRuntime, asynctask, relay
from libs.tasks.operation import FIRST_LOOK_SECONDS

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]

MOST_IN_AN_ITEM = 400 * 1024
"""Bytes (an AWS limit)."""


@asynctask
def greet() -> str:
    """A task to relay."""
    return "hello"


def past() -> float:
    return time.time() - 1


def test_what_could_not_be_published_is_published_by_the_relay(
    runtime_of: Runtimes, broker: Any, read: Read
) -> None:
    runtime = runtime_of(greet)
    broker.down = True
    with runtime.active():
        operation = greet()
    broker.down = False
    assert runtime.relay() == 0, "the row is not due yet"
    operation.update([Operation.due.set(past())])
    assert runtime.relay() == 1
    assert broker.published == [(greet.name, operation.id)]
    runtime.run(operation.id)
    assert read(operation.id).result == "hello"


def test_an_outage_of_the_broker_puts_no_row_off(
    runtime_of: Runtimes, stored: Store, broker: Any, read: Read
) -> None:
    runtime, operation = runtime_of(greet), stored(task=greet.name, due=past())
    broker.down = True
    assert [runtime.relay() for _ in range(3)] == [0, 0, 0]
    assert read(operation.id).publications == 1
    broker.down = False
    assert runtime.relay() == 1


def test_the_relay_sends_a_hint_to_the_queue_and_with_the_priority_of_the_call(
    runtime_of: Runtimes, stored: Store, broker: Any
) -> None:
    runtime = runtime_of(greet)
    stored(task=greet.name, due=past(), queue="slow", priority=8)
    abandoned = {"status": "running", "run_id": "dead", "attempts": 1, "publications": 0}
    stored(task=greet.name, due=past() - 1, queue="other", priority=0, **abandoned)
    assert runtime.relay() == 2
    assert broker.places == [("other", 0), ("slow", 8)]


def test_a_new_row_is_looked_at_after_five_seconds(stored: Store) -> None:
    assert FIRST_LOOK_SECONDS == 5
    assert 3 < stored().due - time.time() <= 5


def test_rows_that_are_not_due_are_left_alone(runtime_of: Runtimes, stored: Store, broker: Any) -> None:
    stored(due=time.time() + 60)
    finished = stored(due=past())
    finished.claim(30)
    finished.finish(result=1)
    assert runtime_of(greet).relay() == 0
    assert broker.published == []


def test_a_running_row_is_published_when_its_lease_has_lapsed_and_not_before(
    runtime_of: Runtimes, stored: Store, broker: Any
) -> None:
    runtime = runtime_of(greet)
    operation = stored(task=greet.name)
    operation.claim(30)
    assert runtime.relay() == 0
    operation.update([Operation.due.set(past())])
    assert runtime.relay() == 1
    assert broker.ids == [operation.id]


def test_a_run_whose_worker_died_is_done_by_another(
    runtime_of: Runtimes, stored: Store, broker: Any, read: Read
) -> None:
    runtime = runtime_of(greet)
    abandoned = stored(task=greet.name)
    abandoned.claim(30)
    abandoned.update([Operation.due.set(past())])
    runtime.relay()
    runtime.run(broker.ids[0])
    row = read(abandoned.id)
    assert (row.status, row.result, row.attempts) == ("succeeded", "hello", 2)


def test_a_row_taken_on_is_not_due_again_at_once(runtime_of: Runtimes, stored: Store, broker: Any) -> None:
    runtime = runtime_of(greet)
    stored(task=greet.name, due=past())
    assert [runtime.relay(), runtime.relay()] == [1, 0]


def test_two_relays_at_once_publish_a_row_once(runtime_of: Runtimes, stored: Store, broker: Any) -> None:
    runtime = runtime_of(greet)
    ids = {stored(task=greet.name, due=past()).id for _ in range(20)}
    start, counts = threading.Barrier(2), []

    def relay() -> None:
        start.wait()
        counts.append(runtime.relay())

    threads = [threading.Thread(target=relay) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 20
    assert sorted(broker.ids) == sorted(ids)


def test_the_longest_due_rows_come_first_and_a_dead_broker_stops_the_relay(
    runtime_of: Runtimes, stored: Store, broker: Any, read: Read
) -> None:
    runtime = runtime_of(greet)
    late, later = stored(due=time.time() - 10), stored(due=time.time() - 5)
    broker.down = True
    assert runtime.relay() == 0
    assert read(later.id).due == later.due, "the second was not tried on a broker just found dead"
    assert read(late.id).due > later.due, "one that no broker ever takes does not stop those behind it"
    broker.down = False
    assert runtime.relay() == 2
    assert broker.ids == [later.id, late.id]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay reads five rows at once, and has time for many more."""
    monkeypatch.setattr(relay, "RELAY_PAGE", 5)
    monkeypatch.setattr(relay, "RELAY_SECONDS", 60)


@pytest.mark.usefixtures("small_pages")
def test_one_round_takes_on_as_many_rows_as_there_are(
    runtime_of: Runtimes, stored: Store, broker: Any
) -> None:
    made = runtime_of(greet)
    for _ in range(11):
        stored(task=greet.name, due=past())
    assert [made.relay(), made.relay()] == [11, 0]
    assert len(set(broker.ids)) == 11


def test_a_round_whose_time_is_over_is_gone_on_with_by_the_next(
    runtime_of: Runtimes, stored: Store, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "RELAY_SECONDS", 0)
    monkeypatch.setattr(relay, "RELAY_PAGE", 2)
    made = runtime_of(greet)
    for seconds in (5, 4, 3):
        stored(task="of.another.release", status="running", publications=9, due=time.time() - seconds)
    waiting = [stored(task=greet.name, due=past() - 1).id, stored(task=greet.name, due=past()).id]
    assert [made.relay() for _ in range(6)] == [0, 0, 0, 1, 1, 0]
    assert broker.ids == waiting


@pytest.mark.usefixtures("small_pages")
def test_runs_that_nobody_can_take_over_stand_in_the_way_of_nothing(
    runtime_of: Runtimes, stored: Store, broker: Any
) -> None:
    made = runtime_of(greet)
    for _ in range(10):
        stored(task="of.another.release", status="running", publications=0, due=past() - 60)
    waiting = stored(task=greet.name, due=past())
    made.relay()
    assert waiting.id in broker.ids


def test_a_run_that_nobody_takes_over_is_hinted_at_less_and_less(
    runtime_of: Runtimes, stored: Store, broker: Any, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, clock, began = runtime_of(greet), [time.time()], time.time()
    monkeypatch.setattr(time, "time", lambda: clock[0])
    operation = stored(task=greet.name)
    operation.claim(0)
    hinted = []
    for second in range(0, 1000, 5):
        clock[0] = began + second
        if made.relay():
            hinted.append(second)
    assert hinted == [0, 5, 15, 35, 75, 155, 315, 615, 915]
    assert read(operation.id).due == operation.due, "or nobody could take it over"
    assert operation.claim(0)
    assert made.relay() == 1, "whose worker died as well"


def test_a_queue_that_holds_many_hints_gets_no_second_one_for_a_row_but_now_and_then(
    runtime_of: Runtimes, stored: Store, broker: Any
) -> None:
    made = runtime_of(greet)
    broker.held = {None: relay.FULL_QUEUE_HINTS + 1, "slow": relay.FULL_QUEUE_HINTS, "sqs": None}
    again = stored(task=greet.name, due=past())
    others = {stored(task=greet.name, due=past(), queue=queue).id for queue in ("slow", "sqs")}
    first = stored(task=greet.name, due=past(), publications=0)
    assert made.relay() == 3
    assert set(broker.ids) == {*others, first.id}
    broker.published.clear()
    for _ in range(relay.FULL_QUEUE_LOOKS * 2 - 2):
        again.refresh()
        again.update([Operation.due.set(past())])
        made.relay()
    assert broker.ids == [again.id] * 2, "its first hint may be lost"
    broker.held.clear()
    again.update([Operation.due.set(past())])
    made.relay()
    assert broker.ids == [again.id] * 3


def test_a_row_that_has_no_room_for_a_change_stops_no_other(
    runtime_of: Runtimes, stored: Store, broker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    made = runtime_of(greet)
    full = stored(task=greet.name, due=int(past()) - 1, publications=100)
    fits, too_much = MOST_IN_AN_ITEM - 1000, MOST_IN_AN_ITEM
    while too_much - fits > 1:  # to the last byte
        size = (fits + too_much) // 2
        try:
            full.update([Operation.arguments.set({"text": "x" * size})])
            fits = size
        except UpdateError:
            too_much = size
    other = stored(task=greet.name, due=past())
    assert made.relay() == 1
    assert broker.ids == [other.id]
    assert "its row cannot be changed" in caplog.text


def test_a_table_that_does_not_answer_ends_the_round(
    runtime_of: Runtimes, stored: Store, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = runtime_of(greet)
    for _ in range(3):
        stored(task=greet.name, due=past())
    asked = []

    def unreachable(operation: Operation) -> bool:
        asked.append(operation.id)
        raise UpdateError("no answer", EndpointConnectionError(endpoint_url="the table"))

    monkeypatch.setattr(Operation, "published_again", unreachable)
    with pytest.raises(UpdateError):
        made.relay()
    assert (len(asked), broker.ids) == (1, [])
