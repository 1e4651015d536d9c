"""The operations of a caller: to everybody else they are not there."""

from pynamodb.exceptions import DoesNotExist

from libs.errors import NotFound
from libs.jwt import Caller
from libs.tasks.operation import CANCELLED, FAILED, QUEUED, RUNNING, SUCCEEDED, Operation

_STATUSES = frozenset({QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED})


def own_operation(operation_id: str, caller: Caller) -> Operation:
    """Return an operation of the caller's, as it is now.

    The table also has rows that are no operations: locks, workers, slots of schedules.

    :raises NotFound: if there is none, it is somebody else's or nobody's, or no operation at all.
    """
    try:
        operation = Operation.get(operation_id, consistent_read=True)
    except DoesNotExist:
        raise NotFound from None
    if operation.owner != caller.subject or operation.status not in _STATUSES:
        raise NotFound
    return operation
