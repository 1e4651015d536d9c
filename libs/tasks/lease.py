"""How a worker shows that it is still at an operation."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pynamodb.exceptions import PynamoDBException

from libs.tasks.operation import Operation

logger = logging.getLogger(__name__)

REPORT_EVERY_SECONDS = 0.5


class LeaseLost(Exception):
    """Another worker has taken the operation over; what this one does no longer counts."""


class Progress:
    """Tell how far a task is. Ask for it by a parameter annotated `Progress`."""

    def __init__(self, operation: Operation | None) -> None:
        self._operation = operation
        self._reported_at = float("-inf")

    def report(self, done: float) -> None:
        """Store that the part `done` (0 to 1) is done, at most twice a second.

        :raises LeaseLost: if another worker has taken over, so that the task stops.
        """
        if self._operation is None or time.monotonic() - self._reported_at < REPORT_EVERY_SECONDS:
            return
        self._reported_at = time.monotonic()
        if not self._operation.report(min(max(done, 0.0), 1.0)):
            raise LeaseLost


_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)


def current_progress() -> Progress:
    """Return the progress of the operation being run; outside one, a progress that goes nowhere."""
    return _progress.get() or Progress(None)


@contextmanager
def kept_lease(operation: Operation, seconds: float, *, timeout: float) -> Iterator[None]:
    """Prolong the lease of `operation` every third of its `seconds` for the length of a with-block.

    :param timeout: seconds after which it is prolonged no more, whatever the block is doing.
    """
    stop = threading.Event()
    deadline = time.monotonic() + timeout
    copy = Operation(operation.id, run_id=operation.run_id)  # of its own, for another thread

    def prolong() -> None:
        while not stop.wait(seconds / 3) and time.monotonic() < deadline:
            try:
                if not copy.extend(seconds):
                    return
            except PynamoDBException as error:
                logger.warning(
                    "lease not prolonged", extra={"operation": copy.id, "error": type(error).__name__}
                )

    thread = threading.Thread(target=prolong, name=f"lease-{operation.id}", daemon=True)
    thread.start()
    token = _progress.set(Progress(operation))
    try:
        yield
    finally:
        _progress.reset(token)
        stop.set()
        thread.join()
