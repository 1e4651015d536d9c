"""How tasks fare: which workers live, and how long the oldest task has been waiting.

A worker shows that it lives by a row in the table of operations, with `pending` set to ``worker`` and `due`
to the time until which it counts as alive: one cheap look into the same index that the relay looks into.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from libs.tasks.operation import (
    CLOCK_SKEW_SECONDS,
    LATEST_LOOK_SECONDS,
    PENDING,
    QUEUED,
    Operation,
    looks_take,
)

WORKER = "worker"
"""The status of such a row, and what it has in `pending`."""
FORGOTTEN_AFTER_SECONDS = 3600.0
LOOKED_AT = 500
"""How many pending rows are looked at for the oldest that waits: those that are due first."""
CACHED_SECONDS = 10.0


def worker_id() -> str:
    """Return a name for this process that no other has at the same time."""
    return f"{socket.gethostname()}:{os.getpid()}"


class LiveWorker(Operation):
    """The row of a worker; a class of its own, to be bound to a connection of its own.

    What the main process of a worker has connected its children must not use, for they are forked from it.
    """

    class Meta:
        table_name = "operations"


def show_life(worker: str, queues: Iterable[str], *, seconds: float) -> None:
    """Store that `worker` lives, which holds for so many seconds. `LiveWorker` must be bound."""
    now = time.time()
    LiveWorker(
        f"worker:{worker}",
        task=WORKER,
        status=WORKER,
        arguments={"queues": sorted(queues)},
        request_id="",
        pending=WORKER,
        due=now + seconds,
        expires_at=datetime.fromtimestamp(now + FORGOTTEN_AFTER_SECONDS, UTC),
    ).save()


def end_life(worker: str) -> None:
    """Store that `worker` has ended."""
    LiveWorker(f"worker:{worker}").delete()


def live_workers() -> int:
    """Return how many workers have shown in time that they live."""
    return sum(1 for _ in Operation.pending_index.query(WORKER, Operation.due > time.time()))


def oldest_waiting_seconds() -> float:
    """Return for how long the oldest task has been waiting that could run; 0 if none waits.

    What waits for its time to come, or for its next try, does not count. Accurate to the seconds that the
    relay is late; in a backlog of more than `LOOKED_AT` an older one may be missed.
    """
    now = time.time()
    soon = Operation.due <= now + LATEST_LOOK_SECONDS
    rows = Operation.pending_index.query(PENDING, soon, limit=LOOKED_AT)
    return max((waited_seconds(row, now) or 0.0 for row in rows), default=0.0)


def waited_seconds(row: Operation, now: float) -> float | None:
    """Return for how long a row of the index has been waiting that could run; None if it does not wait."""
    since = waiting_since(int(row.publications), float(row.due))
    return max(0.0, now - since) if row.status == QUEUED and since <= now + CLOCK_SKEW_SECONDS else None


def waiting_since(publications: int, due: float) -> float:
    """Return since when a queued row could have run, in seconds since 1970.

    `due` is that time, and what the relay has added after each of its looks: 5 seconds, 10, 20 … up to 300.
    """
    return due - looks_take(publications)


class TaskHealth:
    """What readiness tells of tasks; looked up at most each `CACHED_SECONDS`.

    No worker, or a long queue, is not a reason to send requests elsewhere: they are accepted all the same.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._found: dict[str, Any] = {}

    def look(self) -> dict[str, Any]:
        """Return ``{"workers": 2, "oldest_waiting_seconds": 0.4}``."""
        with self._lock:
            if self._clock() - self._looked_at > CACHED_SECONDS:
                oldest = round(oldest_waiting_seconds(), 1)
                self._found = {"workers": live_workers(), "oldest_waiting_seconds": oldest}
                self._looked_at = self._clock()
            return self._found
