"""Storing the call of a task: with the data it belongs to, and once for a unique key."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path

from libs.dynamodb import ConditionFailed, Put, Table, Transaction
from libs.dynamodb.contention import contended, is_collision, pauses, wait
from libs.errors import BodyTooLarge, current_request_id, current_trace, new_request_id
from libs.jwt import Caller
from libs.tasks.arguments import encode_arguments, fits
from libs.tasks.operation import Operation
from libs.tasks.options import CallOptions
from libs.tasks.request_url import current_url
from libs.tasks.task import Task
from libs.tasks.unique import find_holder, lock_of_arguments, lock_of_key, taking


def prepared(
    task: Task,
    arguments: Mapping[str, Any],
    options: CallOptions,
    *,
    caller: Caller | None,
    operation_id: str | None = None,
) -> Operation:
    """Return the operation of a call, which is not stored yet.

    :raises TypeError: if an argument has no JSON form, or `unique` of the task returns None.
    :raises BodyTooLarge: if the row would have no room for what becomes of it.
    """
    encoded = encode_arguments(arguments)
    if not fits(encoded):
        raise BodyTooLarge("It is more than is kept for a task (350 KB).")
    owner = caller.subject if caller else None
    key = options.unique_key
    if key is None and callable(task.unique):
        key = task.unique(dict(arguments))
        if key is None:
            raise TypeError(f"{task.name}: its unique has returned None, which is no key")
    lock = None
    if key is not None:
        lock = lock_of_key(task.name, key)
    elif task.unique is not None:
        lock = lock_of_arguments(task.name, owner, encoded)
    attributes: dict[str, Any] = {} if operation_id is None else {"id": operation_id}
    start = options.not_before()
    if start is not None:
        # No hint before its time, neither now nor in a broker: the relay gives it.
        attributes.update(not_before=start, due=start, publications=0)
    trace = current_trace()
    return Operation(
        task=task.name,
        arguments=encoded,
        version=task.version,
        caller=caller.to_json() if caller else None,
        owner=owner,
        request_id=current_request_id() or new_request_id(),
        traceparent=trace.get("traceparent"),
        tracestate=trace.get("tracestate"),
        url=current_url() or None,
        queue=options.queue,
        priority=options.priority,
        unique_key=lock,
        **attributes,
    )


class Submission:
    """Store operations, alone or within a transaction."""

    def __init__(self) -> None:
        self._in_transaction: WeakKeyDictionary[Transaction, dict[str, Operation]] = WeakKeyDictionary()

    def within(self, transaction: Transaction, operation: Operation) -> Operation:
        """Have `operation` stored with the transaction; return it, or the one that is pending instead.

        Somebody may start the same before the transaction is stored; then all of it is refused with a 503,
        and its repetition finds what the other has started.
        """
        lock = operation.unique_key
        if lock is not None:
            started = self._in_transaction.setdefault(transaction, {})
            if lock in started:
                return started[lock]
            holder, stale = find_holder(lock)
            if holder is not None:
                return holder
            transaction.write(Table(Operation), taking(operation, stale), conflict=contended())
            started[lock] = operation
        transaction.create(operation)
        return operation

    def alone(self, operation: Operation) -> Operation:
        """Store `operation`; return it, or the one that is pending instead.

        :raises ServiceUnavailable: if others were faster each time, and over again when they were looked at.
        """
        table, waits = Table(Operation), pauses()
        # Where its answer was lost a worker may have it by now, and have changed it.
        new = Put(operation.serialize(), Path("id").does_not_exist(), own_key=True)
        if not operation.unique_key:
            table.write(new)
            return operation
        while True:
            holder, stale = find_holder(operation.unique_key)
            if holder is not None:
                return holder
            try:
                table.transact([(table, new), (table, taking(operation, stale))])
            except ConditionFailed:
                pass
            except TransactWriteError as error:
                if not is_collision(error):
                    raise
            else:
                return operation
            wait(waits)
