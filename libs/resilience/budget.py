"""Retries that stay a small part of the calls."""

import threading
import time
from collections.abc import Callable

from libs.resilience.window import Window


class RetryBudget:
    """Keep retries a small part of the calls: a service that is down must not be asked three times as much.

    :param share: of the calls of the last `window` seconds, how many may be retries.
    :param least: how many may be retries where there are few calls.
    :param clock: seconds that only go up.
    """

    def __init__(
        self,
        *,
        share: float = 0.1,
        least: int = 3,
        window: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._share = share
        self._least = least
        self._lock = threading.Lock()
        self._window = Window(window, clock)

    def call(self) -> None:
        """Count a call."""
        with self._lock:
            self._window.add("call")

    def retry(self) -> bool:
        """Take a retry; False if there is none left."""
        with self._lock:
            taken = self._window.count("retry")
            if taken >= max(self._least, self._window.count("call") * self._share):
                return False
            self._window.add("retry")
            return True
