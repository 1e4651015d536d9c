"""Calls of other services, for those who watch them: metrics."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from libs.api.clients.sending import Attempts, UnreadableAnswer
from libs.errors import DeadlineExceeded, ServiceUnavailable

Outcome = Literal["ok", "client_error", "server_error", "unavailable", "too_late", "circuit_open", "not_sent"]
"""What became of a call.

``client_error``: an answer of the 4xx. ``server_error``: one of the 5xx, or one that cannot be read.
``unavailable``: none in time. ``too_late``: the time of the request that it was made for was up.
``circuit_open``: nothing was sent, for the calls before had failed.
``not_sent``: nothing could be sent, by a fault of ours.
"""
OUTCOMES: tuple[Outcome, ...] = (
    *("ok", "client_error", "server_error"),
    *("unavailable", "too_late", "circuit_open", "not_sent"),
)


@dataclass(slots=True, eq=False)
class ClientCall:
    """A call of another service that is over.

    :ivar seconds: of all its tries, and the pauses between them.
    :ivar retries: how often it was sent again.
    """

    api: str
    operation: str
    started: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    retries: int = 0
    outcome: Outcome = "ok"

    def answered(self, status: int) -> None:
        """Note the status of the answer."""
        self.outcome = "ok" if status < 400 else "client_error" if status < 500 else "server_error"


ClientWatcher = Callable[[ClientCall], object]
"""What is told of each call when it is over. It raises nothing."""


@contextmanager
def watched(call: ClientCall, attempts: Attempts) -> Iterator[None]:
    """Be in a call; note what has become of it when the with-block ends.

    :param attempts: what the sender notes its tries in.
    """
    try:
        yield
    except DeadlineExceeded:
        call.outcome = "too_late"
        raise
    except ServiceUnavailable:
        call.outcome = "circuit_open" if attempts.left_alone else "unavailable"
        raise
    except UnreadableAnswer:
        call.outcome = "server_error"
        raise
    except BaseException:
        call.outcome = "not_sent"
        raise
    finally:
        call.seconds = time.perf_counter() - call.started
        call.retries = max(attempts.made - 1, 0)
