"""What a task has done is done, also where the database does not answer when the end of it is stored."""

import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from urllib3 import HTTPResponse

from libs.errors import ServiceUnavailable
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.ending import store_end

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]
Lose = Callable[..., list[str]]
Answer = Callable[[str, int, int, bytes], list[str]]

paid: list[str] = []


@asynctask(attempts=1)
def pay(who: str) -> str:
    """Do what must not be done twice."""
    paid.append(who)
    return f"paid {who}"


@asynctask(attempts=3)
def pay_or_try_again(who: str) -> str:
    """Do the same, with tries left."""
    return pay.function(who)


@asynctask(attempts=1)
def fail() -> None:
    """Fail for good."""
    raise ServiceUnavailable(code="NO_LUCK")


@asynctask(attempts=2)
def fail_for_now() -> None:
    """Fail, with another try before it."""
    raise ServiceUnavailable(code="NO_LUCK")


@pytest.fixture(autouse=True)
def _nobody_paid() -> None:
    paid.clear()


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [one for one in caplog.records if one.levelname == "ERROR"]
    return [one.message for one in told if one.message != "report"]


@pytest.mark.parametrize("arrive", [True, False], ids=["stored", "not stored"])
@pytest.mark.parametrize("task", [pay, pay_or_try_again], ids=["one try", "three tries"])
def test_a_task_that_has_returned_has_succeeded_when_the_database_answers_again(
    runtime_of: Runtimes, read: Read, unanswered: Lose, task: Any, arrive: bool
) -> None:
    runtime = runtime_of(task)
    with runtime.active():
        operation = task("ada")
    lost = unanswered('"succeeded"', 4, arrive=arrive)
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result, paid, len(lost)) == ("succeeded", "paid ada", ["ada"], 4)
    assert [one["code"] for one in row.history] == [None]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"__type": "com.amazon.coral.service#InternalFailure"}'),
        (502, b"<html>Bad Gateway</html>"),
        (503, b"Service Unavailable"),
        (504, b""),
    ],
    ids=["InternalFailure", "a proxy's page", "a text", "nothing"],
)
@pytest.mark.parametrize("task", [pay, pay_or_try_again], ids=["one try", "three tries"])
def test_neither_an_answer_of_the_5xx_nor_a_proxys_undoes_what_was_done(
    runtime_of: Runtimes, read: Read, answering: Answer, task: Any, status: int, body: bytes
) -> None:
    runtime = runtime_of(task)
    with runtime.active():
        operation = task("ada")
    answered = answering('"succeeded"', 2, status, body)
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result, paid, len(answered)) == ("succeeded", "paid ada", ["ada"], 2)
    assert [one["code"] for one in row.history] == [None]


def test_an_end_that_was_not_stored_while_the_lease_was_good_is_left_to_who_takes_over(
    runtime_of: Runtimes, read: Read, unanswered: Lose, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = runtime_of(pay, lease_seconds=0.3)
    with runtime.active():
        operation = pay("ada")
    unanswered('"succeeded"', 1000, arrive=False)
    runtime.run(operation.id)
    assert read(operation.id).status == "running"
    assert alarms(caplog) == ["the end of a task could not be stored; its lease will run out"]


def test_a_time_limit_that_comes_while_the_end_is_stored_does_not_undo_it() -> None:
    ends = iter([TimeoutError("the time limit"), True])

    def end() -> bool:
        now = next(ends)
        if isinstance(now, Exception):
            raise now
        return now

    assert store_end(end, 10)


@pytest.mark.parametrize("times", [1, 2], ids=["sent again by botocore", "sent again by us"])
def test_what_is_parked_is_told_though_the_answer_was_lost(
    runtime_of: Runtimes, read: Read, unanswered: Lose, caplog: pytest.LogCaptureFixture, times: int
) -> None:
    runtime = runtime_of(fail)
    with runtime.active():
        operation = fail()
    unanswered('"failed"', times)
    with caplog.at_level(logging.INFO):
        runtime.run(operation.id)
    assert (read(operation.id).status, alarms(caplog)) == ("failed", ["operation parked"])
    assert "lease was lost" not in caplog.text
    assert ended(runtime, fail, "parked") == 1


def test_what_is_put_off_is_counted_though_the_answer_was_lost(
    runtime_of: Runtimes, read: Read, unanswered: Lose
) -> None:
    runtime = runtime_of(fail_for_now)
    with runtime.active():
        operation = fail_for_now()
    lost = unanswered("NO_LUCK")
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, [one["code"] for one in row.history]) == ("queued", ["NO_LUCK"])
    assert len(lost) == 1
    assert ended(runtime, fail_for_now, "retried") == 1


@pytest.fixture
def answering(intercepted: Callable[..., list[str]]) -> Answer:
    """Have the next `times` updates in which there is `text` be answered so, and not be done."""

    def answer(text: str, times: int, status: int, body: bytes) -> list[str]:
        def answering(request: Any, _send: object) -> Any:
            raw = HTTPResponse(io.BytesIO(body), preload_content=False)
            return AWSResponse(request.url, status, {}, raw)

        return intercepted(text, times, answering)

    return answer


def ended(runtime: TaskRuntime, task: Any, outcome: str) -> float:
    return float(runtime._metrics._ended.labels(task.name, outcome)._value.get())
