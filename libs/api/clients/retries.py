"""When a call is tried again: how often, after how long, and what an answer says of it."""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from libs.api.clients.window import Window

ATTEMPTS = 3
"""How often a call is made at most."""
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""The methods that may be sent again whatever became of the first time (RFC 9110 section 9.2.2)."""
BUSY = frozenset({429, 502, 503, 504})
"""The statuses that may be another one in a moment."""
_FIRST_SECONDS, _MOST_SECONDS = 0.1, 2.0


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


def pause_before(retry: int) -> float:
    """Return the seconds to wait before the first, second … retry.

    They grow exponentially, with full jitter, so that those who failed together do not come back together.
    """
    longest = min(_MOST_SECONDS, _FIRST_SECONDS * 2 ** (retry - 1))
    return random.uniform(0, longest)  # noqa: S311 - nothing secret


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After asks to wait (RFC 9110 section 10.2.3), None for what is none.

    :param value: a number of seconds or an HTTP date.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
