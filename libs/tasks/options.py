"""What one call of a task can say, beside its arguments."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

PRIORITIES = range(10)
DEFAULT_PRIORITY = 5
"""Of 0 to 9; 9 is done first."""

DEFAULT_QUEUE = "default"
"""What the service's own queue is called where one has to be named."""

LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
"""The last time there is a date for."""

_QUEUE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class CallOptions:
    """How a call is done; None is what the task says.

    :param delay: seconds until it may run.
    :param at: the time from which it may run, instead of a delay; aware. In the past it is now.
    :param queue: the name of the queue whose workers run it: one that a task of the service names, or
        `DEFAULT_QUEUE`, the service's own.
    :param priority: 0 to 9, where 9 goes first.
    :param unique_key: while an operation of the task with this key is pending, the call returns that one.
    :raises ValueError: for a negative delay, a time without its zone, both, one after the year 9999, or a
        name or number that is none.
    """

    delay: float | None = None
    at: datetime | None = None
    queue: str | None = None
    priority: int | None = None
    unique_key: str | None = None

    def __post_init__(self) -> None:
        if self.delay is not None and self.at is not None:
            raise ValueError("a call has a delay or a time, not both")
        if self.delay is not None and not 0 <= self.delay < float("inf"):
            raise ValueError("a delay is seconds, from 0")
        if self.at is not None and self.at.utcoffset() is None:
            raise ValueError("the time of a call needs its zone: datetime(…, tzinfo=UTC)")
        if (self.not_before() or 0.0) > LATEST:
            raise ValueError("a call is for a time before the year 10000; is its delay in milliseconds?")
        if self.queue is not None and not _QUEUE.fullmatch(self.queue):
            raise ValueError("a queue is named by 1 to 64 letters, digits and _ . -")
        if self.priority is not None and self.priority not in PRIORITIES:
            raise ValueError("a priority is a whole number from 0 to 9")

    def over(self, usual: "CallOptions") -> "CallOptions":
        """Return these options, with what they leave open taken from `usual`."""
        timed = self if (self.delay, self.at) != (None, None) else usual
        chosen: dict[str, Any] = {
            name: getattr(usual if getattr(self, name) is None else self, name)
            for name in ("queue", "priority", "unique_key")
        }
        return CallOptions(delay=timed.delay, at=timed.at, **chosen)

    def not_before(self) -> float | None:
        """Return the time from which the call may run, in seconds since 1970; None if that is now."""
        now = time.time()
        start = self.at.timestamp() if self.at is not None else now + (self.delay or 0.0)
        return start if start > now else None
