"""How long what is being done may still take: a deadline that goes with a request through all it asks for.

Whoever waits for somebody else waits no longer than `bounded(own)`, and asks nobody when nothing is left::

    with deadline_scope(10):                     # a request
        database.get(timeout=bounded(2.0))       # 2 s, or what is left of the 10; or raises DeadlineExceeded

A deadline may be as short as a client likes. That a wait ended because of it says nothing of who was waited
for: it is no failure to a circuit breaker, and what all requests share, such as fetched keys, is not fetched
under the deadline of one of them.

Threads begin without one.
"""

import re
import time
from contextvars import ContextVar
from typing import Optional

from libs.errors.problems import DeadlineExceeded
from libs.errors.variable_scope import VariableScope


class Deadline:
    """A moment, and the earlier one of those around it.

    :param seconds: from now.
    :param outer: it ends no later than this one.
    """

    __slots__ = ("_ends", "_outer")

    def __init__(self, seconds: float, outer: Optional["Deadline"] = None) -> None:
        self._ends = time.monotonic() + seconds
        self._outer = outer

    @property
    def ends(self) -> float:
        """As `time.monotonic()` tells it."""
        return self._ends if self._outer is None else min(self._ends, self._outer.ends)

    def allow(self, seconds: float) -> None:
        """Have it end `seconds` later, as far as those around it let it; earlier if they are negative."""
        self._ends += seconds


_deadline: ContextVar[Deadline | None] = ContextVar("request_deadline", default=None)


def deadline_scope(seconds: float) -> VariableScope[Deadline]:
    """Have what is done in a with-block end within `seconds` from now; within another one only earlier."""
    return VariableScope(_deadline, Deadline(seconds, _deadline.get()))


def no_deadline() -> VariableScope[None]:
    """Have what is done in a with-block take its own time.

    It is for what all requests share, or what puts right what one of them has left: not for its own work.
    """
    return VariableScope(_deadline, None)


def remaining() -> float | None:
    """Return the seconds until the deadline, 0 if it has passed; None without one."""
    deadline = _deadline.get()
    return None if deadline is None else max(0.0, deadline.ends - time.monotonic())


def check_deadline() -> None:
    """Begin nothing that nobody waits for any more.

    :raises DeadlineExceeded: if the deadline has passed.
    """
    if remaining() == 0:
        raise DeadlineExceeded


def bounded(seconds: float) -> float:
    """Return how long something may be waited for that would be given `seconds`: not past the deadline.

    :raises DeadlineExceeded: if that has passed.
    """
    left = remaining()
    if left is None:
        return seconds
    if left == 0:
        raise DeadlineExceeded
    return min(seconds, left)


BUDGET_HEADER = "X-Request-Budget"
"""How many milliseconds whoever calls a service waits for its answer."""
MARGIN_SECONDS = 0.05
"""What an answer is given to get back to whoever waits for it."""
_MILLISECONDS = re.compile("[0-9]{1,8}", re.ASCII)


def written_budget(seconds: float) -> str:
    """Return the header of a call that is waited for so long.

    It is a millisecond at least: without one, the service called would work for nobody as long as it likes.
    """
    return str(max(int((seconds - MARGIN_SECONDS) * 1000), 1))


def read_budget(text: str | None) -> float | None:
    """Return the seconds that a caller waits; None if it does not say so, or says something else."""
    return int(text) / 1000 if text and _MILLISECONDS.fullmatch(text) else None
