"""What a task returns is kept, or the operation has failed at once: another run would return the same."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from libs.errors import Conflict
from libs.jwt import Caller, acting_as
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.arguments import LARGEST_STORED
from libs.tasks.following.handlers import get_operation

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]

ADA = Caller("ada")


def run(runtime_of: Runtimes, outcome: Any, *, arguments: str = "") -> str:
    """Run a task that returns `outcome`, and return the id of the operation."""

    @asynctask
    def returning(given: str) -> Any:
        return outcome

    runtime = runtime_of(returning)
    with runtime.active(), acting_as(ADA):
        operation = returning(arguments)
    runtime.run(operation.id)
    return str(operation.id)


@pytest.mark.parametrize(
    "outcome",
    [None, 0, "", [], {"a": [1, None]}, "é" * 50_000, "x" * 340_000],
    ids=lambda outcome: repr(outcome)[:12],
)
def test_what_fits_is_kept_and_answered(runtime_of: Runtimes, outcome: Any) -> None:
    # As large an argument as there may be makes room for it.
    operation_id = run(runtime_of, outcome, arguments="x" * 340_000)
    body = get_operation(operation_id, ADA).body
    assert (body["status"], body.get("result")) == ("succeeded", outcome)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Decimal("9.90"), "9.90"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 8, tzinfo=UTC), "2026-03-01T08:00:00Z"),
        (UUID(int=1), str(UUID(int=1))),
        (b"a", "YQ=="),
        (("a", 1), ["a", 1]),
    ],
    ids=["decimal", "date", "datetime", "uuid", "bytes", "tuple"],
)
def test_what_has_a_form_in_json_is_answered_in_it(runtime_of: Runtimes, outcome: Any, told: Any) -> None:
    body = get_operation(run(runtime_of, outcome), ADA).body
    assert (body["status"], body["result"]) == ("succeeded", told)


@pytest.mark.parametrize(
    "outcome",
    ["x" * LARGEST_STORED, "é" * 60_000, "x" * 1_000_000],
    ids=["x", "escaped", "larger than a row"],
)
def test_what_is_too_large_has_failed_after_one_try(runtime_of: Runtimes, read: Read, outcome: str) -> None:
    row = read(run(runtime_of, outcome))
    assert (row.status, row.problem["code"], row.attempts) == ("failed", "RESULT_TOO_LARGE", 1)
    assert outcome[:10] not in str(row.problem)


@pytest.mark.parametrize(
    "outcome", [object(), {1}, timedelta(1), "\ud800"], ids=["object", "set", "timedelta", "surrogate"]
)
def test_what_is_no_json_has_failed_after_one_try(runtime_of: Runtimes, read: Read, outcome: Any) -> None:
    row = read(run(runtime_of, outcome))
    assert (row.status, row.problem["code"], row.attempts) == ("failed", "RESULT_NOT_JSON", 1)


@pytest.mark.parametrize(
    "problem",
    [
        Conflict("x" * 400_000, code="TOO_MUCH"),
        Conflict("é" * 5_000, code="TOO_MUCH"),
        Conflict(code="TOO_MUCH", extra={"seen": object()}),
    ],
    ids=["larger than a row", "escaped", "no JSON"],
)
def test_of_a_problem_that_cannot_be_kept_its_code_is(
    runtime_of: Runtimes, read: Read, problem: Conflict
) -> None:
    @asynctask
    def refusing(given: str) -> None:
        raise problem

    runtime = runtime_of(refusing)
    with runtime.active():
        operation = refusing("x" * 340_000)
    runtime.run(operation.id)
    row = read(operation.id)
    told = {"type": "about:blank", "title": "Conflict", "status": 409, "code": "TOO_MUCH"}
    assert (row.status, row.problem) == ("failed", {**told, "request_id": row.request_id})
    assert [one["code"] for one in row.history] == ["TOO_MUCH"]
