"""What each process counts of tasks, for Prometheus: how often things happened, and how long they took.

A query sums over processes. These numbers are what rates and times are made from, not books: a process that
is killed between storing the end of a task and counting it leaves that end uncounted. The row is the truth,
and what there is of operations at a moment is read from the table (`gauges`).

Labels are names of tasks that the service declares, and never anything that a caller chooses.
"""

import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram

if TYPE_CHECKING:
    from libs.tasks.operation import Operation

UNKNOWN = "unknown"
"""The label of a task that this release does not declare."""

CANCELLED, LOST = "cancelled", "lost"
OUTCOMES = {"succeeded": "succeeded", "failed": "parked", "cancelled": CANCELLED, "queued": "retried"}
"""By the status that a try has left its operation with."""
TRY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)
WAIT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600)
"""Seconds."""


class TaskMetrics:
    """What this process has seen happen to operations.

    :param tasks: the names of the tasks that the service declares. All of their series begin at zero, so that
        the first failure is an increase and not a new series.
    """

    def __init__(self, registry: CollectorRegistry, tasks: Iterable[str]) -> None:
        self._names = frozenset(tasks)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, ["task", *labels], registry=registry)

        def histogram(name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(name, text, ["task"], registry=registry, buckets=buckets)

        self._queued = counter("tasks_queued", "Operations stored to be run: calls, slots, replays.")
        self._started = counter("tasks_started", "Tries that have begun.")
        self._ended = counter("tasks_ended", "Tries that have ended, and operations cancelled.", "outcome")
        self._workers_lost = counter("tasks_workers_lost", "Tries taken over from a worker that died.")
        self._publish_failures = counter("tasks_publish_failures", "Hints that the broker did not take.")
        self._published_again = counter("tasks_published_again", "Hints given by the relay.")
        self._seconds = histogram("tasks_try_seconds", "How long tries took.", TRY_BUCKETS)
        self._wait = histogram(
            "tasks_wait_seconds", "From when an operation could have run to when it did.", WAIT_BUCKETS
        )
        self._begin()

    def _begin(self) -> None:
        for name in (*sorted(self._names), UNKNOWN):
            for one in (
                *(self._queued, self._started, self._workers_lost),
                *(self._publish_failures, self._published_again, self._seconds, self._wait),
            ):
                one.labels(name)
            for outcome in (*OUTCOMES.values(), LOST):
                self._ended.labels(name, outcome)

    def _label(self, task: str) -> str:
        return task if task in self._names else UNKNOWN

    def queued(self, task: str) -> None:
        """Count an operation that was stored to be run."""
        self._queued.labels(self._label(task)).inc()

    def started(self, operation: "Operation") -> None:
        """Count the try for which `operation` was just claimed, and how long it has waited."""
        task = self._label(operation.task)
        self._started.labels(task).inc()
        if _is_taken_over(operation):
            self._workers_lost.labels(task).inc()
        else:
            self._wait.labels(task).observe(max(time.time() - float(operation.not_before), 0.0))

    def ended(self, operation: "Operation", seconds: float, *, kept: bool) -> None:
        """Count the end of a try.

        :param kept: whether it counts: its lease was not lost, and its end is stored.
        """
        task = self._label(operation.task)
        self._seconds.labels(task).observe(seconds)
        self._ended.labels(task, OUTCOMES.get(operation.status, LOST) if kept else LOST).inc()

    def cancelled(self, task: str) -> None:
        """Count an operation that was cancelled while it waited."""
        self._ended.labels(self._label(task), CANCELLED).inc()

    def publish_failed(self, task: str) -> None:
        """Count a hint that the broker did not take."""
        self._publish_failures.labels(self._label(task)).inc()

    def published_again(self, task: str) -> None:
        """Count a hint that the relay has given."""
        self._published_again.labels(self._label(task)).inc()


current_metrics: ContextVar[TaskMetrics | None] = ContextVar("task_metrics", default=None)
"""Set while a runtime is active."""


def count_cancelled(task: str) -> None:
    """Count an operation that was cancelled while it waited, where somebody counts."""
    metrics = current_metrics.get()
    if metrics is not None:
        metrics.cancelled(task)


def _is_taken_over(operation: "Operation") -> bool:
    last = (operation.history or [None])[-1]
    return bool(last) and last["code"] == "WORKER_LOST" and last["attempt"] == operation.attempts - 1
