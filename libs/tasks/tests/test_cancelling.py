"""Cancelling an operation: at once while it waits, by its worker while it runs."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from libs.errors import Conflict, NotFound, ServiceUnavailable
from libs.jwt import Caller, acting_as
from libs.tasks import Cancelled, Operation, Progress, TaskRuntime, asynctask, lease
from libs.tasks.admin import administration
from libs.tasks.following.handlers import cancel_operation, get_operation

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]

ADA = Caller("ada")
tidied: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_tidied() -> None:
    tidied.clear()


def cancelled_row(row: Operation) -> bool:
    final = (row.status, row.pending, row.due, row.arguments) == ("cancelled", None, None, {})
    return final and row.finished_at is not None and row.expires_at is not None


def test_one_that_waits_is_cancelled_at_once(
    runtime_of: Runtimes, stored: Store, read: Read, broker: Any
) -> None:
    @asynctask
    def never() -> None:
        tidied.append("it ran")

    runtime = runtime_of(never)
    operation = stored(task=never.name, owner="ada", arguments={"email": "ada@example.com"})
    answer = cancel_operation(operation.id, ADA)
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    assert cancelled_row(read(operation.id))
    runtime.run(operation.id)
    assert (runtime.relay(), tidied) == (0, [])


def test_one_that_runs_is_asked_and_hears_of_it_with_its_next_report(
    runtime_of: Runtimes, read: Read
) -> None:
    answers: list[Any] = []

    @asynctask
    def long(progress: Progress) -> None:
        answers.append(cancel_operation(operation.id, ADA))
        try:
            progress.report(0.5)
        finally:
            tidied.append("tidied up")

    runtime = runtime_of(long)
    with runtime.active(), acting_as(ADA):
        operation = long()
    runtime.run(operation.id)
    (answer,) = answers
    assert (answer.status, answer.headers["Location"]) == (202, f"/operations/{operation.id}")
    assert answer.body["status"] == "running"
    row = read(operation.id)
    assert cancelled_row(row)
    assert tidied == ["tidied up"]
    assert [one["code"] for one in row.history] == ["CANCELLED"]


def test_a_check_hears_of_it_with_the_next_heartbeat_and_writes_nothing(
    runtime_of: Runtimes, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    prolonged = threading.Event()
    extend = Operation.extend

    def extended(self: Operation, seconds: float) -> bool:
        kept = extend(self, seconds)
        if self.cancel_asked_at is not None:
            prolonged.set()
        return kept

    monkeypatch.setattr(Operation, "extend", extended)

    @asynctask
    def long(progress: Progress) -> None:
        progress.check()
        cancel_operation(operation.id, ADA)
        assert prolonged.wait(20)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            progress.check()

    runtime = runtime_of(long, lease_seconds=0.6)
    with runtime.active(), acting_as(ADA):
        operation = long()
    runtime.run(operation.id)
    assert cancelled_row(read(operation.id))


def test_a_check_stops_a_task_that_lost_its_lease(runtime_of: Runtimes, read: Read) -> None:
    @asynctask
    def overtaken(progress: Progress) -> None:
        Operation(operation.id).update([Operation.run_id.set("another")])
        until = time.monotonic() + 20
        while time.monotonic() < until:
            progress.check()
        tidied.append("the end")

    runtime = runtime_of(overtaken, lease_seconds=0.6)
    with runtime.active():
        operation = overtaken()
    runtime.run(operation.id)
    assert (read(operation.id).status, tidied) == ("running", [])


def test_reports_that_are_not_stored_check_all_the_same() -> None:
    asked = threading.Event()
    progress = Progress(None, asked)
    progress.report(0.1)
    asked.set()
    with pytest.raises(Cancelled):
        progress.report(0.2)


def test_a_task_that_ends_all_the_same_has_succeeded(runtime_of: Runtimes, read: Read) -> None:
    @asynctask
    def deaf() -> str:
        cancel_operation(operation.id, ADA)
        return "done"

    runtime = runtime_of(deaf)
    with runtime.active(), acting_as(ADA):
        operation = deaf()
    runtime.run(operation.id)
    assert (read(operation.id).status, read(operation.id).result) == ("succeeded", "done")


def test_who_asked_to_cancel_waits_for_no_further_try(runtime_of: Runtimes, read: Read) -> None:
    @asynctask
    def failing() -> None:
        cancel_operation(operation.id, ADA)
        raise ServiceUnavailable

    runtime = runtime_of(failing)
    with runtime.active(), acting_as(ADA):
        operation = failing()
    runtime.run(operation.id)
    assert cancelled_row(read(operation.id))


DEAD = {"owner": "ada", "status": "running", "run_id": "dead", "attempts": 1}


def test_one_whose_worker_died_is_cancelled_at_once(runtime_of: Runtimes, stored: Store, read: Read) -> None:
    @asynctask
    def never() -> None:
        tidied.append("it ran")

    operation = stored(task=never.name, **DEAD, due=time.time() - 3)
    answer = cancel_operation(operation.id, ADA)
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    assert cancelled_row(read(operation.id))
    runtime_of(never).run(operation.id)
    assert (tidied, read(operation.id).status) == ([], "cancelled")


@pytest.mark.parametrize("version", [1, 2], ids=["its task is gone", "it is of a newer release"])
def test_so_is_one_that_no_worker_takes_over(
    runtime_of: Runtimes, stored: Store, read: Read, version: int
) -> None:
    @asynctask
    def known() -> None: ...

    runtime = runtime_of(known)
    task = "gone.task" if version == 1 else known.name
    operation = stored(task=task, version=version, **DEAD, due=time.time() - 3600)
    runtime.run(operation.id)
    assert read(operation.id).status == "running"
    administration.cancel(read(operation.id), by="operator")
    assert cancelled_row(read(operation.id))


def test_with_one_whose_worker_died_its_lock_is_gone(runtime_of: Runtimes, read: Read) -> None:
    @asynctask(unique="arguments")
    def alone() -> None: ...

    with runtime_of(alone).active(), acting_as(ADA):
        operation = alone()
        assert read(operation.id).claim(-3)
        assert alone().id == operation.id
        assert cancel_operation(operation.id, ADA).status == 200
        assert [one.id for one in Operation.scan()] == [operation.id]
        assert alone().id != operation.id


def test_one_whose_worker_may_live_by_another_clock_is_asked(stored: Store, read: Read) -> None:
    operation = stored(**DEAD, due=time.time() - 1)
    assert cancel_operation(operation.id, ADA).status == 202
    assert read(operation.id).cancel_asked_at is not None


def test_a_worker_that_had_not_died_after_all_hears_that_it_has_lost_its_lease(
    runtime_of: Runtimes, read: Read
) -> None:
    @asynctask
    def stalled(progress: Progress) -> None:
        Operation(operation.id).update([Operation.due.set(time.time() - 3)])
        assert cancel_operation(operation.id, ADA).status == 200
        progress.report(0.5)
        tidied.append("it went on")

    runtime = runtime_of(stalled)
    with runtime.active(), acting_as(ADA):
        operation = stalled()
    runtime.run(operation.id)
    assert (tidied, cancelled_row(read(operation.id))) == ([], True)


def test_asked_again_it_answers_the_same(stored: Store, read: Read) -> None:
    operation = stored(owner="ada")
    running = stored(owner="ada", status="running", run_id="alive")
    first = cancel_operation(running.id, ADA)
    asked_at = read(running.id).cancel_asked_at
    assert (first.status, cancel_operation(running.id, ADA).status) == (202, 202)
    assert read(running.id).cancel_asked_at == asked_at == first.body["cancel_asked_at"]
    assert "cancel_asked_at" not in cancel_operation(operation.id, ADA).body
    assert [cancel_operation(operation.id, ADA).status for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_what_is_over_cannot_be_cancelled(stored: Store, status: str) -> None:
    operation = stored(owner="ada", status=status)
    with pytest.raises(Conflict) as refused:
        cancel_operation(operation.id, ADA)
    assert refused.value.code == "NOT_CANCELLABLE"


@pytest.mark.parametrize("owner", ["ada", None])
def test_nobody_else_cancels_it_or_learns_that_it_is_there(
    stored: Store, read: Read, owner: str | None
) -> None:
    operation = stored(owner=owner)
    for operation_id in (operation.id, "unknown"):
        with pytest.raises(NotFound):
            cancel_operation(operation_id, Caller("eve"))
    assert read(operation.id).status == "queued"


def test_one_that_is_put_off_at_that_moment_is_cancelled(
    stored: Store, monkeypatch: pytest.MonkeyPatch, read: Read
) -> None:
    operation = stored(owner="ada")
    worker = read(operation.id)
    worker.claim(30)
    update = Operation._update
    refused: list[bool] = []

    def interrupted(self: Operation, *given: Any) -> bool:
        done = update(self, *given)
        if not refused:
            refused.append(done)
            monkeypatch.setattr(Operation, "_update", update)
            assert worker.put_off(0)
        return done

    monkeypatch.setattr(Operation, "_update", interrupted)
    assert cancel_operation(operation.id, ADA).status == 200
    assert refused == [False]
    assert cancelled_row(read(operation.id))


def test_the_owner_reads_what_is_being_done_and_since_when(
    stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "REPORT_EVERY_SECONDS", 0)
    operation = stored(owner="ada")
    assert not {"message", "started_at", "finished_at"} & set(get_operation(operation.id, ADA).body)
    operation.claim(30)
    Progress(operation).report(0.5, "Reading " + "x" * 1000)
    Progress(operation).report(0.6)
    running = get_operation(operation.id, ADA).body
    assert running["message"] == ("Reading " + "x" * 1000)[:500]
    assert running["created_at"] <= running["started_at"]
    operation.finish(result=1)
    assert running["started_at"] <= get_operation(operation.id, ADA).body["finished_at"]
