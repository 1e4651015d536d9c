"""Leases: a worker at work keeps its operation, and one that lost it changes nothing."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pynamodb.exceptions import UpdateError

from libs.service.testing import eventually
from libs.tasks import Operation, Progress, TaskRuntime, asynctask, lease
from libs.tasks.lease import LeaseLost, Leases, current_progress

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]


def lapse(operation_id: str) -> None:
    Operation(operation_id).update([Operation.due.set(time.time() - 1)])


class Clock:
    """Stands in for the time of `lease`: it goes on as the test says, while the thread that beats sleeps."""

    def __init__(self) -> None:
        self._now, self._wakes = 1000.0, float("-inf")
        self._changed = threading.Condition()

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._changed:
            self._wakes = self._now + seconds
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._now >= self._wakes)

    def go(self, seconds: float) -> None:
        """Return when the thread has done what it does within these seconds, and is asleep again."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._wakes > self._now, 20)
            self._now += seconds
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._wakes > self._now, 20)

    def end(self) -> None:
        """Have nothing asleep any more."""
        with self._changed:
            self._now = float("inf")
            self._changed.notify_all()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    before, one = keepers(), Clock()
    monkeypatch.setattr(lease, "time", one)
    yield one
    one.end()
    for keeper in keepers() - before:
        keeper.join(20)


def test_heartbeats_keep_a_lease_longer_than_its_seconds(
    runtime_of: Runtimes, read: Read, extended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    @asynctask
    def slow(progress: Progress) -> str:
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now)
        for _ in range(5):
            beats = len(extended)
            eventually(lambda: len(extended) > beats + 1)  # noqa: B023 - so one of them was stored
            now += 0.1  # of the 0.15 for which it is good, and in all more
            refused.append(not read(operation.id).claim(1))
        return "done"

    runtime = runtime_of(slow, lease_seconds=0.15)
    with runtime.active():
        operation = slow()
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result, row.attempts) == ("succeeded", "done", 1)
    assert refused == [True] * 5


def test_the_outcome_of_a_run_that_lost_its_lease_is_dropped(
    runtime_of: Runtimes, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    @asynctask
    def overtaken() -> str:
        lapse(operation.id)
        assert read(operation.id).claim(30)
        return "too late"

    runtime = runtime_of(overtaken)
    with runtime.active():
        operation = overtaken()
    with caplog.at_level("INFO"):
        runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result, row.attempts) == ("running", None, 2)
    assert "task ended after its lease was lost" in caplog.text


@pytest.mark.parametrize("error", [KeyError("unexpected"), LeaseLost()])
def test_the_failure_of_a_run_that_lost_its_lease_is_dropped(
    runtime_of: Runtimes, read: Read, error: Exception
) -> None:
    @asynctask
    def overtaken() -> str:
        lapse(operation.id)
        assert read(operation.id).claim(30)
        raise error

    runtime = runtime_of(overtaken)
    with runtime.active():
        operation = overtaken()
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.attempts) == ("running", 2)


def test_reporting_progress_stops_a_task_that_lost_its_lease(runtime_of: Runtimes, read: Read) -> None:
    reached = []

    @asynctask
    def overtaken(progress: Progress) -> None:
        lapse(operation.id)
        assert read(operation.id).claim(30)
        progress.report(0.5)
        reached.append("the end")

    runtime = runtime_of(overtaken)
    with runtime.active():
        operation = overtaken()
    runtime.run(operation.id)
    assert reached == []
    assert read(operation.id).status == "running"


@pytest.mark.parametrize(("told", "kept"), [(0.25, 0.25), (-3, 0), (7, 1)])
def test_progress_is_stored_between_0_and_1(stored: Store, read: Read, told: float, kept: float) -> None:
    operation = stored()
    operation.claim(30)
    Progress(operation).report(told)
    assert read(operation.id).progress == kept


