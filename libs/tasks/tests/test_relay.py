"""The relay: what the broker lost is published again."""

import threading
import time
from collections.abc import Callable
from typing import Any

from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.operation import FIRST_LOOK_SECONDS

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]


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


def test_the_relay_sends_a_hint_to_the_queue_and_with_the_priority_of_the_call(
    runtime_of: Runtimes, stored: Store, broker: Any
) -> None:
    runtime = runtime_of(greet)
    stored(task=greet.name, due=past(), queue="slow", priority=8)
    abandoned = {"status": "running", "run_id": "dead", "attempts": 1}
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
    abandoned = stored(task=greet.name, status="running", run_id="dead", attempts=1, due=past())
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
    assert read(late.id).publications == 2
    assert read(later.id).publications == 1, "the second was not tried on a broker just found dead"
    broker.down = False
    assert runtime.relay() == 1
    assert broker.ids == [later.id]


def test_one_relay_takes_on_a_bounded_number_of_rows(
    runtime_of: Runtimes, stored: Store, broker: Any
) -> None:
    runtime = runtime_of(greet)
    for _ in range(101):
        stored(task=greet.name, due=past())
    assert [runtime.relay(), runtime.relay(), runtime.relay()] == [100, 1, 0]
    assert len(set(broker.ids)) == 101
