"""What keeps a task from hanging, and the relay from waiting behind tasks."""

import contextvars
import os
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery

from libs.dynamodb import Transaction, current_transaction
from libs.dynamodb.transaction import _current
from libs.errors import Conflict, ServiceUnavailable
from libs.service.testing import eventually
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.broker.celery_app import RELAY, make_celery, register, relay_scheduler
from libs.tasks.broker.draining import HAND_BACK_SIGNAL, hand_back_on_signal
from libs.tasks.lease import Leases
from libs.tasks.runtime import KILL_AFTER_SECONDS

Runtimes = Callable[..., TaskRuntime]


@asynctask(timeout=7, attempts=100)
def slow(who: str, how: str = "well") -> str:
    """A task with an argument that must be given, and a time limit."""
    return who + how


@pytest.fixture
def app() -> Celery:
    return make_celery("some", "memory://", key_prefix="x:", sweep_seconds=1)


def test_a_call_without_its_arguments_is_refused_at_once(runtime_of: Runtimes, broker: Any) -> None:
    with runtime_of(slow).active(), pytest.raises(TypeError, match=r"slow needs who$"):
        slow(how="badly")
    assert broker.published == []


def test_the_worker_knows_the_time_limits_of_a_task(runtime_of: Runtimes, app: Celery) -> None:
    register(app, runtime_of(slow))
    assert app.tasks[slow.name].soft_time_limit == 7
    assert app.tasks[slow.name].time_limit == 7 + KILL_AFTER_SECONDS


@asynctask
def interrupted() -> None:
    """Leave a transaction behind, as a time limit does that is raised where its with-block begins."""
    _current.set(Transaction(Operation._get_connection().connection))


@asynctask
def caller() -> str:
    """Call another task."""
    return str(slow("ada").id)


def test_what_an_interrupted_task_leaves_behind_is_not_there_for_the_next_one(
    runtime_of: Runtimes, app: Celery, read: Callable[[str], Operation]
) -> None:
    runtime = runtime_of(interrupted, caller, slow)
    register(app, runtime)
    with runtime.active():
        first, second = interrupted(), caller()
    child = contextvars.copy_context()  # in which Celery runs one task after the other
    child.run(app.tasks[interrupted.name], first.id)
    assert child.run(current_transaction) is None
    child.run(app.tasks[caller.name], second.id)
    assert read(read(second.id).result).status == "queued"


def test_the_worker_can_interrupt_the_task_that_it_runs(
    runtime_of: Runtimes, app: Celery, read: Callable[[str], Operation]
) -> None:
    @asynctask
    def drained() -> None:
        os.kill(os.getpid(), HAND_BACK_SIGNAL)
        time.sleep(10)

    runtime = runtime_of(drained)
    register(app, runtime)
    with runtime.active():
        operation = drained()
    before = signal.getsignal(HAND_BACK_SIGNAL)
    hand_back_on_signal()
    try:
        app.tasks[drained.name](operation.id)
    finally:
        signal.signal(HAND_BACK_SIGNAL, before)
    row = read(operation.id)
    assert (row.status, row.attempts) == ("queued", 0)


def test_a_lease_is_not_prolonged_past_the_timeout(stored: Callable[..., Operation]) -> None:
    operation = stored()
    assert operation.claim(0.3)
    with Leases(0.3).kept(operation, timeout=0.5):
        deadline = time.monotonic() + 30
        while not stored_again(operation).claim(0.3):
            assert time.monotonic() < deadline, "the lease of a task that hangs was prolonged for ever"
            time.sleep(0.05)


def stored_again(operation: Operation) -> Operation:
    return Operation.get(operation.id, consistent_read=True)


def test_waits_grow_to_five_minutes_and_no_further() -> None:
    waits = [slow.retry_after(ServiceUnavailable(), attempt) for attempt in (1, 2, 3, 50, 99)]
    assert waits == [2, 4, 8, 300, 300]
    assert slow.retry_after(ServiceUnavailable(), 100) is None
    assert slow.retry_after(Conflict(), 1) is None


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("1", 2),
        ("60", 60),
        ("100000", 300),
        ("9" * 5000, 300),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 2),
        ("²", 2),
    ],
    ids=["short", "longer", "days", "digits", "date", "no digit"],
)
def test_what_a_problem_asks_to_wait_is_waited(asked: str, waits: float) -> None:
    busy = ServiceUnavailable()
    busy.headers["Retry-After"] = asked
    assert slow.retry_after(busy, 1) == waits
    assert slow.retry_after(busy, 6) == max(waits, 64)


def test_beat_runs_the_relay_itself(
    runtime_of: Runtimes,
    app: Celery,
    broker: Any,
    stored: Callable[..., Operation],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    operation = stored(task=slow.name, due=time.time() - 1)
    rounds: list[None] = []
    scheduler = relay_scheduler(runtime_of(slow), lambda: rounds.append(None))(app=app)
    scheduler.apply_async(scheduler.schedule[RELAY], advance=False)
    assert broker.published == [(slow.name, operation.id)]
    assert len(rounds) == 1
    assert "hints given by the relay" in [one.message for one in caplog.records]


def test_without_a_broker_beat_goes_on_with_its_rounds(runtime_of: Runtimes) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # and answers nobody
        url = f"redis://127.0.0.1:{holder.getsockname()[1]}/0"
        app = make_celery("some", url, key_prefix="x:", sweep_seconds=0.01)
        app.conf.broker_connection_max_retries = 1  # where it connects after all
        rounds: list[None] = []
        scheduler = relay_scheduler(runtime_of(slow), lambda: rounds.append(None))(app=app)

        def goes_on() -> bool:
            scheduler.tick()
            return len(rounds) > 1

        eventually(goes_on)
