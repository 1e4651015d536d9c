"""How a worker shows that it is still at an operation, and hears that it shall stop."""

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


class Cancelled(Exception):
    """Somebody has asked to cancel the operation. A task may tidy up, and lets it go on."""


class Progress:
    """Tell how far a task is, and hear whether it shall go on. It is had by a parameter annotated `Progress`.

    :param cancelled: set once somebody has asked to cancel the operation.
    :param lost: set once another worker has taken it over.
    """

    def __init__(
        self,
        operation: Operation | None,
        cancelled: threading.Event | None = None,
        lost: threading.Event | None = None,
    ) -> None:
        self._operation = operation
        self._cancelled = cancelled or threading.Event()
        self._lost = lost or threading.Event()
        self._reported_at = float("-inf")

    def report(self, done: float, message: str | None = None) -> None:
        """Store that the part `done` (0 to 1) is done, at most twice a second, and check as `check` does.

        :param message: what is being done, for the owner of the operation to read.
        :raises LeaseLost: if another worker has taken over, so that the task stops.
        :raises Cancelled: if somebody has asked to cancel it.
        """
        self.check()
        if self._operation is None or time.monotonic() - self._reported_at < REPORT_EVERY_SECONDS:
            return
        self._reported_at = time.monotonic()
        if not self._operation.report(min(max(done, 0.0), 1.0), message):
            raise LeaseLost
        if self._operation.cancel_asked_at is not None:
            raise Cancelled

    def check(self) -> None:
        """Stop the task where it shall not go on. It costs nothing: call it in every loop.

        What it goes by is read with each prolonging of the lease, every third of `APP_TASK_LEASE_SECONDS`.

        :raises LeaseLost: if another worker has taken over.
        :raises Cancelled: if somebody has asked to cancel it.
        """
        if self._lost.is_set():
            raise LeaseLost
        if self._cancelled.is_set():
            raise Cancelled


_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)


def current_progress() -> Progress:
    """Return the progress of the operation being run; outside one, a progress that goes nowhere."""
    return _progress.get() or Progress(None)


@contextmanager
def kept_lease(operation: Operation, seconds: float, *, timeout: float) -> Iterator[None]:
    """Prolong the lease of `operation` every third of its `seconds` for the length of a with-block.

    :param timeout: seconds after which it is prolonged no more, whatever the block is doing.
    """
    stop, cancelled, lost = threading.Event(), threading.Event(), threading.Event()
    deadline = time.monotonic() + timeout
    copy = Operation(operation.id, run_id=operation.run_id)  # of its own, for another thread

    def prolong() -> None:
        while not stop.wait(seconds / 3) and time.monotonic() < deadline:
            try:
                if not copy.extend(seconds):
                    lost.set()
                    return
            except PynamoDBException as error:
                logger.warning(
                    "lease not prolonged", extra={"operation": copy.id, "error": type(error).__name__}
                )
            if copy.cancel_asked_at is not None:
                cancelled.set()

    thread = threading.Thread(target=prolong, name=f"lease-{operation.id}", daemon=True)
    thread.start()
    token = _progress.set(Progress(operation, cancelled, lost))
    try:
        yield
    finally:
        _progress.reset(token)
        stop.set()
        thread.join()
