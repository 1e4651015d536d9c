"""Running an operation: what the task is given, and what becomes of it."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from libs.dynamodb import Database
from libs.errors import Conflict, Forbidden, ServiceUnavailable, current_request_id, request_id_scope
from libs.jwt import Caller, acting_as, current_caller
from libs.tasks import Operation, Progress, TaskRuntime, asynctask

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]
Store = Callable[..., Operation]

SECRET = "the password is hunter2"
failures: list[Exception] = []


@asynctask
def echo(text: str) -> dict[str, str]:
    """Return what it was given."""
    return {"text": text}


@asynctask
def look_around(caller: Caller, database: Database, progress: Progress) -> dict[str, Any]:
    """Return what is around it."""
    progress.report(0.25)
    known = current_caller()
    return {
        "subject": caller.subject,
        "scopes": sorted(caller.scopes),
        "token": caller.token,
        "same": known == caller,
        "request_id": current_request_id(),
        "tables": len(database.models),
        "progress": float(Operation.scan().next().progress),
    }


@asynctask
def start_echo(text: str) -> str:
    """Start another task."""
    return str(echo(text).id)


@asynctask(attempts=3, retry_seconds=10)
def flaky() -> str:
    """Raise what the test says, as long as there is something to raise."""
    if failures:
        raise failures.pop()
    return "done"


@pytest.fixture(autouse=True)
def _no_failures_left() -> None:
    failures.clear()


def submit(runtime: TaskRuntime, task: Callable[..., Any], *args: object) -> str:
    with runtime.active():
        return str(task(*args).id)


def run_when_due(runtime: TaskRuntime, operation_id: str) -> None:
    """Run an operation as if the time it was put off for had passed."""
    Operation(operation_id).update([Operation.not_before.set(0), Operation.due.set(0)])
    runtime.run(operation_id)


def test_a_task_runs_and_its_result_is_kept(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(echo)
    operation_id = submit(runtime, echo, "Grüße \x00 🌍")
    runtime.run(operation_id)
    row = read(operation_id)
    assert (row.status, row.result, row.attempts) == ("succeeded", {"text": "Grüße \x00 🌍"}, 1)


def test_caller_request_id_and_dependencies_arrive_in_the_task(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(look_around)
    with acting_as(Caller("ada", frozenset({"b", "a"}), token="secret")), request_id_scope("request-1234"):
        operation_id = submit(runtime, look_around)
    runtime.run(operation_id)
    assert read(operation_id).result == {
        "subject": "ada",
        "scopes": ["a", "b"],
        "token": None,
        "same": True,
        "request_id": "request-1234",
        "tables": 2,
        "progress": 0.25,
    }
    assert (current_caller(), current_request_id()) == (None, None)


def test_a_task_called_in_a_task_is_submitted(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(start_echo, echo)
    with request_id_scope("request-1234"):
        operation_id = submit(runtime, start_echo, "hello")
    runtime.run(operation_id)
    inner = read(read(operation_id).result)
    assert (inner.task, inner.status, inner.request_id) == (echo.name, "queued", "request-1234")


def test_a_hint_that_names_the_task_runs_it_just_so(
    runtime_of: Runtimes, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = runtime_of(echo)
    operation_id = submit(runtime, echo, "hello")
    with monkeypatch.context() as patched:
        patched.setattr(Operation, "get", _not_read)
        runtime.run(operation_id, echo)
    row = read(operation_id)
    assert (row.status, row.result, row.attempts) == ("succeeded", {"text": "hello"}, 1)
    runtime.run(operation_id, echo)
    assert read(operation_id).attribute_values == row.attribute_values


def _not_read(*_: object, **__: object) -> Operation:
    raise AssertionError("what is claimed by its hint costs no reading")


def test_a_hint_that_names_the_task_takes_over_from_a_worker_that_died(
    runtime_of: Runtimes, read: Read, stored: Store
) -> None:
    dead = {"status": "running", "run_id": "dead", "attempts": 1, "due": 0}
    operation = stored(task=echo.name, arguments={"text": "hello"}, **dead)
    runtime_of(echo).run(operation.id, echo)
    row = read(operation.id)
    assert (row.status, row.attempts) == ("succeeded", 2)
    assert [one["code"] for one in row.history] == ["WORKER_LOST", None]


def test_a_hint_that_names_another_task_runs_what_the_row_says(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(echo, start_echo)
    operation_id = submit(runtime, echo, "hello")
    runtime.run(operation_id, start_echo)
    assert read(operation_id).result == {"text": "hello"}


@pytest.mark.parametrize("task", [None, echo], ids=["by id alone", "by its task"])
def test_a_hint_to_what_is_not_there_is_dropped(
    runtime_of: Runtimes, task: Any, caplog: pytest.LogCaptureFixture
) -> None:
    runtime_of(echo).run("nothing", task)
    assert "no such operation" in caplog.text
    assert list(Operation.scan()) == []


def test_a_claim_whose_answer_was_lost_is_still_this_runs(
    runtime_of: Runtimes, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = runtime_of(echo)
    operation_id = submit(runtime, echo, "hello")
    update = Operation.update

    def sent_twice(self: Operation, *args: Any, **kwargs: Any) -> Any:
        update(Operation(operation_id), *args, **kwargs)  # as botocore does after a timeout
        return update(self, *args, **kwargs)

    monkeypatch.setattr(Operation, "update", sent_twice)
    runtime.run(operation_id, echo)
    row = read(operation_id)
    assert (row.status, row.attempts) == ("succeeded", 1)


def test_running_twice_runs_once(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(echo)
    operation_id = submit(runtime, echo, "hello")
    runtime.run(operation_id)
    finished = read(operation_id)
    runtime.run(operation_id)
    assert read(operation_id).attribute_values == finished.attribute_values


def test_an_operation_that_is_not_there_is_passed_over(runtime_of: Runtimes) -> None:
    runtime_of(echo).run("not-there")


def test_an_operation_of_an_unknown_task_stays_queued(
    runtime_of: Runtimes, stored: Store, read: Read
) -> None:
    operation = stored(task="services.old.tasks.gone")
    runtime_of(echo).run(operation.id)
    assert (read(operation.id).status, read(operation.id).attempts) == ("queued", 0)


@pytest.mark.parametrize(
    ("kind", "code"), [(ServiceUnavailable, "SERVICE_UNAVAILABLE"), (KeyError, "TASK_FAILED")]
)
def test_what_may_pass_is_tried_again_with_growing_waits_and_then_failed(
    runtime_of: Runtimes, read: Read, kind: type[Exception], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = runtime_of(flaky)
    failures.extend(kind(SECRET) for _ in range(5))
    with request_id_scope("request-1234"):
        operation_id = submit(runtime, flaky)
    for wait in (10, 20):
        before = time.time()
        run_when_due(runtime, operation_id)
        row = read(operation_id)
        assert row.status == "queued"
        # the wait, give or take the quarter that keeps failed tasks from coming back all at once
        assert before + wait * 0.75 < row.not_before < time.time() + wait * 1.25
    run_when_due(runtime, operation_id)
    row = read(operation_id)
    assert (row.status, row.attempts, row.problem["code"]) == ("failed", 3, code)
    assert row.problem["request_id"] == "request-1234"
    assert len(failures) == 2
    if kind is KeyError:
        assert SECRET not in str(row.problem)
        assert SECRET in caplog.text, "the log keeps what the client is not told"


def test_a_task_that_recovers_succeeds(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(flaky)
    failures.append(OSError(SECRET))
    operation_id = submit(runtime, flaky)
    runtime.run(operation_id)
    run_when_due(runtime, operation_id)
    row = read(operation_id)
    assert (row.status, row.result, row.attempts) == ("succeeded", "done", 2)


@pytest.mark.parametrize("error", [Conflict("No.", code="TAKEN"), Forbidden("No.", code="NOT_YOURS")])
def test_a_problem_of_the_clients_making_fails_at_once(
    runtime_of: Runtimes, read: Read, caplog: pytest.LogCaptureFixture, error: Conflict | Forbidden
) -> None:
    runtime = runtime_of(flaky)
    failures.append(error)
    operation_id = submit(runtime, flaky)
    runtime.run(operation_id)
    row = read(operation_id)
    assert (row.status, row.attempts, row.problem["code"]) == ("failed", 1, error.code)
    assert row.problem["detail"] == "No."
    (line,) = (one for one in caplog.records if one.message == "task failed")
    assert vars(line)["code"] == error.code
    assert "No." not in vars(line).values(), "a detail is for the owner, and may quote what they sent"


def test_a_task_that_keeps_killing_its_worker_ends_failed(
    runtime_of: Runtimes, stored: Store, read: Read
) -> None:
    poisoned = stored(task=flaky.name, status="running", run_id="dead", attempts=3, due=time.time() - 1)
    failures.append(AssertionError("it must not be run once more"))
    runtime_of(flaky).run(poisoned.id)
    row = read(poisoned.id)
    assert (row.status, row.problem["code"]) == ("failed", "TASK_FAILED")
    assert len(failures) == 1


def test_an_end_that_cannot_be_stored_leaves_the_lease_to_run_out(
    runtime_of: Runtimes, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    @asynctask
    def endless(text: str) -> None:
        raise Conflict("x" * 15_000)

    runtime = runtime_of(endless)
    operation_id = submit(runtime, endless, "x" * 340_000)
    # DynamoDB takes no item above 400 KB.
    Operation(operation_id).update([Operation.url.set("x" * 67_000)])
    runtime.run(operation_id)
    assert read(operation_id).status == "running"
    assert "could not be stored" in caplog.text
