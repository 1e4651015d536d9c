"""Counting what happened lately."""

import time
from collections import Counter, deque
from collections.abc import Callable

_SLICES = 10


class Window:
    """Counts of the last `seconds`, exact to a tenth of them. It has no lock: its owner has one.

    :param clock: seconds that only go up.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._slice = seconds / _SLICES
        self._clock = clock
        self._counts: deque[tuple[int, Counter[str]]] = deque()

    def add(self, what: str) -> None:
        """Count one."""
        now = self._forget_old()
        if not self._counts or self._counts[-1][0] != now:
            self._counts.append((now, Counter()))
        self._counts[-1][1][what] += 1

    def count(self, what: str) -> int:
        """Return how many there were."""
        self._forget_old()
        return sum(counted[what] for _, counted in self._counts)

    def _forget_old(self) -> int:
        now = int(self._clock() / self._slice)
        while self._counts and self._counts[0][0] <= now - _SLICES:
            self._counts.popleft()
        return now

    def clear(self) -> None:
        """Forget all."""
        self._counts.clear()
