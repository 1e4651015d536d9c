"""How many operations there are of each kind at a moment, for Prometheus: read from the table.

So they are right whatever was killed, and the same from every process of a service.
"""

import logging
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pynamodb.exceptions import PynamoDBException

from libs.tasks.operation import PARKED, PENDING, RUNNING, Operation
from libs.tasks.watching.health import live_workers, waited_seconds
from libs.tasks.watching.metrics import UNKNOWN

logger = logging.getLogger(__name__)

COUNTED_AT_MOST = 1000
"""How many rows of a kind are looked at; more of them are told as so many."""
CACHED_SECONDS = 15.0
WAITING, LATER = "waiting", "later"


class TableGauges(Collector):
    """How many operations there are of each kind, how long the oldest has waited, and how many workers live.

    Read when somebody asks, at most each `CACHED_SECONDS`, by two queries of at most `COUNTED_AT_MOST` rows
    of the index (some 25 read units each when there are as many). Beyond that, what is due first is counted,
    and of what is parked the latest. While the table does not answer there are none rather than old ones.

    :param tasks: the names of the tasks that the service declares.
    """

    def __init__(self, tasks: Iterable[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._names = frozenset(tasks)
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._found: list[Metric] = []

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when it is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Return the gauges."""
        with self._lock:
            if self._clock() - self._looked_at > CACHED_SECONDS:
                self._found = self._look()
                self._looked_at = self._clock()
            return iter(self._found)

    def _look(self) -> list[Metric]:
        try:
            return list(self._read())
        except PynamoDBException as error:
            logger.warning("tasks could not be counted", extra={"error": type(error).__name__})
            return []

    def _read(self) -> Iterator[Metric]:
        now, oldest = time.time(), 0.0
        pending: Tally[tuple[str, ...]] = Tally()
        for row in Operation.pending_index.query(PENDING, limit=COUNTED_AT_MOST):
            waited = waited_seconds(row, now)
            pending[self._label(row.task), _kind(row.status) if waited is None else WAITING] += 1
            oldest = max(oldest, waited or 0.0)
        latest = Operation.pending_index.query(PARKED, limit=COUNTED_AT_MOST, scan_index_forward=False)
        parked: Tally[tuple[str, ...]] = Tally((self._label(row.task),) for row in latest)
        names = (*sorted(self._names), UNKNOWN)
        yield _gauge(
            "tasks_pending",
            "Operations that are not over.",
            {(name, kind): pending[name, kind] for name in names for kind in (WAITING, LATER, RUNNING)},
        )
        yield _gauge(
            "tasks_parked",
            "Operations that have failed and wait for a person.",
            {(name,): parked[name,] for name in names},
        )
        text = "For how long the oldest operation has waited that could run."
        yield GaugeMetricFamily("tasks_oldest_waiting_seconds", text, value=oldest)
        yield GaugeMetricFamily("tasks_workers", "Workers that live.", value=live_workers())

    def _label(self, task: str) -> str:
        return task if task in self._names else UNKNOWN


def _kind(status: str) -> str:
    return RUNNING if status == RUNNING else LATER


def _gauge(name: str, text: str, counted: Mapping[tuple[str, ...], int]) -> GaugeMetricFamily:
    """Return a gauge, by task or by task and status."""
    found: GaugeMetricFamily | None = None
    for labels, count in counted.items():
        found = found or GaugeMetricFamily(name, text, labels=["task", "status"][: len(labels)])
        found.add_metric(labels, count)
    assert found is not None  # noqa: S101 - there is always the task UNKNOWN
    return found
