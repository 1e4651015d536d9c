"""From where spans end to the collector: a bounded queue, and a thread that sends what is in it in batches.

Nobody waits for the collector. While it is slow or away the queue fills; what comes then is dropped and
counted. Each process has a queue and a thread of its own, which begin with its first span: after any fork.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

from libs.errors import Span

logger = logging.getLogger(__name__)

MOST_WAITING = 4096
"""Spans in the queue."""
MOST_SENT = 512
"""Spans in one request."""
EVERY_SECONDS = 1.0
"""How long the first span of a batch waits for others."""
FLUSH_SECONDS = 2.0
"""How long the end of a process waits until what is in the queue is sent."""
TOLD_EVERY_SECONDS = 60.0
"""Between two lines of the log that say what was lost."""

EXPORTED, DROPPED, FAILED = "exported", "dropped", "failed"
OUTCOMES = (EXPORTED, DROPPED, FAILED)
"""What becomes of a span: the collector has it; the queue was full; the collector was away or refused it."""


class Destination(Protocol):
    """Takes spans: `Collector`."""

    def send(self, spans: Sequence[Span], pause: Callable[[float], bool]) -> int: ...

    def close(self) -> None: ...


class Exporter:
    """Take spans that have ended, as a `Recorder`.

    :param connect: makes what they are sent to; called in each process.
    :param count: is told how many spans came to which of `OUTCOMES`.
    """

    def __init__(
        self,
        connect: Callable[[], Destination],
        count: Callable[[str, int], None] = lambda outcome, number: None,
        *,
        most_waiting: int = MOST_WAITING,
        every: float = EVERY_SECONDS,
    ) -> None:
        self._connect = connect
        self._count = count
        self._most_waiting = most_waiting
        self._every = every
        self._by_process: dict[int, _Sending] = {}

    def __call__(self, span: Span) -> None:
        """Have a span sent, some time; this takes no time."""
        sending = self._by_process.get(os.getpid())
        if sending is None:
            made = _Sending(self._connect(), self._count, self._most_waiting, self._every)
            sending = self._by_process.setdefault(os.getpid(), made)
        sending.take(span)

    def stop(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Send what waits, in this process, and end; what comes later is dropped.

        :param seconds: how long to wait for that at most.
        :returns: whether all was done in that time.
        """
        sending = self._by_process.get(os.getpid())
        return sending is None or sending.stop(seconds)


class _Sending:
    """The queue and the thread of one process."""

    def __init__(
        self, to: Destination, count: Callable[[str, int], None], most_waiting: int, every: float
    ) -> None:
        self._to = to
        self._count = count
        self._most_waiting = most_waiting
        self._every = every
        self._queue: SimpleQueue[Span | None] = SimpleQueue()  # None wakes the thread up to end
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._lost: dict[str, int] = {}
        self._told_at = float("-inf")

    def take(self, span: Span) -> None:
        if self._ending.is_set() or self._queue.qsize() >= self._most_waiting:
            self._count(DROPPED, 1)
            with self._lock:
                self._lost[DROPPED] = self._lost.get(DROPPED, 0) + 1
        else:
            self._queue.put(span)
        if self._thread is None and not self._ending.is_set():
            self._start()

    def stop(self, seconds: float) -> bool:
        self._ending.set()
        self._queue.put(None)
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="spans", daemon=True)
                with suppress(RuntimeError):  # the system has no more of them: the next span tries again
                    thread.start()
                    self._thread = thread

    def _run(self) -> None:
        try:
            self._send_all()
        except Exception:
            logger.exception("spans could not be sent")
            with self._lock:
                self._thread = None  # the next span starts another

    def _send_all(self) -> None:
        while batch := self._batch():
            try:
                taken = self._to.send(batch, self._ending.wait)
            except Exception:
                logger.exception("spans could not be sent")
                taken = 0
            self._count(EXPORTED, taken)
            if taken < len(batch):
                self._count(FAILED, len(batch) - taken)
                with self._lock:
                    self._lost[FAILED] = self._lost.get(FAILED, 0) + len(batch) - taken
            self._tell()
        self._to.close()

    def _batch(self) -> list[Span]:
        """Wait for spans and return some; none once all are sent and the end has come."""
        batch: list[Span] = []
        end = None
        while len(batch) < MOST_SENT:
            try:
                if self._ending.is_set():
                    one = self._queue.get_nowait()
                elif end is None:
                    one = self._queue.get()
                else:
                    one = self._queue.get(timeout=max(end - time.monotonic(), 0))
            except Empty:
                break
            if one is None:
                continue
            batch.append(one)
            end = end or time.monotonic() + self._every
        return batch

    def _tell(self) -> None:
        """Log what was lost, now and then."""
        now = time.monotonic()
        if now - self._told_at < TOLD_EVERY_SECONDS:
            return
        with self._lock:
            lost, self._lost = self._lost, {}
        if lost:
            self._told_at = now
            logger.warning("spans lost", extra=lost)
