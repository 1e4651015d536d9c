"""How long a call may take: by itself, and within the deadline of the request it is made for."""

import time
from dataclasses import dataclass

from libs.errors import MARGIN_SECONDS

_TELLING_SECONDS = 1.0
"""Silence for that long is a failure of the service, however little time the request had left for it."""


@dataclass(frozen=True)
class Timeouts:
    """How long a call may take, in seconds.

    :param connect: for a connection, TLS included, and for one of the pool to become free.
    :param read: for each wait for something of the answer, and for each that some of the request is taken.
    :param total: for all of it, retries and the pauses before them included.
    """

    connect: float = 1.0
    read: float = 3.0
    total: float = 5.0

    def whole_call(self, seconds: float) -> "Timeouts":
        """Return what holds for a call that may take `seconds`: an answer may be waited for as long."""
        return Timeouts(min(self.connect, seconds), seconds, seconds)


@dataclass(frozen=True)
class CallTime:
    """A call under way.

    :param ends: when it has to be over, a `time.monotonic()`.
    :param hurried: whether that is when the present request has to be.
    """

    ends: float
    hurried: bool

    @property
    def left(self) -> float:
        return self.ends - time.monotonic()

    def is_cut_short(self, began: float) -> bool:
        """Tell whether a try that has failed had no time to tell anything of the service.

        A client may give a request as little time as it likes, and nobody else must pay for that.
        """
        return (
            self.hurried and self.left <= 2 * MARGIN_SECONDS and time.monotonic() - began < _TELLING_SECONDS
        )
