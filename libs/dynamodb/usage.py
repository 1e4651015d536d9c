"""What is asked of DynamoDB, and for whom: calls, their tries, and the capacity they take.

Each call through `ItemConnection` is a `Call`. It is added to the `Usage` of the scope it is made in, such as
a request or a try of a task, and shown to the watchers of the connection, such as metrics.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from libs.dynamodb.calls import DatabaseAway
from libs.errors import DeadlineExceeded
from libs.errors.variable_scope import VariableScope

READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})
"""Operations whose capacity is of reads."""

Outcome = Literal[
    "ok", "condition_failed", "contended", "throttled", "unavailable", "too_late", "refused", "rejected"
]
"""What became of a call.

``condition_failed``: the condition of a write did not hold. ``contended``: another writer was at it at the
same moment. ``throttled``: more was asked for than the table or the account may take. ``unavailable``: nobody
answered, or with an error of the 5xx. ``too_late``: the time of the request was up, before it was sent or
while nobody answered. ``refused``: nothing was sent, for the circuit was open. ``rejected``: DynamoDB will
not have it, as no repetition will change.
"""
OUTCOMES: tuple[Outcome, ...] = (
    *("ok", "condition_failed", "contended"),
    *("throttled", "unavailable", "too_late", "refused", "rejected"),
)

_BY_CODE: Mapping[str, Outcome] = {
    "ConditionalCheckFailed": "condition_failed",
    "ConditionalCheckFailedException": "condition_failed",
    "InternalServerError": "unavailable",
    "LimitExceededException": "throttled",
    "ProvisionedThroughputExceeded": "throttled",
    "ProvisionedThroughputExceededException": "throttled",
    "RequestLimitExceeded": "throttled",
    "ServiceUnavailable": "unavailable",
    "ThrottlingError": "throttled",
    "ThrottlingException": "throttled",
    "TransactionConflict": "contended",
    "TransactionConflictException": "contended",
    "TransactionInProgressException": "contended",
}
"""By the code of an error, or of the reason that a transaction was cancelled for."""


@dataclass(slots=True, eq=False)
class Call:
    """A call of DynamoDB, and what has become of it.

    :ivar tables: the names of those it is for; several for a batch and a transaction.
    :ivar tries: how often it was sent; 0 if it never was.
    :ivar capacity: the units it took, of reads or of writes, by table.
    """

    operation: str
    tables: tuple[str, ...]
    started: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    tries: int = 0
    capacity: dict[str, float] = field(default_factory=dict)
    outcome: Outcome = "ok"
    error: str | None = None
    """DynamoDB's code where it has failed, or the class of what was raised."""

    @classmethod
    def begin(cls, operation: str, arguments: Mapping[str, Any]) -> "Call":
        """Return that of an operation which is about to be asked for."""
        return cls(operation, _tables(arguments))

    @property
    def is_read(self) -> bool:
        """Whether its capacity is of reads."""
        return self.operation in READS

    @property
    def units(self) -> float:
        """The capacity it took of all tables."""
        return sum(self.capacity.values())


@dataclass(slots=True, eq=False)
class Usage:
    """What a request, or a try of a task, has asked of DynamoDB.

    :ivar retries: how often a call was sent again.
    :ivar throttled: how many calls were given up because too much was asked.
    :ivar seconds: spent waiting for answers.
    """

    calls: int = 0
    retries: int = 0
    throttled: int = 0
    failed: int = 0
    """How many calls nobody answered, or were not made for that."""
    seconds: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0

    def add(self, call: Call) -> None:
        """Add a call that is over."""
        self.calls += 1
        self.seconds += call.seconds
        if call.tries > 1:
            self.retries += call.tries - 1
        if call.outcome == "throttled":
            self.throttled += 1
        elif call.outcome in ("unavailable", "too_late", "refused"):
            self.failed += 1
        if call.is_read:
            self.read_units += call.units
        else:
            self.write_units += call.units


CallWatcher = Callable[[Call], AbstractContextManager[object]]
"""What is entered before a call is made and left when it is over, as `Call` then tells. It raises nothing."""

_usage: ContextVar[Usage | None] = ContextVar("dynamodb_usage", default=None)
_call: ContextVar[Call | None] = ContextVar("dynamodb_call", default=None)


def usage_scope(usage: Usage | None = None) -> VariableScope[Usage]:
    """Add up in `usage` what is asked of DynamoDB within a with-block, in this thread."""
    return VariableScope(_usage, Usage() if usage is None else usage)


@contextmanager
def call_scope(call: Call) -> Iterator[None]:
    """Be in a call until the with-block ends; it is then over, and added to the usage of its scope."""
    token = _call.set(call)
    try:
        yield
    except BaseException as error:
        call.outcome, call.error = _failure(error)
        raise
    finally:
        _call.reset(token)
        call.seconds = time.perf_counter() - call.started
        if (usage := _usage.get()) is not None:
            usage.add(call)


def count_try() -> None:
    """Count that the present call is sent, for the first time or again."""
    if (call := _call.get()) is not None:
        call.tries += 1


def capacity(answer: Mapping[str, Any]) -> dict[str, float]:
    """Return the capacity units that an answer tells, by table (`ReturnConsumedCapacity`)."""
    told = answer.get("ConsumedCapacity") or ()
    taken: dict[str, float] = {}
    for one in (told,) if isinstance(told, Mapping) else told:
        table = one.get("TableName", "")
        taken[table] = taken.get(table, 0.0) + float(one.get("CapacityUnits", 0.0))
    return taken


def _tables(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    if (name := arguments.get("TableName")) is not None:
        return (name,)
    if (batch := arguments.get("RequestItems")) is not None:
        return tuple(batch)
    items = arguments.get("TransactItems", ())
    # Each once, in the order they come.
    return tuple(dict.fromkeys(parts["TableName"] for item in items for parts in item.values()))


def _failure(error: BaseException) -> tuple[Outcome, str]:
    # PynamoDB's error leaves out what botocore's, which it was raised from, tells.
    cause = error.__cause__ if isinstance(error.__cause__, ClientError) else error
    if isinstance(error, DatabaseAway | DeadlineExceeded):
        return "refused" if isinstance(error, DatabaseAway) else "too_late", type(error).__name__
    if not isinstance(cause, ClientError):
        # Whatever is not an answer of DynamoDB is that there was none.
        outcome: Outcome = "unavailable" if isinstance(cause, BotoCoreError | OSError) else "rejected"
        return outcome, type(error).__name__
    told = cause.response
    code = str(told.get("Error", {}).get("Code", ""))
    for reason in told.get("CancellationReasons", ()):
        if (found := _BY_CODE.get(reason.get("Code", ""))) is not None:
            return found, code
    if told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return "unavailable", code
    return _BY_CODE.get(code, "rejected"), code
