"""One pending operation for one key.

Beside the operation there is a row that names it, its lock, written in the same transaction. A lock says
nothing by itself: whether it holds is told by the operation that it names. So one that was left behind, by a
worker that died after the end of its operation, stops nobody; that it is deleted at the end, and by its time
to live, is tidiness. Of what has failed it is left until that is discarded: deleted after a replay, which may
come at any moment, it would be missing.
"""

import hashlib
import logging
import time
from typing import Any

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.operand import Path

from libs.dynamodb import ConditionFailed, Item, Put, Remove, Table
from libs.tasks.arguments import canonical
from libs.tasks.operation import PARKED_SECONDS, Operation

logger = logging.getLogger(__name__)


def lock_of_key(task_name: str, key: str) -> str:
    """Return the id of the lock for a key that the task or its caller gave, the same for all callers."""
    return _lock(task_name, ["key", key])


def lock_of_arguments(task_name: str, owner: str | None, encoded: dict[str, Any]) -> str:
    """Return the id of the lock for these arguments; each caller has one of his own.

    Else the operation of one would be answered to another, who may not see it.
    """
    return _lock(task_name, ["arguments", owner, encoded])


def _lock(task_name: str, what: list[Any]) -> str:
    return f"unique:{task_name}:{hashlib.sha256(canonical(what)).hexdigest()}"


def find_holder(lock: str) -> tuple[Operation | None, str | None]:
    """Return the pending operation that holds `lock`, if one does, and the id that the lock names."""
    item, _ = Table(Operation).get(_key(lock))
    if item is None:
        return None, None
    holder = str(item["holder"]["S"])
    try:
        operation = Operation.get(holder, consistent_read=True)
    except DoesNotExist:
        return None, holder
    return (None if operation.is_final else operation), holder


def taking(operation: Operation, stale: str | None) -> Put:
    """Return the write that gives `operation` the lock of its `unique_key`.

    :param stale: the id the lock names by now, of an operation that is over; None if there is no lock. If
        that has changed, the condition of the write fails.
    """
    lock = str(operation.unique_key)
    # It must not go before the operation does, which may have been put off for weeks.
    until = max(time.time(), float(operation.not_before)) + PARKED_SECONDS
    item = {**_key(lock), "holder": {"S": str(operation.id)}, "expires_at": {"N": str(int(until))}}
    return Put(item, Path("id").does_not_exist() if stale is None else Path("holder") == stale)


def release(operation: Operation) -> None:
    """Delete the lock of an operation that is over, if it has one and it is still its own; never raises.

    It must be over for good: what is parked may be pending again by now, and need it.
    """
    if not operation.unique_key:
        return
    try:
        Table(Operation).write(Remove(_key(operation.unique_key), Path("holder") == str(operation.id)))
    except ConditionFailed:
        return  # deleted before, or another operation has it
    except Exception as error:  # noqa: BLE001 - it holds no more, whether it is there or not
        logger.warning("lock not deleted", extra={"operation": operation.id, "error": type(error).__name__})


def _key(lock: str) -> Item:
    return {"id": {"S": lock}}
