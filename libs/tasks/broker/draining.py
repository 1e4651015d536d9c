"""The end of a worker that is told to: what runs is finished, or handed back, within a bound.

SIGTERM makes Celery take no more work and wait for what runs, for as long as it takes. Here that has an end:
then each child is sent a signal which raises `HandedBack` in the task it is at, the operation's row is queued
again at once, and Celery, which has nothing more to wait for, ends.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from pynamodb.exceptions import PynamoDBException

from libs.tasks.ending import store_end
from libs.tasks.lease import current_operation
from libs.tasks.operation import Operation

logger = logging.getLogger(__name__)

HAND_BACK_SIGNAL = signal.SIGUSR2
HAND_BACK_SECONDS = 3.0
"""How much of the bound is kept for handing back; a child that has not done it by then is killed."""


class HandedBack(BaseException):
    """Raised in a task whose worker has to end; no `except Exception` of the task stops it."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.id)
        self.operation = operation


def hand_back_on_signal(**_: Any) -> None:
    """Have this process, a child of a worker, obey `HAND_BACK_SIGNAL`."""
    interrupted: str | None = None

    def interrupt(_signal: int, _frame: object) -> None:
        nonlocal interrupted
        operation = current_operation()
        if operation is None:  # no task runs, or it is over but for its end
            return
        if operation.run_id != interrupted:  # else it is tidying up
            interrupted = operation.run_id
            raise HandedBack(operation)

    signal.signal(HAND_BACK_SIGNAL, interrupt)


def handing_back(run: Callable[[str], None], operation_id: str) -> None:
    """Call `run`; where the worker has to end in the middle of it, queue the operation again."""
    try:
        run(operation_id)
    except HandedBack as interrupted:
        try:
            kept = store_end(interrupted.operation.hand_back, HAND_BACK_SECONDS)
        except PynamoDBException:
            logger.exception("a task could not be handed back; its lease will run out")
            return
        told = {"operation": operation_id, "task": interrupted.operation.task}
        logger.info("task handed back" if kept else "task ended after its lease was lost", extra=told)


class Drain:
    """Bounds the end of a worker.

    :param children: returns the ids of the processes that run its tasks.
    :param busy: tells whether one of them is at a task.
    :param seconds: how long after SIGTERM this process may live.
    """

    def __init__(
        self, children: Callable[[], Iterable[int]], busy: Callable[[], bool], seconds: float
    ) -> None:
        self._children = children
        self._busy = busy
        self._seconds = seconds

    def begin(self, **_: Any) -> None:
        """Start to count; for Celery's signal `worker_shutting_down`."""
        threading.Thread(target=self._run, name="drain", daemon=True).start()

    def _run(self) -> None:
        # A thread: the main one waits for the children, and with it the process ends at any time.
        end = time.monotonic() + self._seconds
        time.sleep(max(self._seconds - HAND_BACK_SECONDS, 0))
        if self._busy():
            logger.info("tasks that still run are handed back")
        while time.monotonic() < end:
            self._signal(HAND_BACK_SIGNAL)  # again: one that comes between two tasks does nothing
            time.sleep(0.5)
        if self._busy():
            logger.error("tasks that cannot be interrupted are killed; their leases will run out")
        else:  # as where the broker does not answer when the connection to it is closed
            logger.warning("the worker has nothing left to do and does not end; it is killed")
        self._signal(signal.SIGKILL)
        os._exit(os.EX_OK)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._children():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
