"""The operations below ``/admin/operations``, for tokens with the scope tasks:admin."""

from pathlib import Path
from typing import Any

from libs.api import Contribution, Result, read_document
from libs.jwt import Caller
from libs.tasks.admin import administration
from libs.tasks.admin.administration import details, list_page, summary
from libs.tasks.following.owned import find
from libs.tasks.operation import CANCELLED
from libs.tasks.task import active_runtime


def list_all_operations(
    status: str, limit: int, task: str | None = None, after: str | None = None
) -> dict[str, Any]:
    """List what is parked, waits or runs.

    :raises InvalidParameters: for an `after` that is none.
    """
    page = list_page(status, task=task, limit=limit, after=after)
    listed: dict[str, Any] = {"items": [summary(one) for one in page.operations]}
    return listed if page.next is None else {**listed, "next": page.next}


def get_any_operation(operation_id: str) -> dict[str, Any]:
    """Tell everything about an operation but its result.

    :raises NotFound: if there is none.
    """
    return details(find(operation_id))


def replay_operation(operation_id: str, caller: Caller) -> dict[str, Any]:
    """Have a parked operation run once more.

    :raises NotFound: if there is none.
    :raises Conflict: NOT_PARKED, ALREADY_PENDING.
    """
    operation, runtime = find(operation_id), active_runtime.get()
    if runtime is None:
        raise RuntimeError("an operation was to be replayed where no tasks are")
    administration.replay(operation, runtime, by=_by(caller))
    return details(operation)


def discard_operation(operation_id: str, caller: Caller) -> dict[str, Any]:
    """Give a parked operation up.

    :raises NotFound: if there is none.
    :raises Conflict: NOT_PARKED.
    """
    operation = find(operation_id)
    administration.discard(operation, by=_by(caller))
    return details(operation)


def cancel_any_operation(operation_id: str, caller: Caller) -> Result:
    """Cancel what waits (200), or ask the worker that runs it to (202).

    :raises NotFound: if there is none.
    :raises Conflict: NOT_CANCELLABLE.
    """
    operation = find(operation_id)
    administration.cancel(operation, by=_by(caller))
    if operation.status == CANCELLED:
        return Result(details(operation), status=200)
    headers = {"Location": f"/admin/operations/{operation.id}"}
    return Result(details(operation), status=202, headers=headers)


def _by(caller: Caller) -> str:
    """Return what the audit log tells of who asks: also the service that acts for them."""
    return caller.subject if caller.actor is None else f"{caller.actor} for {caller.subject}"


def administration_contribution() -> Contribution:
    """Return the operations on ``/admin/operations``, and their schemas."""
    document = read_document(Path(__file__).with_name("administration.yaml"))
    functions = {
        one.__name__: one
        for one in (
            list_all_operations,
            get_any_operation,
            replay_operation,
            discard_operation,
            cancel_any_operation,
        )
    }
    return Contribution(document["paths"], functions, document["components"]["schemas"], document["tags"])
