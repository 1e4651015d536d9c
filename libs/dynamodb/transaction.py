"""Writes that happen together or not at all."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from libs.dynamodb.table import Put, Remove, Table, Write, write_arguments
from libs.errors import Problem

MAX_ITEMS = 100
"""AWS limit on the items of one TransactWriteItems call."""

_current: ContextVar["Transaction | None"] = ContextVar("transaction", default=None)


def current_transaction() -> "Transaction | None":
    """Return the transaction of the with-block we are in, or None."""
    return _current.get()


class Transaction:
    """Collect writes in a with-block and send them as one TransactWriteItems at its end.

    ::

        with database.transaction() as transaction:
            transaction.create(user, conflict=Conflict("This e-mail is taken.", code="EMAIL_TAKEN"))
            send_welcome_mail(user.email)   # an @asynctask joins the transaction of its block

    Nothing is written if the block raises. If the condition of an item fails, the problem given as its
    `conflict` is raised; another writer on the same item at the same moment is a 503 (`as_problem`).
    """

    def __init__(self, connection: Connection) -> None:
        self._write = TransactWrite(connection=connection)
        # PynamoDB sends deletes, puts, then updates; the reasons of a cancellation come in that order.
        self._deletes: list[Problem | None] = []
        self._puts: list[Problem | None] = []
        self._updates: list[Problem | None] = []
        self._after: list[Callable[[], object]] = []
        self._token: Token[Transaction | None] | None = None

    def create(self, item: Model, *, conflict: Problem | None = None) -> None:
        """Write `item`, which must not exist yet."""
        absent = item._hash_key_attribute().does_not_exist()  # type: ignore[no-untyped-call]
        self.save(item, condition=absent, conflict=conflict)

    def save(
        self, item: Model, *, condition: Condition | None = None, conflict: Problem | None = None
    ) -> None:
        """Write `item` as a whole."""
        self._write.save(item, condition=condition)
        self._puts.append(conflict)

    def update(
        self,
        item: Model,
        actions: Sequence[Action],
        *,
        condition: Condition | None = None,
        conflict: Problem | None = None,
    ) -> None:
        """Apply `actions` to the stored item with the key of `item`."""
        self._write.update(item, actions=list(actions), condition=condition)
        self._updates.append(conflict)

    def write(self, table: Table, write: Write, *, conflict: Problem | None = None) -> None:
        """Do a write of raw items; so objects that persist themselves join in (`libs.api.Persistent`)."""
        arguments = write_arguments(table.name, write)
        if isinstance(write, Remove):
            self._write._delete_items.append(arguments)
            self._deletes.append(conflict)
        elif isinstance(write, Put):
            self._write._put_items.append(arguments)
            self._puts.append(conflict)
        else:
            self._write._update_items.append(arguments)
            self._updates.append(conflict)

    def after_commit(self, call: Callable[[], object]) -> None:
        """Have `call` run when the writes are stored; it must not raise."""
        self._after.append(call)

    def __enter__(self) -> Self:
        if _current.get() is not None:
            raise RuntimeError("transactions do not nest: DynamoDB has no savepoints")
        self._token = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None  # noqa: S101 - __enter__ set it
        _current.reset(self._token)
        if error is not None:
            return
        self._commit()
        for call in self._after:
            call()

    def _commit(self) -> None:
        conflicts = self._deletes + self._puts + self._updates
        if not conflicts:
            return
        if len(conflicts) > MAX_ITEMS:
            raise ValueError(f"a transaction holds at most {MAX_ITEMS} items, not {len(conflicts)}")
        try:
            self._write._commit()
        except TransactWriteError as error:
            for reason, conflict in zip(error.cancellation_reasons, conflicts, strict=False):
                if reason and reason.code == "ConditionalCheckFailed" and conflict:
                    raise conflict from error
            raise
