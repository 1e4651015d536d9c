"""Leases: a worker at work keeps its operation, and one that lost it changes nothing."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pynamodb.exceptions import UpdateError

from libs.tasks import Operation, Progress, TaskRuntime, asynctask, lease
from libs.tasks.lease import LeaseLost, current_progress, kept_lease

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]


def lapse(operation_id: str) -> None:
    Operation(operation_id).update([Operation.due.set(time.time() - 1)])


def test_heartbeats_keep_a_lease_longer_than_its_seconds(runtime_of: Runtimes, read: Read) -> None:
    refused = []

    @asynctask
    def slow(progress: Progress) -> str:
        until = time.monotonic() + 2.5  # of a lease of one second
        while time.monotonic() < until:
            refused.append(not read(operation.id).claim(1))
            time.sleep(0.1)
        return "done"

    runtime = runtime_of(slow, lease_seconds=1)
    with runtime.active():
        operation = slow()
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result, row.attempts) == ("succeeded", "done", 1)
    assert len(refused) > 10
    assert all(refused)


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
    with kept_lease(operation, 0.3, timeout=60):
        assert enough.wait(10)
    assert "lease not prolonged" in caplog.text


def test_heartbeats_end_with_the_run(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(0.3)
    with kept_lease(operation, 0.3, timeout=60):
        assert any(one.name == f"lease-{operation.id}" for one in threading.enumerate())
    assert not any(one.name == f"lease-{operation.id}" for one in threading.enumerate())


def test_heartbeats_end_when_the_lease_is_lost(stored: Store, read: Read) -> None:
    operation: Any = stored()
    operation.claim(30)
    lapse(operation.id)
    other = read(operation.id)
    other.claim(30)
    before = other.due
    with kept_lease(operation, 0.03, timeout=60):
        (thread,) = [one for one in threading.enumerate() if one.name == f"lease-{operation.id}"]
        thread.join(10)
        assert not thread.is_alive()
    assert read(operation.id).due == before
