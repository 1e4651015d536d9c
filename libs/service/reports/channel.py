"""The way to one reporter: a queue, and a thread that nobody waits for."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from libs.errors import Report
from libs.resilience import between_forks, in_each_child
from libs.service.reports.grouping import Grouped, Groups, Verdict
from libs.service.reports.reporter import Reporter, ReportRefused, Told

logger = logging.getLogger(__name__)

LONGEST_QUEUE = 100
LONGEST_PAUSE = 300.0
"""Seconds for which a reporter can say that it takes nothing."""

Count = Callable[[str, str, int], None]
"""Counts reports of a kind by what became of them: sent, grouped, dropped or failed."""


class Channel:
    """Hands reports to a reporter, in its own time.

    The thread is started with the first report, in whichever process that is, and ends when there is nothing
    left to tell; in a fork both begin anew, as the parent tells of its own. Where none can be started, or it
    fails, what waits is told by the one that is started with the next report.

    :param tell: makes of reports what leaves.
    """

    def __init__(
        self,
        reporter: Reporter,
        tell: Callable[[Grouped], Told],
        count: Count,
        groups: Callable[[], Groups] = Groups,
    ) -> None:
        self._reporter = reporter
        self._tell = tell
        self._count = count
        self._make_groups = groups
        self._begin_anew()
        in_each_child(self._begin_anew)

    def _begin_anew(self) -> None:
        self._changed = threading.Condition()
        self._groups = self._make_groups()
        self._queue: deque[Grouped] = deque()
        self._thread: threading.Thread | None = None
        self._sending = self._flushing = False
        self._paused_until = 0.0

    @property
    def name(self) -> str:
        return self._reporter.name

    def put(self, report: Report) -> None:
        """Take a report; waits for nobody."""
        with self._changed:
            verdict = self._groups.add(report)
            if verdict is Verdict.TOLD:
                verdict = self._queued(Grouped(report, 1))
            self._start()
        if verdict is not Verdict.TOLD:
            self._count(report.kind, verdict.value, 1)

    def _queued(self, one: Grouped) -> Verdict:
        if len(self._queue) >= LONGEST_QUEUE:
            return Verdict.DROPPED
        self._queue.append(one)
        self._changed.notify_all()
        return Verdict.TOLD

    def hurry(self) -> None:
        """Have all told that is known, also what was only counted so far."""
        with self._changed:
            self._flushing = True
            self._start()
            self._changed.notify_all()

    def flushed(self, until: float) -> bool:
        """Return whether all is told after `hurry`.

        :param until: a `time.monotonic()`, after which it is not waited for any longer.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._thread is None or self._is_done(), max(until - time.monotonic(), 0.0)
            )
            self._flushing = False
            return self._is_done()

    def _is_done(self) -> bool:
        return not (self._queue or self._sending or len(self._groups))

    def _start(self) -> None:
        if self._thread is not None or self._is_done():
            return
        thread = threading.Thread(target=self._run, name=f"reports to {self.name}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system has no more of them
            logger.warning("reports wait for a thread", extra={"reporter": self.name})
        else:
            self._thread = thread

    def _run(self) -> None:
        try:
            while (one := self._next()) is not None:
                with between_forks():
                    self._send(one)
                with self._changed:
                    self._sending = False
                    self._changed.notify_all()
        except Exception:
            logger.exception("reports could not be told")
            with self._changed:
                self._sending, self._thread = False, None
                self._changed.notify_all()

    def _next(self) -> Grouped | None:
        """Return what is to be sent, as soon as there is something; None when nothing is left."""
        with self._changed:
            while True:
                for one in self._groups.all() if self._flushing else self._groups.ended():
                    if self._queued(one) is Verdict.DROPPED:
                        with between_forks():
                            self._count(one.report.kind, Verdict.DROPPED.value, one.count)
                if self._queue:
                    self._sending = True
                    return self._queue.popleft()
                self._changed.notify_all()
                end = self._groups.next_end()
                if end is None:
                    self._thread = None
                    return None
                self._changed.wait(max(end - time.monotonic(), 0.001))

    def _send(self, one: Grouped) -> None:
        kind = one.report.kind
        if time.monotonic() < self._paused_until:
            self._count(kind, "dropped", one.count)
            return
        try:
            self._reporter.send(self._tell(one))
        except BaseException as error:  # noqa: BLE001 - a SystemExit, too, is the reporter's own
            self._count(kind, "failed", one.count)
            told = {"reporter": self.name, "error": type(error).__name__}
            if isinstance(error, ReportRefused):
                told["status"] = str(error.status)
                self._paused_until = time.monotonic() + min(error.retry_after, LONGEST_PAUSE)
            logger.warning("a report was not told", extra=told)
        else:
            self._count(kind, "sent", one.count)
