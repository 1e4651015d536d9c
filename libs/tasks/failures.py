"""What is reported of tasks: tries that fail by what nobody has foreseen, and operations that are parked."""

from contextlib import AbstractContextManager

from libs.errors import Problem, report, reporting_to
from libs.errors.reporting import Sink
from libs.tasks.operation import Operation


def reporting_try(operation: Operation, sink: Sink | None) -> AbstractContextManager[object]:
    """Return what has the reports of a try say which one it is.

    :param sink: who is told; None: who is told already.
    """
    task = {
        "name": str(operation.task),
        "operation": str(operation.id),
        "attempt": int(operation.attempts),
    }
    return reporting_to(sink, lambda: {"task": task})


def report_try(operation: Operation, error: Exception, error_id: str | None, retry_in: float) -> None:
    """Report a try that will be followed by another one.

    :param retry_in: seconds.
    """
    report(
        f"{operation.task}: a try failed",
        level="warning",
        code="TASK_FAILED",
        error=error,
        data={"retry_in": round(retry_in, 1)},
        error_id=error_id,
        located=False,
    )


def report_parked(operation: Operation, problem: Problem, error: Exception, error_id: str | None) -> None:
    """Report an operation that will not be tried again before somebody replays it."""
    report(
        f"{operation.task}: parked",
        kind="parked",
        code=problem.code,
        error=error,
        error_id=error_id,
        located=False,
    )
