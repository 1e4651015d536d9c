"""Hints to the broker that an operation waits."""

import logging
from typing import Protocol

from libs.tasks.operation import Operation
from libs.tasks.options import DEFAULT_PRIORITY
from libs.tasks.watching.metrics import TaskMetrics

logger = logging.getLogger(__name__)


class Publisher(Protocol):
    """Carry the hint that an operation waits to a worker."""

    def publish(self, task_name: str, operation_id: str, *, queue: str | None, priority: int) -> None:
        """Raise any exception if that cannot be done within two seconds or so.

        :param queue: whose workers run it; None for the service's own.
        :param priority: 0 to 9, where 9 goes first.
        """

    def waiting(self, queue: str | None) -> int | None:
        """Return how many hints are in `queue`; None if that cannot be told. Raise nothing."""


class Hints:
    """Give hints by a publisher; one that cannot be given is given later, by the relay."""

    def __init__(self, publisher: Publisher, metrics: TaskMetrics) -> None:
        self._publisher = publisher
        self._metrics = metrics

    def give(self, operation: Operation) -> bool:
        """Tell a worker that `operation` waits; False if the broker did not take it."""
        priority = DEFAULT_PRIORITY if operation.priority is None else int(operation.priority)
        try:
            self._publisher.publish(operation.task, operation.id, queue=operation.queue, priority=priority)
        except Exception as error:  # noqa: BLE001 - whatever a broker raises, the row is stored
            self._metrics.publish_failed(operation.task)
            logger.warning(
                "operation not published; the relay will",
                extra={"operation": operation.id, "error": type(error).__name__},
            )
            return False
        return True

    def waiting(self, queue: str | None) -> int | None:
        """Return how many hints are in `queue`; None if that cannot be told."""
        return self._publisher.waiting(queue)
