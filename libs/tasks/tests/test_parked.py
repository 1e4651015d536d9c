"""What has failed is parked: it is found, replayed or discarded, and knows what became of each try."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.errors import Conflict, InternalError, ServiceUnavailable
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.admin.administration import parked
from libs.tasks.operation import LONGEST_HISTORY, PARKED_SECONDS

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]

broken: list[str] = []


@asynctask(attempts=2, unique="arguments")
def fragile(text: str) -> str:
    """Fail as long as something is broken."""
    if broken:
        raise ServiceUnavailable(code=broken[0])
    return text


@pytest.fixture(autouse=True)
def _whole() -> None:
    broken.clear()


def lapse(operation_id: str) -> None:
    Operation(operation_id).update([Operation.due.set(0)])


def failed(runtime: TaskRuntime, read: Read) -> Operation:
    """Return an operation whose tries have all failed."""
    broken.append("NO_LUCK")
    with runtime.active():
        operation: Operation = fragile("hello")
    for _ in range(2):
        operation.update([Operation.not_before.set(0)])
        runtime.run(operation.id)
    return read(operation.id)


def test_what_has_failed_is_parked_with_its_arguments(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    assert (operation.status, operation.arguments) == ("failed", {"text": "hello"})
    assert [one.id for one in parked()] == [operation.id]
    assert runtime.relay() == 0
    kept = timedelta(seconds=PARKED_SECONDS)
    assert operation.expires_at == pytest.approx(datetime.now(UTC) + kept, abs=timedelta(minutes=1))


def test_the_latest_comes_first(stored: Store) -> None:
    ids = [stored(status="failed", pending="parked", due=due).id for due in (1, 2, 3)]
    assert [one.id for one in parked()] == ids[::-1]


def test_each_try_is_told(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    assert [(one["attempt"], one["code"]) for one in operation.history] == [(1, "NO_LUCK"), (2, "NO_LUCK")]
    for one in operation.history:
        assert 0 <= one["seconds"] < 60
        assert abs(datetime.fromisoformat(one["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


def test_so_is_one_whose_worker_died(runtime_of: Runtimes, stored: Store, read: Read) -> None:
    started = datetime.now(UTC) - timedelta(hours=1)
    operation = stored(
        task=fragile.name,
        arguments={"text": "hello"},
        status="running",
        run_id="dead",
        attempts=1,
        due=0,
        started_at=started,
    )
    runtime_of(fragile).run(operation.id)
    lost, done = read(operation.id).history
    assert lost == {"at": started.isoformat(), "attempt": 1, "code": "WORKER_LOST", "seconds": None}
    assert (done["attempt"], done["code"]) == (2, None)


def test_the_last_tries_are_kept(stored: Store, read: Read) -> None:
    operation = stored()
    for _ in range(LONGEST_HISTORY + 3):
        operation.claim(30)
        operation.put_off(0, code="AGAIN")
    assert [one["attempt"] for one in read(operation.id).history] == list(range(4, LONGEST_HISTORY + 4))


def test_a_replay_runs_it_anew_with_its_history(runtime_of: Runtimes, read: Read, broker: Any) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    broken.clear()
    broker.published.clear()
    runtime.replay(operation)
    row = read(operation.id)
    assert (row.status, row.attempts, row.progress, row.problem) == ("queued", 0, 0, None)
    assert (row.expires_at, row.finished_at, row.pending) == (None, None, "1")
    assert broker.ids == [operation.id]
    assert list(parked()) == []
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result, row.attempts) == ("succeeded", "hello", 1)
    assert [one["code"] for one in row.history] == ["NO_LUCK", "NO_LUCK", None]


def test_a_replay_whose_hint_is_lost_is_relayed(runtime_of: Runtimes, read: Read, broker: Any) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    broker.published.clear()
    broker.down = True
    runtime.replay(operation)
    broker.down = False
    lapse(operation.id)
    assert (runtime.relay(), broker.ids) == (1, [operation.id])


def test_a_replay_gives_one_hint_and_the_relay_looks_as_late_as_at_what_is_new(
    runtime_of: Runtimes, read: Read, broker: Any
) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    broker.published.clear()
    runtime.replay(operation)
    assert (runtime.relay(), broker.ids) == (0, [operation.id])
    row, new = read(operation.id), Operation(task=fragile.name)
    assert (row.publications, row.due - row.not_before) == (new.publications, pytest.approx(5, abs=0.1))
    lapse(operation.id)
    broker.held[None] = 5000
    assert runtime.relay() == 0, "its hint is among them"


def test_of_two_replays_one_is_done(runtime_of: Runtimes, read: Read, broker: Any) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    again = read(operation.id)
    broker.published.clear()
    runtime.replay(operation)
    read(operation.id).claim(30)
    with pytest.raises(Conflict) as refused:
        runtime.replay(again)
    assert refused.value.code in {"NOT_PARKED", "ALREADY_PENDING"}
    assert broker.ids == [operation.id]
    assert read(operation.id).status == "running"


@pytest.mark.parametrize("status", ["queued", "running", "succeeded", "cancelled"])
def test_only_what_has_failed_is_replayed_or_discarded(
    runtime_of: Runtimes, stored: Store, read: Read, status: str
) -> None:
    operation = stored(status=status, arguments={"a": 1})
    with pytest.raises(Conflict) as refused:
        runtime_of(fragile).replay(operation)
    assert refused.value.code == "NOT_PARKED"
    assert refused.value.detail == f"It is not parked: it has the status {status}."
    assert not operation.discard()
    assert (read(operation.id).status, read(operation.id).arguments) == (status, {"a": 1})


def test_a_unique_one_is_not_replayed_beside_another(runtime_of: Runtimes, read: Read, broker: Any) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    with runtime.active():
        other = fragile("hello")
    assert other.id != operation.id
    with pytest.raises(Conflict) as refused:
        runtime.replay(operation)
    assert refused.value.code == "ALREADY_PENDING"
    assert read(operation.id).status == "failed"


def test_a_unique_one_that_is_replayed_is_pending(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(fragile)
    operation = failed(runtime, read)
    runtime.replay(operation)
    with runtime.active():
        assert fragile("hello").id == operation.id


def test_what_is_discarded_waits_no_longer_and_has_no_arguments(runtime_of: Runtimes, read: Read) -> None:
    operation = failed(runtime_of(fragile), read)
    assert operation.discard()
    assert not operation.discard()
    row = read(operation.id)
    assert (row.status, row.arguments, row.pending, row.due) == ("failed", {}, None, None)
    assert row.problem["code"] == "NO_LUCK"
    assert list(parked()) == []
    with pytest.raises(Conflict):
        runtime_of(fragile).replay(row)


@asynctask(attempts=1)
def call_another() -> None:
    """Fail by what another service has failed with."""
    remote = InternalError()
    remote.error_id = "failure-1"
    raise RuntimeError("hunter2") from remote


@asynctask(attempts=1)
def return_what_has_no_json() -> Any:
    """Fail by itself."""
    return object()


def test_a_failure_keeps_the_id_it_has_in_the_log(
    runtime_of: Runtimes, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = runtime_of(call_another, return_what_has_no_json)
    with runtime.active():
        passed_on, own = call_another(), return_what_has_no_json()
    runtime.run(passed_on.id)
    runtime.run(own.id)
    problem = read(passed_on.id).problem
    assert (problem["code"], problem["error_id"]) == ("TASK_FAILED", "failure-1")
    assert len(read(own.id).problem["error_id"]) == 32
    for message in ("task failed", "operation parked"):
        logged = [one.error_id for one in caplog.records if one.getMessage() == message]  # type: ignore[attr-defined]
        assert logged == ["failure-1", read(own.id).problem["error_id"]]
