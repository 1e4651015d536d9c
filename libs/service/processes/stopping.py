"""Stopping without losing a request: not ready first, then the connections, then the process.

1. SIGTERM: ``/health/ready`` is a 503 from all workers at once, and each answer says ``Connection: close``,
   so that clients which keep connections go elsewhere. All requests are served as before.
2. After `shutdown_delay_seconds`, in which load balancers have seen it, no new connections are taken.
3. What is under way is finished, for `drain_seconds` at most; the process ends.

A second SIGTERM ends the delay. SIGINT and SIGQUIT end all within two seconds.
"""

import mmap
import signal
import time
from types import FrameType
from typing import Any

from gunicorn.arbiter import Arbiter


class Stopping:
    """Whether the processes of a service have been told to stop: known to all forked from where it was made.

    A byte of memory that they share, so that none can miss it, whatever it is doing or when it was forked.
    """

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 1)

    def begin(self) -> None:
        self._shared[0] = 1

    def begun(self) -> bool:
        return self._shared[0] == 1


class WebMaster(Arbiter):  # type: ignore[misc]
    """gunicorn's master, which waits before it has its workers stop.

    :param delay: seconds in which load balancers see that the process is not ready any more.
    """

    def __init__(self, app: Any, stopping: Stopping, delay: float) -> None:
        super().__init__(app)
        self._stopping = stopping
        self._delay = delay
        self._stops_at: float | None = None

    def signal(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM:
            self._stopping.begin()
        super().signal(sig, frame)

    def handle_term(self) -> None:
        if self._delay <= 0 or self._stops_at is not None:
            raise StopIteration
        self._stops_at = time.monotonic() + self._delay

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        if self._stops_at is not None:
            timeout = min(timeout, self._stops_at - time.monotonic())
            if timeout <= 0:
                raise StopIteration
        signals: list[int] = super().wait_for_signals(timeout)
        return signals
