"""Storms: of what happens again and again, somebody is told once, and then how often."""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from enum import Enum

from libs.errors import Report

MOST_GROUPS = 200
"""Of different things that are counted at once; what comes then is dropped."""


class Verdict(Enum):
    """What becomes of a report."""

    TOLD = "told"
    """It is told at once."""
    GROUPED = "grouped"
    """It is counted, and told with others."""
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Grouped:
    """So many reports of the same thing, and the last of them."""

    report: Report
    count: int


@dataclass(slots=True)
class _Group:
    last: Report
    more: int
    """How many nobody was told of."""
    until: float


class Groups:
    """Decides which reports are told; not safe for threads.

    The first of a kind (`Report.fingerprint`) goes at once. Those that follow are counted, and what was
    counted goes as one at the end of each window, for as long as there are any. All in all, so many go in a
    window: what comes beyond is counted, too, and waits for a later one.

    :param window: seconds.
    :param most: how many are told in a window, whatever they are of.
    """

    def __init__(
        self, *, window: float = 60.0, most: int = 20, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._window = window
        self._most = most
        self._clock = clock
        self._groups: dict[Hashable, _Group] = {}
        self._left = float(most)
        self._filled = clock()

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, report: Report) -> Verdict:
        """Decide what becomes of a report."""
        group = self._groups.get(report.fingerprint)
        if group is not None:
            group.last, group.more = report, group.more + 1
            return Verdict.GROUPED
        if len(self._groups) >= MOST_GROUPS:
            return Verdict.DROPPED
        told = self._take()
        until = self._clock() + self._window
        self._groups[report.fingerprint] = _Group(report, 0 if told else 1, until)
        return Verdict.TOLD if told else Verdict.GROUPED

    def ended(self) -> Iterator[Grouped]:
        """Yield what is to be told at the end of windows that have ended."""
        now = self._clock()
        for key, group in list(self._groups.items()):
            if group.until > now:
                continue
            if not group.more:
                del self._groups[key]
            elif self._take():
                yield self._closed(group, now)
            else:
                group.until = now + self._window / self._most

    def all(self) -> Iterator[Grouped]:
        """Yield all that was counted, whether windows have ended or not, and forget all groups."""
        groups, self._groups = self._groups, {}
        for group in groups.values():
            if group.more:
                yield Grouped(group.last, group.more)

    def next_end(self) -> float | None:
        """Return when the first window ends, by the clock; None if there is none."""
        return min((group.until for group in self._groups.values()), default=None)

    def _closed(self, group: _Group, now: float) -> Grouped:
        told = Grouped(group.last, group.more)
        group.more, group.until = 0, now + self._window
        return told

    def _take(self) -> bool:
        now = self._clock()
        self._left = min(self._left + (now - self._filled) * self._most / self._window, self._most)
        self._filled = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
