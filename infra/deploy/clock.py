"""Time as the pipeline sees it, so that tests need not wait."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from infra.deploy.exits import Busy

T = TypeVar("T")

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps: on Linux the one, elsewhere the other."""
PATIENCE = 5
"""So many looks in a row may fail because AWS is busy."""


class Clock:
    """This machine's clocks: one that is set, and one that only passes."""

    def now(self) -> float:
        """Seconds since 1970, as far as this machine knows. Somebody may set it at any time."""
        return time.time()

    def passed(self) -> float:
        """Seconds since some moment. Nobody sets it, and it goes on while the machine sleeps."""
        return time.clock_gettime(_STEADY)

    def wait(self, seconds: float) -> None:
        """Do nothing for so long."""
        time.sleep(seconds)

    def poll(self, look: Callable[[], T | None], *, every: float, timeout: float) -> T | None:
        """Call `look` until it returns something, and return that; None after `timeout` seconds.

        The pauses vary by a quarter, so that several who wait do not ask AWS all at once. A look that fails
        because AWS is busy is made again; that it keeps failing is raised.

        :raises Busy: after five such looks in a row.
        """
        ends, failed = self.passed() + timeout, 0
        while True:
            try:
                found = look()
                failed = 0
            except Busy:
                failed += 1
                if failed >= PATIENCE:
                    raise
                found = None
            if found is not None or self.passed() >= ends:
                return found
            self.wait(every * random.uniform(0.75, 1.25))  # noqa: S311 - no secret hangs on it
