"""What becomes of an operation, told as it happens: server-sent events (WHATWG HTML, section 9.2).

A stream holds a thread of the web process for as long as it lasts. So it ends after some seconds, for the
browser to come back with the id of the last event it has had, and there are only so many at once, of which
one caller may have half.
"""

import hashlib
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial

from pynamodb.exceptions import DoesNotExist, PynamoDBException

from libs.api import Result, dump_json
from libs.errors import ServiceUnavailable
from libs.jwt import Caller
from libs.tasks.following.owned import own_operation
from libs.tasks.operation import Operation

logger = logging.getLogger(__name__)

STREAM_SECONDS = 25.0
"""How long a stream lasts: less than proxies wait for an answer, or a worker of gunicorn may be silent."""
LOOK_SECONDS = 1.0
"""How long lies between two looks at the row; what changes in between is told as one event."""
AGAIN_SECONDS = 5
"""When another stream may be tried where there are too many."""

_RETRY = b"retry: 1000\n\n"
"""How many milliseconds a browser waits before it comes back."""
# Written at each look: that the client has left shows in writing alone, and its place is wanted by others.
_COMMENT = b":\n\n"
# A proxy (nginx) would keep small pieces back until it has many.
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStreams:
    """The streams of one process.

    :param most: how many there may be at once: fewer than the process has threads. One caller may have half
        of them, and one at least.
    :param seconds: how long each lasts at most.
    :param every: seconds from one look at the row to the next.
    :param wait: waits so many seconds.
    :param clock: seconds that only go up.
    """

    def __init__(
        self,
        most: int = 4,
        *,
        seconds: float = STREAM_SECONDS,
        every: float = LOOK_SECONDS,
        wait: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_of_one = max(1, most // 2)
        self._places: dict[object, str] = {}  # that are taken, by whom
        self._taking = threading.Lock()
        self._seconds = seconds
        self._every = every
        self._wait = wait
        self._clock = clock
        self._is_wanted: Callable[[], bool] = lambda: True

    def end_unless(self, is_wanted: Callable[[], bool]) -> None:
        """Have all streams end as soon as `is_wanted` says no; each asks at each look."""
        self._is_wanted = is_wanted

    def follow_operation(self, operation_id: str, caller: Caller, last_event_id: str | None = None) -> Result:
        """Answer with an event `operation` now and at each change, until it is over; to its owner only.

        :param last_event_id: of the event the client has had last, which is not sent again. If that told of
            the end the answer is a 204, at which browsers come back no more.
        :raises NotFound: if there is none, or it is somebody else's.
        :raises ServiceUnavailable: TOO_MANY_STREAMS.
        """
        operation = own_operation(operation_id, caller)
        if operation.is_final:  # there is nothing to wait for
            told, event = _event(operation)
            body = None if told == last_event_id else _RETRY + event
            return Result(body, 200 if body else 204, _HEADERS, "text/event-stream" if body else None)
        leave = self._take_place(caller.subject)
        if leave is None:
            raise ServiceUnavailable(
                "Too many operations are being followed. Try again, or ask for the operation itself.",
                code="TOO_MANY_STREAMS",
                retry_after=AGAIN_SECONDS,
            )
        stream = _Stream(self._pieces(operation, last_event_id), leave)
        return Result(stream, 200, _HEADERS, "text/event-stream")

    def _take_place(self, subject: str) -> Callable[[], object] | None:
        """Return what gives the place back that is taken, or None where there is none."""
        place = object()
        with self._taking:
            taken = list(self._places.values())
            if len(taken) >= self._most or taken.count(subject) >= self._most_of_one:
                return None
            self._places[place] = subject
        # Without the lock: a stream may be found forgotten at any moment, by a thread that has it, too.
        return partial(self._places.pop, place, None)

    def _pieces(self, operation: Operation, seen: str | None) -> Iterator[bytes]:
        # It runs when the request is over: what it needs of that, it has been given.
        end = self._clock() + self._seconds
        yield _RETRY
        while True:
            told, event = _event(operation)
            yield _COMMENT if told == seen else event
            seen = told
            left = end - self._clock()
            if operation.is_final or left <= 0:
                return
            self._wait(min(self._every, left))
            if not self._is_wanted():
                return
            try:
                operation = Operation.get(operation.id, consistent_read=True)
            except DoesNotExist:
                return
            except PynamoDBException as error:
                # The client comes back, and is told by then in the way of all answers.
                told_of = {"operation": operation.id, "error": type(error).__name__}
                logger.warning("operation not read; its stream ends", extra=told_of)
                return


class _Stream:
    """The pieces of an answer; its place is free when it is closed or, if nobody did that, forgotten."""

    def __init__(self, pieces: Iterator[bytes], leave: Callable[[], object]) -> None:
        self._pieces = pieces
        self._leave = weakref.finalize(self, leave)  # calls it once, however often it is called
        self._leave.atexit = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        self._leave()


def _event(operation: Operation) -> tuple[str, bytes]:
    """Return the id of the state an operation is in, and the event that tells of it.

    The same state has the same id, so that who comes back with one is not told again. When the row was last
    written is no part of it: the lease of what runs is prolonged every few seconds.
    """
    seen = operation.to_json()
    state = {name: one for name, one in seen.items() if name != "updated_at"}
    told = hashlib.blake2b(dump_json(state), digest_size=8).hexdigest()
    # JSON has its line breaks escaped, so that one line of data holds it.
    return told, b"event: operation\nid: %s\ndata: %s\n\n" % (told.encode(), dump_json(seen))
