"""What clients see of operations, and do with them."""

from pathlib import Path

from pynamodb.exceptions import DoesNotExist

from libs.api import Contribution, Result, read_document
from libs.errors import Conflict, NotFound
from libs.jwt import Caller
from libs.tasks.operation import CANCELLED, Operation
from libs.tasks.unique import release


def accepted(operation: Operation) -> Result:
    """Return the answer to a request that started `operation`: 202 and where to follow it."""
    headers = {"Location": f"/operations/{operation.id}"}
    return Result(operation.to_json(), status=202, headers=headers)


def get_operation(operation_id: str, caller: Caller) -> Result:
    """Answer how far an operation is, to its owner only.

    :raises NotFound: if there is none, or it is somebody else's.
    """
    return Result(_own(operation_id, caller).to_json())


def cancel_operation(operation_id: str, caller: Caller) -> Result:
    """Cancel an operation that waits (200), or ask the worker that runs it to (202); for its owner only.

    Asked again it answers the same.

    :raises NotFound: if there is none, or it is somebody else's.
    :raises Conflict: NOT_CANCELLABLE, if it has succeeded or failed.
    """
    operation = _own(operation_id, caller)
    if not operation.cancel() and operation.status != CANCELLED:
        raise Conflict("It is over already.", code="NOT_CANCELLABLE")
    if operation.status == CANCELLED:
        release(operation)
        return Result(operation.to_json(), status=200)
    return accepted(operation)


def _own(operation_id: str, caller: Caller) -> Operation:
    try:
        operation = Operation.get(operation_id, consistent_read=True)
    except DoesNotExist:
        raise NotFound from None
    if operation.owner != caller.subject:
        raise NotFound
    return operation


def operations_contribution() -> Contribution:
    """Return the operations on ``/operations/{operation_id}``, and the schemas of operations."""
    document = read_document(Path(__file__).with_name("operations.yaml"))
    handlers = {"get_operation": get_operation, "cancel_operation": cancel_operation}
    return Contribution(document["paths"], handlers, document["components"]["schemas"], document["tags"])
