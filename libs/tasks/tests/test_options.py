"""What a task and a call of it can say: when, where, how urgent."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from libs.api import models
from libs.errors import trace_scope
from libs.tasks import Operation, Task, TaskRuntime, asynctask
from libs.tasks.admin import administration
from libs.tasks.options import CallOptions

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]

seen: list[Any] = []


@asynctask
def note(what: Any) -> None:
    """Keep what it was given."""
    seen.append(what)


@asynctask(delay=3600, queue="slow", priority=9)
def later() -> None:
    """A task that waits, in a queue of its own."""


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def test_outside_a_request_options_change_nothing() -> None:
    note.options(delay=60, queue="slow")(what=1)
    assert seen == [1]


@pytest.mark.parametrize(
    "in_a_minute",
    [lambda: {"delay": 60}, lambda: {"at": datetime.now(UTC) + timedelta(seconds=60)}],
    ids=["delay", "at"],
)
def test_a_call_for_later_is_stored_and_no_hint_is_given(
    runtime_of: Runtimes, broker: Any, read: Read, in_a_minute: Callable[[], dict[str, Any]]
) -> None:
    runtime = runtime_of(note)
    with runtime.active():
        operation = note.options(**in_a_minute())(1)
    assert broker.published == []
    row = read(operation.id)
    assert row.status == "queued"
    assert row.due == row.not_before == pytest.approx(time.time() + 60, abs=5)
    runtime.run(operation.id)
    assert (seen, runtime.relay(), broker.published) == ([], 0, [])


def test_when_its_time_has_come_the_relay_gives_the_hint(
    runtime_of: Runtimes, broker: Any, read: Read
) -> None:
    runtime = runtime_of(note, later)
    with runtime.active():
        operation = note.options(delay=7 * 24 * 3600, queue="slow", priority=0)(1)
    operation.update([Operation.due.set(time.time()), Operation.not_before.set(time.time())])
    assert runtime.relay() == 1
    assert (broker.ids, broker.places) == ([operation.id], [("slow", 0)])
    runtime.run(operation.id)
    assert (seen, read(operation.id).status) == ([1], "succeeded")


def test_a_time_that_has_passed_is_now(runtime_of: Runtimes, broker: Any) -> None:
    with runtime_of(note).active():
        operation = note.options(at=datetime(2020, 1, 1, tzinfo=UTC))(1)
    assert broker.ids == [operation.id]


def test_queue_and_priority_are_stored_and_given_to_the_broker(
    runtime_of: Runtimes, broker: Any, read: Read
) -> None:
    runtime = runtime_of(note, later)
    with runtime.active():
        usual, urgent = note(1), note.options(queue="slow", priority=8)(1)
    assert broker.places == [(None, 5), ("slow", 8)]
    row = read(urgent.id)
    assert (row.queue, row.priority) == ("slow", 8)
    usual.update([Operation.due.set(0)])
    urgent.update([Operation.due.set(1)])
    runtime.relay()
    assert broker.places[2:] == [(None, 5), ("slow", 8)]


def test_a_queue_that_no_task_names_has_no_workers(runtime_of: Runtimes, broker: Any) -> None:
    with runtime_of(note).active(), pytest.raises(LookupError, match="the queue slwo"):
        note.options(queue="slwo")(1)
    assert (broker.published, list(Operation.scan())) == ([], [])


def test_what_a_call_leaves_open_is_as_the_task_says(runtime_of: Runtimes, read: Read) -> None:
    with runtime_of(later).active():
        plain, other = read(later().id), read(later.options(delay=0, queue="default")().id)
    assert (plain.queue, plain.priority) == ("slow", 9)
    assert plain.not_before == pytest.approx(time.time() + 3600, abs=5)
    assert (other.queue, other.priority) == ("default", 9)
    assert other.not_before <= time.time()


def test_a_time_of_a_call_comes_instead_of_the_delay_of_the_task() -> None:
    at = datetime.now(UTC)
    assert CallOptions(at=at).over(CallOptions(delay=3600)) == CallOptions(at=at)


@pytest.mark.parametrize(
    "options",
    [
        {"delay": -1},
        {"delay": float("inf")},
        {"delay": float("nan")},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001 - it is the fault
        {"at": datetime(2026, 1, 1, tzinfo=UTC), "delay": 0},
        {"delay": 1_770_000_000_000},
        {"delay": 1e300},
        {"at": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))},
        {"queue": ""},
        {"queue": "a b"},
        {"queue": "x" * 65},
        {"priority": 10},
        {"priority": -1},
        {"priority": 1.5},
    ],
    ids=str,
)
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_stored(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"delay|zone|queue|priority"):
        note.options(**options)


def test_a_task_whose_delay_is_in_milliseconds_is_refused_at_its_definition() -> None:
    with pytest.raises(ValueError, match="milliseconds"):
        asynctask(delay=1_770_000_000_000)(note.function)


def test_the_last_time_there_is_can_be_waited_for_and_is_listed(runtime_of: Runtimes) -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    with runtime_of(note).active():
        operation = note.options(at=last)(1)
    (listed,) = administration.list_page("queued").operations
    assert (listed.id, administration.summary(listed)["not_before"]) == (operation.id, last)


@pytest.mark.parametrize(
    "options",
    [{"attempts": 0}, {"version": 0}, {"timeout": 0}, {"unique": "always"}, {"priority": 10}, {"every": 0}],
    ids=str,
)
def test_a_task_that_makes_no_sense_is_refused_at_its_definition(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        asynctask(**options)(lambda: None)


def test_a_task_of_the_same_name_is_not_the_task(runtime_of: Runtimes) -> None:
    other = Task(note.function)
    with runtime_of(note).active(), pytest.raises(LookupError):
        other(1)


def test_a_worker_is_given_what_the_caller_gave(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(note)
    given = {
        "when": datetime(2026, 3, 1, tzinfo=UTC),
        "price": (Decimal("9.90"), {1, 2}),
        "profile": [models.profiles.NewProfile(profile_id="ada", name="Ada")],
    }
    with runtime.active():
        operation = note(given)
    runtime.run(operation.id)
    assert seen == [given]
    assert read(operation.id).arguments == {}


def test_the_trace_of_the_request_goes_on_in_the_task(runtime_of: Runtimes, read: Read) -> None:
    @asynctask
    def traced() -> dict[str, str]:
        from libs.errors import current_trace

        return dict(current_trace())

    traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    runtime = runtime_of(traced)
    with runtime.active(), trace_scope(traceparent):
        operation = traced()
    runtime.run(operation.id)
    assert read(operation.id).result == {"traceparent": traceparent}
