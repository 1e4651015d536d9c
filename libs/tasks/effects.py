"""Effects that are made once, however often their task is run.

With the writes of an effect goes a row of its own, its marker, in one DynamoDB transaction: both are stored
or neither is. A task that is run again, after a crash, by the retry of a later step or by a replay, finds the
marker, and gets what the effect returned the first time.

Markers are in the table of operations, ``once:<operation>:<effect>``, without what an index is made of, so
that no list of operations has them. They are no part of the operation's own row, which has room for 400 KB,
and is written all the time by whoever prolongs its lease.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

import orjson
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.operand import Path

from libs.dynamodb import Database, Item, Put, Table, Transaction
from libs.errors import Conflict, Problem
from libs.tasks.arguments import decode, encode
from libs.tasks.operation import Operation

MARKER_SECONDS = 366 * 24 * 3600
"""How long it is known that an effect was made: longer than an operation is tried and waits for a replay."""

LONGEST_NAME = 200
"""Characters of the name of an effect."""

_NAMESPACE = uuid.UUID("5f6d3c1e-2b0a-4c57-9d3e-0c1f7a86e4b2")
"""Of the keys, which are name-based UUIDs (RFC 9562 section 5.5). Another one would be other keys."""

_STORE_ERRORS = (PynamoDBException, ClientError, BotoCoreError)

Result = TypeVar("Result")


class Once:
    """Makes the effects of a task once. It is had by a parameter annotated `Once`.

    ::

        @asynctask
        def charge(order_id: str, once: Once) -> str:
            def book(transaction: Transaction) -> str:
                transaction.update(Order(order_id), [Order.charges.add(1)])
                send_receipt(order_id=order_id)   # a task of its own: stored with it, or not at all
                return str(ULID())

            return once.do("book", book)          # the same number in each run

    :param operation_id: the operation that is run. Without one, in a script or a test, effects are made and
        nothing is kept of it; with the id of an operation a test can stand for another run of it.
    :param made: the names of the effects this run has asked for already.
    """

    def __init__(
        self, database: Database, operation_id: str | None = None, *, made: set[str] | None = None
    ) -> None:
        self._database = database
        self._operation_id = operation_id
        self._made = set() if made is None else made
        self._origin = operation_id or uuid.uuid4().hex

    def do(self, name: str, effect: Callable[[Transaction], Result]) -> Result:
        """Make an effect unless it was made before, and return what it returned when it was made.

        `effect` is called with a transaction, into which it puts its writes; tasks it calls join in. It is
        stored when `effect` returns, together with the marker: at most 99 items. If it was made before,
        `effect` is not called. Where two runs of the operation are at it at the same moment, of which one has
        lost its lease, both may call it, and the writes of one of them are stored.

        What `effect` does to others than the transaction, such as a call of another service, may happen
        again if the worker dies before the marker is stored: give those `key`.

        :param name: what tells it from the other effects of the task; the same in each run of an operation,
            and not the same for two effects: ``f"remind {user_id}"`` in a loop.
        :returns: what `effect` returned; it has to have a form as an argument (`libs.tasks.arguments`). That
            is kept for `MARKER_SECONDS`, so it is an id, and not what is personal or secret.
        :raises ValueError: if this run has made an effect of that name already, or it is no name.
        :raises TypeError: if what `effect` returns has no such form; nothing is stored then.
        :raises Problem: what `effect` raises, and the conflicts of its writes; nothing is stored then.
        """
        if not 0 < len(name) <= LONGEST_NAME:
            raise ValueError(f"the name of an effect has 1 to {LONGEST_NAME} characters")
        if name in self._made:
            raise ValueError(f"this run has made an effect named {name!r} already: each needs its own name")
        found = self._find(name)
        if found is None:
            found = self._make(name, effect)
        self._made.add(name)
        value: Result = decode(orjson.loads(found))
        return value

    def key(self, name: str) -> str:
        """Return the key by which another service knows an effect again: a UUID.

        It is the same in each run of the operation, replays included, and another for every other operation,
        name, service and environment. It is sent as `Idempotency-Key`.
        """
        text = "\n".join([Table(Operation).name, self._origin, name])
        return str(uuid.uuid5(_NAMESPACE, text))

    def _make(self, name: str, effect: Callable[[Transaction], object]) -> bytes:
        """Make the effect and return its result as JSON; that of another run, if it was faster."""
        try:
            with self._database.transaction() as transaction:
                result = effect(transaction)
                made = _as_json(name, result)
                if self._operation_id is not None:
                    marker = Put(_marker(self._operation_id, name, made), Path("id").does_not_exist())
                    transaction.write(Table(Operation), marker, conflict=Conflict("It was made already."))
        except (Problem, *_STORE_ERRORS):
            # Whatever it says: it may have been stored and the answer been lost; or another run was faster,
            # and after that the effect's own conditions do not hold either. Where that cannot be told, what
            # is raised is that, and the task is tried again.
            found = self._find(name)
            if found is None:
                raise
            return found
        return made

    def _find(self, name: str) -> bytes | None:
        """Return what an effect returned, as JSON; None if it was not made."""
        if self._operation_id is None:
            return None
        row, _ = Table(Operation).get(_key(self._operation_id, name))
        return None if row is None else str(row["value"]["S"]).encode()


def _as_json(name: str, result: object) -> bytes:
    try:
        return orjson.dumps(encode(result))
    except TypeError as error:
        raise TypeError(f"the effect {name!r} returns what is not kept: {error}") from None


def _key(operation_id: str, name: str) -> Item:
    return {"id": {"S": f"once:{operation_id}:{name}"}}


def _marker(operation_id: str, name: str, value: bytes) -> Item:
    return {
        **_key(operation_id, name),
        "value": {"S": value.decode()},
        "expires_at": {"N": str(int(time.time()) + MARKER_SECONDS)},
    }


_running: ContextVar[tuple[str, set[str]] | None] = ContextVar("effects", default=None)


@contextmanager
def effects_of(operation: Operation) -> Iterator[None]:
    """Have `current_once` be that of one run of `operation` for the length of a with-block."""
    token = _running.set((str(operation.id), set()))
    try:
        yield
    finally:
        _running.reset(token)


def current_once(database: Database) -> Once:
    """Return what makes the effects of the operation that is run.

    :raises RuntimeError: if none is. A request is not run again, so it makes nothing once.
    """
    run = _running.get()
    if run is None:
        raise RuntimeError("a Once was asked for where no task is run: by a handler?")
    operation_id, made = run
    return Once(database, operation_id, made=made)
