"""Who a task acts for, and what of them goes through the queue: never a token."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from libs.api import Dependencies
from libs.dynamodb import Database
from libs.jwt import (
    Caller,
    FixedKeySet,
    Identity,
    SigningKey,
    TokenIssuer,
    TokenVerifier,
    acting_as,
    backend_token,
    generate_token,
    get_user_token,
    get_user_token_data,
    get_userid,
    load_auth_token,
    requires_auth,
)
from libs.tasks import Operation, TaskRuntime, asynctask

KEY = SigningKey.generate()
ISSUES = TokenIssuer(KEY, "http://auth.test")
VERIFIER = TokenVerifier(FixedKeySet([KEY.jwk]), issuer="http://auth.test", audience="probe")
Read = Callable[[str], Operation]


@asynctask(attempts=1)
def look() -> dict[str, Any]:
    """Return who the task acts for."""
    return {"userid": get_userid(), "token": get_user_token(), "data": dict(get_user_token_data())}


@asynctask(attempts=1)
@requires_auth(roles=["admin"], scopes=["write"])
def guarded() -> str:
    """Run for some."""
    return get_userid()


@asynctask(attempts=1)
def sign() -> list[str]:
    """Make a token, read it, and return whom it is for and who calls; then leave as somebody else."""
    token = generate_token("somebody", audience=["probe"])
    found = [load_auth_token(token).subject, get_userid()]
    with ThreadPoolExecutor(1) as pool:
        return [*found, pool.submit(get_userid).result()]


@asynctask(attempts=1)
def fail_as_service() -> None:
    """Fail while it acts as the service."""
    with backend_token(ISSUES, "probe", audience=["probe"]):
        raise RuntimeError("hunter2")


@asynctask(attempts=1)
def pass_on() -> str:
    """Start another task."""
    return str(look().id)


TASKS = (look, guarded, sign, fail_as_service, pass_on)


@pytest.fixture
def runtime(database: Database, broker: Any) -> TaskRuntime:
    identity = Identity(VERIFIER.verify, ISSUES)
    return TaskRuntime(TASKS, Dependencies([database]), broker, identity=identity)


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    """One thread that runs one task after the other."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def caller() -> Caller:
    token = ISSUES.issue("ada", audience=["probe"], scopes=["write"], roles=["admin"], claims={"csrf": "x"})
    return VERIFIER.verify(token)


def submit(runtime: TaskRuntime, task: Callable[..., Any], who: Caller | None) -> str:
    with runtime.active(), acting_as(who):
        return str(task().id)


def test_what_goes_through_the_queue_is_who_it_is_and_no_token(
    runtime: TaskRuntime, read: Read, worker: ThreadPoolExecutor
) -> None:
    ada = caller()
    operation = submit(runtime, look, ada)
    row = read(operation)
    assert row.caller == {
        "subject": "ada",
        "scopes": ["write"],
        "roles": ["admin"],
        "audience": ["probe"],
    }
    stored = str(row.serialize())
    assert not any(part in stored for part in (ada.token or "").split("."))
    assert str(ada.token_id) not in stored
    worker.submit(runtime.run, operation).result()
    assert read(operation).result == {"userid": "ada", "token": None, "data": {}}


def test_scopes_and_roles_go_along(runtime: TaskRuntime, read: Read, worker: ThreadPoolExecutor) -> None:
    found = {}
    for who in (caller(), Caller("eve", frozenset({"write"})), None):
        operation = submit(runtime, guarded, who)
        worker.submit(runtime.run, operation).result()
        row = read(operation)
        found[who.subject if who else None] = row.result or row.problem["code"]
    assert found == {"ada": "ada", "eve": "FORBIDDEN", None: "AUTHENTICATION_REQUIRED"}


def test_a_task_makes_and_reads_tokens_as_its_service(
    runtime: TaskRuntime, read: Read, worker: ThreadPoolExecutor
) -> None:
    operation = submit(runtime, sign, caller())
    worker.submit(runtime.run, operation).result()
    assert read(operation).result == ["somebody", "ada", ""], "and a thread of its own is nobody"


def test_where_no_service_is_running_a_task_makes_no_tokens(
    database: Database, broker: Any, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = TaskRuntime(TASKS, Dependencies([database]), broker)
    operation = submit(runtime, sign, caller())
    runtime.run(operation)
    assert read(operation).problem["code"] == "TASK_FAILED"
    assert "no service is running here" in caplog.text


def test_the_next_task_of_a_worker_knows_nothing_of_the_one_before(
    runtime: TaskRuntime, read: Read, worker: ThreadPoolExecutor
) -> None:
    order = [(look, caller()), (fail_as_service, caller()), (look, None), (look, Caller("eve"))]
    done = [submit(runtime, task, who) for task, who in order]
    for operation in done:
        worker.submit(runtime.run, operation).result()
    ada, failed, nobody, eve = map(read, done)
    assert (ada.result["userid"], nobody.result["userid"], eve.result["userid"]) == ("ada", "", "eve")
    assert failed.problem["code"] == "TASK_FAILED"
    assert worker.submit(get_userid).result() == ""
    with pytest.raises(RuntimeError, match="no service is running"):
        worker.submit(load_auth_token, "x").result()


def test_a_task_that_a_task_starts_acts_for_the_same_caller(runtime: TaskRuntime, read: Read) -> None:
    outer = submit(runtime, pass_on, caller())
    runtime.run(outer)
    inner = read(read(outer).result)
    assert (inner.owner, inner.caller["roles"]) == ("ada", ["admin"])


def test_tasks_at_once_each_act_for_their_own_caller(runtime: TaskRuntime, read: Read) -> None:
    done = {f"user-{number}": submit(runtime, look, Caller(f"user-{number}")) for number in range(8)}
    begin = threading.Barrier(8)

    def run(operation: str) -> None:
        begin.wait()
        runtime.run(operation)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, done.values()))
    assert {who: read(operation).result["userid"] for who, operation in done.items()} == {
        who: who for who in done
    }
