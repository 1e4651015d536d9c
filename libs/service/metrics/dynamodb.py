"""Calls of DynamoDB in numbers: how many, what became of them, their time and the capacity they took."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

from libs.dynamodb import Call
from libs.dynamodb.usage import OUTCOMES, Outcome
from libs.resilience import UNWATCHED, PoolWatcher

SEVERAL, NO_TABLE = "several", "none"
"""The label `table` of calls that are for several tables, and for none."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
"""The upper bounds of what is told of how long calls took."""


class DynamoMetrics:
    """A watcher of a connection to DynamoDB that counts its calls.

    :param table_prefix: what the names of tables begin with, which is left out of the label `table`.
    :param pool: what watches its connections: each call has one, for as long as it takes.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        table_prefix: str = "",
        pool: PoolWatcher = UNWATCHED,
    ) -> None:
        self._prefix = table_prefix
        self._pool = pool
        self._calls = Counter(
            "dynamodb_calls", "Calls made.", ["table", "operation", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "dynamodb_call_seconds",
            "How long calls took, tries and pauses between them included.",
            ["table", "operation"],
            registry=registry,
            buckets=SECONDS,
        )
        self._retries = Counter(
            "dynamodb_retries", "Calls sent again.", ["table", "operation"], registry=registry
        )
        self._units = Counter(
            "dynamodb_capacity_units",
            "Capacity taken, in units of reads and of writes.",
            ["table", "kind"],
            registry=registry,
        )
        self._counted: dict[tuple[tuple[str, ...], str], _Counted] = {}
        self._taken: dict[tuple[str, bool], Counter] = {}

    @contextmanager
    def watch(self, call: Call) -> Iterator[None]:
        """Count a call."""
        self._pool.taken()
        try:
            yield
        finally:
            self._pool.returned()
            self._count(call)

    def _count(self, call: Call) -> None:
        key = call.tables, call.operation
        counted = self._counted.get(key)
        if counted is None:
            counted = self._counted[key] = self._make(call)
        counted.outcomes[call.outcome].inc()
        counted.seconds.observe(call.seconds)
        if call.tries > 1:
            counted.retries.inc(call.tries - 1)
        for table, units in call.capacity.items():
            self._capacity(table, is_read=call.is_read).inc(units)

    def _make(self, call: Call) -> "_Counted":
        labels = self._label(call.tables), call.operation
        # All outcomes begin at zero, so that the first failure is an increase and not a new series.
        outcomes = {one: self._calls.labels(*labels, one) for one in OUTCOMES}
        return _Counted(outcomes, self._seconds.labels(*labels), self._retries.labels(*labels))

    def _label(self, tables: tuple[str, ...]) -> str:
        if len(tables) > 1:
            return SEVERAL
        return tables[0].removeprefix(self._prefix) if tables else NO_TABLE

    def _capacity(self, table: str, *, is_read: bool) -> Counter:
        key = table, is_read
        found = self._taken.get(key)
        if found is None:
            kind = "read" if is_read else "write"
            found = self._taken[key] = self._units.labels(self._label((table,)), kind)
        return found


class _Counted:
    """The counts of an operation on a table."""

    __slots__ = ("outcomes", "retries", "seconds")

    def __init__(self, outcomes: dict[Outcome, Counter], seconds: Histogram, retries: Counter) -> None:
        self.outcomes = outcomes
        self.seconds = seconds
        self.retries = retries