def test_progress_is_stored_at_most_twice_a_second(
    stored: Store, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = stored()
    operation.claim(30)
    progress = Progress(operation)
    for done in (0.1, 0.2, 0.3):
        progress.report(done)
    assert read(operation.id).progress == 0.1
    monkeypatch.setattr(lease, "REPORT_EVERY_SECONDS", 0)
    progress.report(0.4)
    assert read(operation.id).progress == 0.4


def test_a_progress_that_cannot_be_stored_does_not_end_the_task(
    runtime_of: Runtimes, read: Read, unanswered: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    @asynctask(attempts=1)
    def long(progress: Progress) -> str:
        progress.report(0.5, "half of it")
        return "done"

    runtime = runtime_of(long)
    with runtime.active():
        operation = long()
    assert len(unanswered("half of it", 2, arrive=False)) == 0
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result, row.message) == ("succeeded", "done", None)
    assert "progress not stored" in caplog.text


def test_outside_a_run_progress_goes_nowhere() -> None:
    current_progress().report(0.5)


def test_a_heartbeat_that_fails_once_is_followed_by_another(
    stored: Store, read: Read, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    operation, beats = stored(), []
    enough = threading.Event()
    operation.claim(0.3)
    extend = Operation.extend

    def flaky(self: Operation, seconds: float) -> bool:
        beats.append(self.id)
        if len(beats) == 1:
            raise UpdateError("the database is away")
        enough.set()
        return extend(self, seconds)

    monkeypatch.setattr(Operation, "extend", flaky)
    with Leases(0.3).kept(operation, timeout=60):
        assert enough.wait(20)
    assert "lease not prolonged" in caplog.text


def test_a_heartbeat_that_fails_is_tried_again_soon_and_then_they_come_as_before(
    stored: Store, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    operation, beats, began = stored(), list[float](), clock.monotonic()
    operation.claim(30)

    def flaky(_self: Operation, _seconds: float) -> bool:
        beats.append(clock.monotonic() - began)
        if len(beats) == 1:
            raise UpdateError("the database is away")
        return True

    monkeypatch.setattr(Operation, "extend", flaky)
    with Leases(15).kept(operation, timeout=60):
        for _ in range(11):
            clock.go(1)
    assert beats == [5, 6, 11]


def keepers() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name == "leases"}


def test_heartbeats_end_with_the_run(stored: Store, extended: list[str]) -> None:
    leases, operation, before = Leases(0.09), stored(), keepers()
    operation.claim(30)
    with leases.kept(operation, timeout=60):
        (keeper,) = keepers() - before
        eventually(lambda: extended)
    keeper.join(10)
    assert not keeper.is_alive(), "it ends when it finds nothing to prolong"
    count = len(extended)
    time.sleep(0.1)
    assert len(extended) == count


def test_heartbeats_end_when_the_lease_is_lost(stored: Store, read: Read) -> None:
    operation: Any = stored()
    operation.claim(30)
    lapse(operation.id)
    other = read(operation.id)
    other.claim(30)
    before, others = other.due, keepers()
    with Leases(0.03).kept(operation, timeout=60):
        eventually(lambda: lost(current_progress()))
        eventually(lambda: keepers() <= others)
    assert read(operation.id).due == before


def lost(progress: Progress) -> bool:
    try:
        progress.check()
    except LeaseLost:
        return True
    return False


def test_one_thread_prolongs_what_begins_and_ends_while_it_lives(
    stored: Store, extended: list[str], clock: Clock
) -> None:
    leases, long, before = Leases(15), stored(), keepers()
    shorter = [stored() for _ in range(20)]
    for one in (long, *shorter):
        one.claim(30)
    with leases.kept(long, timeout=60):
        keeper = keepers() - before
        for one in shorter[:-1]:
            with leases.kept(one, timeout=60):
                assert keepers() - before == keeper
        with leases.kept(shorter[-1], timeout=60):
            for _ in range(6):
                clock.go(1)
    assert set(extended) == {long.id, shorter[-1].id}


def test_the_first_heartbeat_comes_after_a_third_of_the_lease_whenever_it_began(
    stored: Store, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    leases, beats, began = Leases(15), {}, {}
    monkeypatch.setattr(Operation, "extend", lambda self, _: beats.setdefault(self.id, clock.monotonic()))
    with ExitStack() as held:
        for _ in range(3):
            operation = stored()
            began[operation.id] = clock.monotonic()
            held.enter_context(leases.kept(operation, timeout=60))
            clock.go(1)  # while the thread is asleep for the one before
        for _ in range(5):
            clock.go(1)
    assert [beats[one] - began[one] for one in began] == [5, 5, 5]


def test_a_fault_nobody_thought_of_does_not_end_the_heartbeats_of_others(
    stored: Store, monkeypatch: pytest.MonkeyPatch, extended: list[str]
) -> None:
    extend = Operation.extend
    first, second = stored(), stored()

    def faulty(self: Operation, seconds: float) -> bool:
        if self.id == first.id:
            raise RuntimeError("nobody thought of this")
        return extend(self, seconds)

    monkeypatch.setattr(Operation, "extend", faulty)
    first.claim(30)
    second.claim(30)
    leases = Leases(0.09)
    with leases.kept(first, timeout=60), leases.kept(second, timeout=60):
        eventually(lambda: extended.count(second.id) > 2)


def test_a_process_that_was_forked_keeps_its_own_leases(
    stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (told, tell), parent = os.pipe(), os.getpid()

    def telling(self: Operation, _seconds: float) -> bool:
        return os.getpid() == parent or os.write(tell, f"{self.id}\n".encode()) > 0

    monkeypatch.setattr(Operation, "extend", telling)
    leases, parents, childs = Leases(0.3), stored(), stored()
    with leases.kept(parents, timeout=60):
        child = os.fork()
        if child == 0:  # as the child of a worker; it leaves without a word to pytest
            with leases.kept(childs, timeout=60):
                time.sleep(60)
            os._exit(0)
        os.close(tell)  # so that the end of the child is the end of what is told
        try:
            with os.fdopen(told) as lines:
                assert lines.readline().strip() == childs.id
                assert lines.readline().strip() == childs.id, "and not the parent's"
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


@pytest.fixture
def extended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which operations' leases were prolonged, in that order."""
    extend, noted = Operation.extend, list[str]()

    def noting(self: Operation, seconds: float) -> bool:
        noted.append(str(self.id))
        return extend(self, seconds)

    monkeypatch.setattr(Operation, "extend", noting)
    return noted
