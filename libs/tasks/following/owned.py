"""Finding an operation by its id, and cancelling it; for whoever is not its owner it is not there."""

from pynamodb.exceptions import DoesNotExist

from libs.errors import Conflict, NotFound
from libs.jwt import Caller
from libs.tasks.operation import CANCELLED, FAILED, QUEUED, RUNNING, SUCCEEDED, Operation
from libs.tasks.unique import release

_STATUSES = frozenset({QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED})
_LONGEST_ID = 2048
"""Bytes that DynamoDB takes as a partition key, of which it wants one at least."""


def find(operation_id: str) -> Operation:
    """Return an operation as it is now, whoever's it is.

    The table also has rows that are no operations: locks, workers, slots of schedules.

    :raises NotFound: if there is none, or it is no operation, or the id is none that a row can have.
    """
    try:
        size = len(operation_id.encode())
    except UnicodeEncodeError:  # bytes of a command line that are no UTF-8
        raise NotFound from None
    if not 0 < size <= _LONGEST_ID:
        raise NotFound
    try:
        operation = Operation.get(operation_id, consistent_read=True)
    except DoesNotExist:
        raise NotFound from None
    if operation.status not in _STATUSES:
        raise NotFound
    return operation


def own_operation(operation_id: str, caller: Caller) -> Operation:
    """Return an operation of the caller's, as it is now.

    :raises NotFound: as `find`, and if it is somebody else's or nobody's.
    """
    operation = find(operation_id)
    if operation.owner != caller.subject:
        raise NotFound
    return operation


def cancel(operation: Operation) -> None:
    """Cancel an operation that waits, or ask the worker that runs it to; asked again, nothing more.

    :raises Conflict: NOT_CANCELLABLE, if it has succeeded or failed.
    """
    if not operation.cancel() and operation.status != CANCELLED:
        raise Conflict("It is over already.", code="NOT_CANCELLABLE")
    if operation.status == CANCELLED:
        release(operation)
