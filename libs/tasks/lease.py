"""How a worker shows that it is still at an operation, and hears that it shall stop."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pynamodb.exceptions import PynamoDBException

from libs.tasks.operation import Operation

logger = logging.getLogger(__name__)

REPORT_EVERY_SECONDS = 0.5
AGAIN_AFTER_SECONDS = 1.0
"""How long after a prolonging that has failed it is tried again; less where leases are short."""


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

        Where it cannot be stored, the task goes on.

        :param message: what is being done, for the owner of the operation to read.
        :raises LeaseLost: if another worker has taken over, so that the task stops.
        :raises Cancelled: if somebody has asked to cancel it.
        """
        self.check()
        if self._operation is None or time.monotonic() - self._reported_at < REPORT_EVERY_SECONDS:
            return
        self._reported_at = time.monotonic()
        try:
            mine = self._operation.report(min(max(done, 0.0), 1.0), message)
        except PynamoDBException as error:  # no reason to end a task: its lease is kept by another
            told = {"operation": self._operation.id, "error": type(error).__name__}
            logger.warning("progress not stored", extra=told)
            return
        if not mine:
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


def current_operation() -> Operation | None:
    """Return the operation being run; None outside one."""
    return current_progress()._operation


class _Lease:
    """One lease that is held.

    :param deadline: when it is prolonged no more, by the monotonic clock.
    :param due: when it is to be prolonged next.
    """

    def __init__(self, operation: Operation, deadline: float, due: float) -> None:
        self._id, self._run_id = str(operation.id), operation.run_id
        self._row: Operation | None = None
        self.deadline = deadline
        self.due = due
        self.cancelled, self.lost = threading.Event(), threading.Event()

    def prolong(self, seconds: float) -> bool:
        """Return False if the database did not answer. Of a lease that was lost `lost` is set."""
        # A row of its own, for the task has the other; most tasks are over before one is needed.
        row = self._row = self._row or Operation(self._id, run_id=self._run_id)
        try:
            if not row.extend(seconds):
                self.lost.set()
                return True
        except Exception as error:  # noqa: BLE001 - the thread that prolongs all others shall live on
            told = {"operation": self._id, "error": type(error).__name__}
            logger.warning("lease not prolonged", extra=told)
            return False
        if row.cancel_asked_at is not None:
            self.cancelled.set()
        return True


class Leases:
    """Prolong the leases of what this process runs, each every third of its seconds.

    One thread does it for all of them: to start and end one for each task costs as much as some tasks do.
    It looks every third of `seconds`, so no new lease has to wake it, and it ends when it finds none. A
    worker has one task at a time in each of its processes; where a process has more, a database that does
    not answer holds up all their leases.

    :param seconds: how long after its last sign of life a worker counts as dead.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._every = seconds / 3
        self._again = min(AGAIN_AFTER_SECONDS, self._every / 5)
        self._empty()

    def _empty(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._held: set[_Lease] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def kept(self, operation: Operation, *, timeout: float) -> Iterator[None]:
        """Prolong the lease of `operation`, and have its progress known, for the length of a with-block.

        :param timeout: seconds after which it is prolonged no more, whatever the block is doing.
        """
        now = time.monotonic()
        lease = _Lease(operation, now + timeout, now + self._every)
        self._hold(lease)
        token = _progress.set(Progress(operation, lease.cancelled, lease.lost))
        try:
            yield
        finally:
            try:
                _progress.reset(token)
            finally:  # also if the worker's end, or the task's time limit, is raised right here
                self._drop(lease)

    def _hold(self, lease: _Lease) -> None:
        if self._process != os.getpid():
            self._empty()  # a fork leaves its child neither the thread nor a lock that can be trusted
        with self._lock:
            self._held.add(lease)
            if self._thread is None:
                thread = threading.Thread(target=self._keep, name="leases", daemon=True)
                thread.start()
                self._thread = thread

    def _drop(self, lease: _Lease) -> None:
        with self._lock:
            self._held.discard(lease)

    def _keep(self) -> None:
        while (held := self._look()) is not None:
            now = time.monotonic()
            soonest = min((one.due for one in held), default=now + self._every)
            time.sleep(min(max(soonest - now, 0), self._every))
            for lease in held:
                self._attend(lease)

    def _look(self) -> list[_Lease] | None:
        with self._lock:
            if not self._held:
                self._thread = None
                return None
            return list(self._held)

    def _attend(self, lease: _Lease) -> None:
        now = time.monotonic()
        if now >= lease.deadline:
            self._drop(lease)
        elif now >= lease.due and lease in self._held:
            answered = lease.prolong(self.seconds)
            lease.due = time.monotonic() + (self._every if answered else self._again)
            if lease.lost.is_set():
                self._drop(lease)
