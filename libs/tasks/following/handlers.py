"""What clients see of operations, and do with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from libs.api import Contribution, Result, read_document
from libs.errors import Conflict
from libs.jwt import Caller
from libs.tasks.following.events import EventStreams
from libs.tasks.following.owned import own_operation
from libs.tasks.operation import CANCELLED, Operation
from libs.tasks.unique import release

LOOK_AGAIN_SECONDS = 1
"""What clients are told to wait before they look at an operation again that is not over."""


def accepted(operation: Operation) -> Result:
    """Return the answer to a request that started `operation`: 202 and where to follow it."""
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
    if not operation.cancel() and operation.status != CANCELLED:
        raise Conflict("It is over already.", code="NOT_CANCELLABLE")
    if operation.status == CANCELLED:
        release(operation)
        return Result(operation.to_json(), status=200)
    return accepted(operation)


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
