"""What is reported of tries and of what is parked."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.errors import Conflict, Report, ServiceUnavailable, report_warning, reporting_to
from libs.tasks import Operation, asynctask


@asynctask(attempts=2)
def break_down(error: str) -> None:
    """Fail as it is told."""
    raise {"foreseen": ServiceUnavailable("Later."), "refused": Conflict("No."), "odd": ValueError(error)}[
        error
    ]


@asynctask
def warn() -> None:
    """Succeed, and tell of something."""
    report_warning("It is odd.")


def reports(runtime: Any, task: Any, *arguments: str, tries: int = 1) -> tuple[Operation, list[Report]]:
    told: list[Report] = []
    with runtime.active():
        operation: Operation = task(*arguments)
    with reporting_to(told.append):
        for _ in range(tries):
            operation.update([Operation.not_before.set(0)])
            runtime.run(operation.id)
    return operation, told


def test_a_try_that_fails_by_what_nobody_has_foreseen_is_reported_and_then_that_it_is_parked(
    runtime_of: Callable[..., Any],
) -> None:
    operation, told = reports(runtime_of(break_down), break_down, "odd", tries=2)
    assert [(one.kind, one.level, one.code) for one in told] == [
        ("error", "warning", "TASK_FAILED"),
        ("parked", "error", "TASK_FAILED"),
    ]
    assert [one.about["task"] for one in told] == [
        {"name": break_down.name, "operation": operation.id, "attempt": attempt} for attempt in (1, 2)
    ]
    assert {one.chain[0].kind for one in told} == {"ValueError"}
    assert {one.request_id for one in told} == {operation.request_id}


@pytest.mark.parametrize(("error", "code"), [("foreseen", "SERVICE_UNAVAILABLE"), ("refused", "CONFLICT")])
def test_what_is_foreseen_is_reported_once_it_is_parked(
    runtime_of: Callable[..., Any], error: str, code: str
) -> None:
    _, told = reports(runtime_of(break_down), break_down, error, tries=2)
    assert [(one.kind, one.code) for one in told] == [("parked", code)]


def test_a_warning_within_a_task_knows_of_it(runtime_of: Callable[..., Any]) -> None:
    operation, (told,) = reports(runtime_of(warn), warn)
    assert (told.kind, told.about["task"]["operation"]) == ("warning", operation.id)
