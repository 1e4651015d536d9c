"""Tasks that run by themselves: when, and once."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.jwt import Caller
from libs.tasks import Operation, TaskRuntime, asynctask, relay
from libs.tasks.schedule import Schedule, Slots, slot_name
from libs.tasks.submitting import prepared
from libs.tasks.task import Task

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]

START = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC).timestamp()  # a Sunday


@asynctask(every=60, queue="slow", priority=1)
def tick(loud: bool = False) -> str:
    """Run every minute."""
    return "tick"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("every", "now", "slot"),
    [
        (60, "2026-03-01T12:00:30", "2026-03-01T12:00:00Z"),
        (60, "2026-03-01T12:00:00", "2026-03-01T12:00:00Z"),
        (3600, "2026-03-01T11:59:59", "2026-03-01T11:00:00Z"),
        (86400, "2026-03-01T12:00:00", "2026-03-01T00:00:00Z"),
        ("* * * * *", "2026-03-01T12:00:59", "2026-03-01T12:00:00Z"),
        ("5 4 * * *", "2026-03-01T04:05:00", "2026-03-01T04:05:00Z"),
        ("5 4 * * *", "2026-03-01T04:04:59", "2026-02-28T04:05:00Z"),
        ("*/15 8-17 * * mon-fri", "2026-03-01T12:00:00", "2026-02-27T17:45:00Z"),
        ("0 0 1 * *", "2026-03-01T00:00:00", "2026-03-01T00:00:00Z"),
        ("0 0 1 1 *", "2026-03-01T00:00:00", "2026-01-01T00:00:00Z"),
        ("0 0 29 2 *", "2026-03-01T00:00:00", "2024-02-29T00:00:00Z"),
        ("0 0 29 2 *", "1903-03-01T00:00:00", "1896-02-29T00:00:00Z"),
        ("0 0 29 2 mon", "2026-03-01T00:00:00", "2016-02-29T00:00:00Z"),
        ("0 12 * * 0", "2026-03-01T12:00:00", "2026-03-01T12:00:00Z"),
    ],
)
def test_the_latest_slot_is_the_last_that_has_come(every: int | str, now: str, slot: str) -> None:
    assert slot_name(Schedule(every).latest(at(now))) == slot


@given(
    st.integers(0, 59),
    st.integers(0, 23),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - of UTC
)
def test_a_daily_slot_is_less_than_a_day_ago(minute: int, hour: int, now: datetime) -> None:
    moment = now.replace(tzinfo=UTC)
    slot = datetime.fromtimestamp(Schedule(f"{minute} {hour} * * *").latest(moment.timestamp()), UTC)
    assert (slot.hour, slot.minute, slot.second) == (hour, minute, 0)
    assert timedelta(0) <= moment - slot < timedelta(days=1)


@pytest.mark.parametrize(
    "every", [0, -1, 1.5, "", "* * * *", "60 * * * *", "0 0 31 2 *", "@daily", "0 0 * * 7", "a b c d e"]
)
def test_what_is_no_schedule_is_refused(every: Any) -> None:
    with pytest.raises(ValueError, match=r"whole seconds|no line of cron"):
        Schedule(every)


def slots_of(*tasks: Task) -> Slots:
    return Slots(tasks, lambda task, name: prepared(task, {}, task.usual, caller=None, operation_id=name))


@pytest.fixture
def seen_before(database: Any) -> None:
    """The schedule has been seen a minute before `START`."""
    assert list(slots_of(tick).start(START - 60)) == []


def operations() -> Iterator[Operation]:
    return Operation.scan(Operation.status.exists())


@pytest.mark.usefixtures("database")
def test_a_schedule_that_is_new_begins_with_its_next_slot() -> None:
    slots = slots_of(tick)
    assert list(slots.start(START)) == []
    assert list(slots_of(tick).start(START + 20)) == []
    (operation,) = slots.start(START + 30)
    assert operation.id == f"{tick.name}:2026-03-01T12:01:00Z"


@pytest.mark.usefixtures("seen_before")
def test_a_slot_has_one_operation_of_nobody(read: Read) -> None:
    (operation,) = slots_of(tick).start(START)
    row = read(operation.id)
    assert (row.task, row.arguments, row.version) == (tick.name, {}, 1)
    assert (row.caller, row.owner, row.queue, row.priority) == (None, None, "slow", 1)
    assert list(slots_of(tick).start(START)) == []
    assert list(slots_of(tick).start(START + 29)) == []


@pytest.mark.usefixtures("seen_before")
def test_of_many_at_once_one_starts_it() -> None:
    barrier, started = threading.Barrier(6), []

    def start() -> None:
        slots = slots_of(tick)
        barrier.wait()
        started.extend(slots.start(START))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == len(list(operations())) == 1


@pytest.mark.usefixtures("seen_before")
def test_after_a_day_without_anybody_one_is_run() -> None:
    (operation,) = slots_of(tick).start(START + 86400)
    assert operation.id.endswith("2026-03-02T12:00:00Z")
    assert len(list(operations())) == 1


@pytest.mark.usefixtures("seen_before")
def test_while_the_one_before_is_pending_none_is_added(read: Read) -> None:
    slots = slots_of(tick)
    (operation,) = slots.start(START)
    assert [list(slots.start(START + 60 * minutes)) for minutes in range(1, 5)] == [[]] * 4
    read(operation.id).claim(30)
    assert list(slots.start(START + 240)) == []
    operation.refresh()
    operation.finish(result=1)
    (following,) = slots.start(START + 240)
    assert following.id.endswith("12:04:00Z")


@pytest.mark.usefixtures("seen_before")
def test_an_operation_that_has_expired_is_not_run_again() -> None:
    (operation,) = slots_of(tick).start(START)
    operation.delete()
    assert list(slots_of(tick).start(START + 29)) == []
    assert len(list(slots_of(tick).start(START + 30))) == 1


@pytest.mark.usefixtures("seen_before")
def test_a_clock_that_is_late_starts_nothing(read: Read) -> None:
    (operation,) = slots_of(tick).start(START + 60)
    read(operation.id).delete()
    assert list(slots_of(tick).start(START)) == []


@pytest.mark.usefixtures("seen_before")
def test_nor_does_one_that_is_late_by_the_moment_it_took() -> None:
    ahead: list[Operation] = []

    def prepare(task: Task, name: str) -> Operation:
        ahead.extend(slots_of(tick).start(START + 60))
        return prepared(task, {}, task.usual, caller=None, operation_id=name)

    assert list(Slots([tick], prepare).start(START)) == []
    assert [one.id for one in operations()] == [one.id for one in ahead]


@pytest.mark.usefixtures("seen_before")
def test_another_schedule_begins_with_its_next_slot() -> None:
    hourly = Task(tick.function, every=3600)
    assert hourly.name == tick.name
    assert list(slots_of(hourly).start(START)) == []
    assert list(slots_of(hourly).start(START + 3569)) == []
    assert len(list(slots_of(hourly).start(START + 3570))) == 1


@pytest.mark.usefixtures("seen_before")
def test_nor_does_another_schedule_begin_while_a_run_of_the_one_before_is_pending(read: Read) -> None:
    (operation,) = slots_of(tick).start(START)
    often = slots_of(Task(tick.function, every=10))
    assert [list(often.start(START + seconds)) for seconds in (0, 10, 20)] == [[], [], []]
    running = read(operation.id)
    running.claim(30)
    running.finish(result=1)
    assert len(list(often.start(START + 20))) == 1


@pytest.mark.usefixtures("database")
def test_a_unique_task_waits_for_a_call_of_it(runtime_of: Runtimes, read: Read) -> None:
    alone = Task(tick.function, every=60, unique="arguments")
    slots = slots_of(alone)
    list(slots.start(START))
    with runtime_of(alone).active():
        called = alone()
        assert list(slots.start(START + 60)) == []
        called.claim(30)
        called.finish(result=1)
        (operation,) = slots.start(START + 60)
        assert alone().id == operation.id


def test_the_relay_starts_and_publishes_it_and_a_worker_runs_it(
    runtime_of: Runtimes, broker: Any, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [START]
    monkeypatch.setattr(relay.time, "time", lambda: clock[0])
    made = runtime_of(tick)
    assert made.relay() == 0
    clock[0] += 60
    assert made.relay() == 1
    monkeypatch.undo()
    (operation_id,) = broker.ids
    assert broker.places == [("slow", 1)]
    made.run(operation_id)
    assert read(operation_id).result == "tick"


def test_a_task_that_cannot_be_started_stops_no_other(
    runtime_of: Runtimes, broker: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    @asynctask(every=60, unique=lambda arguments: arguments["user"])
    def broken(user: str = "") -> None: ...

    clock = [START]
    monkeypatch.setattr(relay.time, "time", lambda: clock[0])
    made = runtime_of(broken, tick)
    made.relay()
    clock[0] += 60
    assert made.relay() == 1
    assert broker.ids == [f"{tick.name}:2026-03-01T12:01:00Z"]
    assert "could not be started" in caplog.text


def test_a_task_that_needs_an_argument_cannot_run_by_itself(runtime_of: Runtimes) -> None:
    @asynctask(every=60)
    def needy(caller: Caller, user: str) -> None: ...

    with pytest.raises(TypeError, match=r"needy is run by itself, so nobody gives it user$"):
        runtime_of(needy)
