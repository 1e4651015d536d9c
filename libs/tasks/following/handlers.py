"""What clients see of operations, and do with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from libs.api import Contribution, Result, read_document
from libs.jwt import Caller, current_caller
from libs.tasks.following.events import EventStreams
from libs.tasks.following.owned import cancel, own_operation
from libs.tasks.operation import CANCELLED, Operation

LOOK_AGAIN_SECONDS = 1
"""What clients are told to wait before they look at an operation again that is not over."""


def accepted(operation: Operation) -> Result:
    """Return the answer to a request that started `operation`: 202 and where to follow it.

    If it is somebody else's, who has started the same before (`unique`), the caller could not follow it: the
    answer has its id and status, and neither its address nor how far it is. So it is where nobody is known to
    call: what is nobody's may be another's, and nobody can follow it.
    """
    caller = current_caller()
    if caller is None or operation.owner != caller.subject:
        return Result(_of_another(operation), status=202)
    return _to_follow(operation)


def _of_another(operation: Operation) -> dict[str, Any]:
    began = operation.created_at  # when it last changed would tell how it goes on
    told = {"id": operation.id, "task": operation.task, "status": operation.status}
    return {**told, "progress": 0, "created_at": began, "updated_at": began}


def _to_follow(operation: Operation) -> Result:
    headers = {"Location": f"/operations/{operation.id}", **_look_again(operation)}
    return Result(operation.to_json(), status=202, headers=headers)


def get_operation(operation_id: str, caller: Caller) -> Result:
    """Answer how far an operation is, to its owner only.

    :raises NotFound: if there is none, or it is somebody else's.
    """
    operation = own_operation(operation_id, caller)
    return Result(operation.to_json(), headers=_look_again(operation))


def _look_again(operation: Operation) -> dict[str, str]:
    return {} if operation.is_final else {"Retry-After": str(LOOK_AGAIN_SECONDS)}


def cancel_operation(operation_id: str, caller: Caller) -> Result:
    """Cancel an operation that waits (200), or ask the worker that runs it to (202); for its owner only.

    Asked again it answers the same.

    :raises NotFound: if there is none, or it is somebody else's.
    :raises Conflict: NOT_CANCELLABLE, if it has succeeded or failed.
    """
    operation = own_operation(operation_id, caller)
    cancel(operation)
    if operation.status == CANCELLED:
        return Result(operation.to_json(), status=200)
    return _to_follow(operation)


def operations_contribution(streams: EventStreams | None = None) -> Contribution:
    """Return the operations on ``/operations/{operation_id}``, and the schemas of operations.

    :param streams: those of the process; by default as many and as long as `EventStreams` says.
    """
    document = read_document(Path(__file__).with_name("operations.yaml"))
    handlers: dict[str, Callable[..., Any]] = {
        "get_operation": get_operation,
        "cancel_operation": cancel_operation,
        "follow_operation": (streams or EventStreams()).follow_operation,
    }
    return Contribution(document["paths"], handlers, document["components"]["schemas"], document["tags"])
