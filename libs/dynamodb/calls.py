"""Every call of DynamoDB: in time, again where that helps, and not at all while nobody answers.

botocore's own retries are off. This is the one place that sends a call again, so that the time, the budget of
retries and the circuit breaker bound all of it, and so that what was sent again is known to have been.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from botocore.exceptions import (
    ConnectionError as NoConnection,
)
from pynamodb.exceptions import PynamoDBException
from urllib3.util import Timeout

from libs.dynamodb.errors import answer_metadata, is_throttled
from libs.errors import DeadlineExceeded
from libs.errors.deadline import bounded
from libs.resilience import CircuitBreaker, CircuitOpen, RetryBudget, State, pause_before

TABLES_SECONDS = 15.0
"""For a call that makes, changes or describes a table, which no request waits for."""
LEAST_SECONDS = 0.1
"""For another attempt: with less left none is begun, which would only be a write that nobody hears of."""
ATTEMPTS = 3
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.4
"""Seconds before a call is sent again, at most; random ones."""
LOST_ANSWERS = "LostAnswers"
"""What tells, in the metadata of an error, how often the call may have been done before that answer."""

Answer = dict[str, Any]
Send = Callable[[Mapping[str, Any]], Answer]


@dataclass(frozen=True)
class Limits:
    """How long a call may take, in seconds.

    :param connect: until there is a connection for an attempt.
    :param read: until the answer to an attempt comes.
    :param total: for one call, its retries and the pauses before them included. A request has the rest of
        three seconds.
    """

    connect: float = 1.0
    read: float = 2.0
    total: float = 2.8


USUAL = Limits()
"""Those of all calls. Tests that are not about time give them more (conftest.py): their machine is busy."""


_OF_TABLES = frozenset({"CreateTable", "DeleteTable", "DescribeTable", "UpdateTable", "UpdateTimeToLive"})
_OF_ONE_ITEM = frozenset({"DeleteItem", "PutItem", "UpdateItem"})
_ends: ContextVar[tuple[float, Limits] | None] = ContextVar("dynamodb_attempt_ends", default=None)
_once: ContextVar[bool] = ContextVar("dynamodb_once", default=False)


class DatabaseAway(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """Nothing was sent: the calls before this one failed, and it is too early to try again.

    :ivar retry_after: whole seconds until one is tried.
    """

    fmt = "DynamoDB has not answered, and is asked again in {retry_after} s"

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after=retry_after)
        self.retry_after = retry_after


class UnreadableAnswer(BotoCoreError):  # type: ignore[misc]
    """An answer of status 200 that is no JSON object, such as half of one: it says nothing about items."""

    fmt = "The answer to {operation} is not a JSON object"


@dataclass(frozen=True)
class _Failure:
    """What a failed attempt shows.

    :ivar again: whether another attempt may end otherwise.
    :ivar away: whether nobody answered, or with an error of the 5xx; None if nothing was learned of that.
    :ivar maybe_done: whether it may have been done all the same.
    """

    again: bool
    away: bool | None
    maybe_done: bool


class Calls:
    """The calls of one endpoint. Threads may share it.

    :param attempts: how often a call is sent at most.
    :param limits: by default the usual ones.
    :ivar breaker: opens where nobody answers, or only with errors of the 5xx; that a table or the account is
        throttled says nothing of the others.
    :ivar budget: of retries, as a share of the calls.
    """

    def __init__(
        self,
        *,
        breaker: CircuitBreaker | None = None,
        budget: RetryBudget | None = None,
        attempts: int = ATTEMPTS,
        limits: Limits | None = None,
    ) -> None:
        self._attempts = attempts
        self._limits = limits or USUAL
        self.breaker = breaker or CircuitBreaker(in_a_row=5, least=20, pause=2.0)
        self.budget = budget or RetryBudget(share=0.2, least=5)

    @property
    def state(self) -> State:
        """Whether calls are made: of the circuit breaker, for metrics and checks of health."""
        return self.breaker.state

    @contextmanager
    def once(self) -> Iterator[None]:
        """Send nothing again in a with-block, nor count it for the budget: to ask how the database is."""
        token = _once.set(True)
        try:
            yield
        finally:
            _once.reset(token)

    def make(self, operation: str, arguments: Mapping[str, Any], send: Send) -> Answer:
        """Return the answer to a call.

        It is sent again where it was throttled, nobody answered, or the answer was of the 5xx: twice at most,
        after a random pause that grows, as long as the time, the deadline (`libs.errors.deadline`) and
        the budget of retries allow. A transaction keeps its token.

        :raises DatabaseAway: if the circuit is open.
        :raises DeadlineExceeded: if the deadline is over, before it begins or while nobody answers.
        :raises ClientError: as DynamoDB says; of the last attempt.
        :raises BotoCoreError: if nobody answered; of the last attempt.
        """
        seconds = bounded(TABLES_SECONDS if operation in _OF_TABLES else self._limits.total)
        ends = time.monotonic() + seconds
        if operation == "TransactWriteItems":
            arguments = {"ClientRequestToken": str(uuid.uuid4()), **arguments}
        hurried = seconds < self._limits.total
        attempts = 1 if _once.get() else self._attempts
        if attempts > 1:
            self.budget.call()
        lost = 0
        for attempt in range(1, attempts + 1):
            try:
                return self._attempt(arguments, send, ends, hurried=hurried)
            except (ClientError, BotoCoreError) as error:
                failure = _failure(error)
                if isinstance(error, ClientError):
                    _tell_lost(error, lost)
                wait = pause_before(attempt, first=FIRST_PAUSE, most=LONGEST_PAUSE)
                in_time = attempt < attempts and time.monotonic() + wait + LEAST_SECONDS < ends
                if not (failure.again and in_time and self.budget.retry()):
                    if hurried and failure.again and time.monotonic() + LEAST_SECONDS >= ends:
                        raise DeadlineExceeded from error
                    raise
                lost += failure.maybe_done
                if lost and operation in _OF_ONE_ITEM and "ConditionExpression" in arguments:
                    arguments = {**arguments, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
            time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, arguments: Mapping[str, Any], send: Send, ends: float, *, hurried: bool) -> Answer:
        try:
            entered = self.breaker.enter()
        except CircuitOpen as error:
            raise DatabaseAway(error.retry_after) from None
        away: bool | None = None
        fair = not hurried or ends - time.monotonic() >= self._limits.read
        token = _ends.set((ends, self._limits))
        try:
            answer = send(arguments)
            away = False
            return answer
        except (ClientError, BotoCoreError) as error:
            away = _failure(error).away
            if away and not fair and isinstance(error, ConnectTimeoutError | ReadTimeoutError):
                away = None  # a deadline did not give it the time to answer
            raise
        finally:
            _ends.reset(token)
            self.breaker.leave(entered, failed=away)


def attempt_timeout(_request: object = None) -> Timeout:
    """Return how long the present attempt may take: to connect, to answer, and in all."""
    now = time.monotonic()
    ends, limits = _ends.get() or (now + USUAL.total, USUAL)
    left = ends - now
    read = limits.read if left <= limits.total else left  # of a call about a table
    return Timeout(connect=limits.connect, read=read, total=max(left, 0.01))


def lost_answers(error: Exception) -> int:
    """Return how often the call that ended with this answer may have been done before."""
    told = _told(error)
    return 0 if told is None else int(answer_metadata(told).get(LOST_ANSWERS, 0))


def refused_item(error: Exception) -> Mapping[str, Any] | None:
    """Return the item as it was when a write that was sent again was refused; None if there was none."""
    told = _told(error)
    item: Mapping[str, Any] | None = None if told is None else told.response.get("Item")
    return item


def _told(error: Exception) -> ClientError | None:
    """Return botocore's error, which has all of the answer, of one of PynamoDB's."""
    one = error.cause if isinstance(error, PynamoDBException) else error
    cause = None if one is None else one.__cause__
    return cause if isinstance(cause, ClientError) else one if isinstance(one, ClientError) else None


def _tell_lost(error: ClientError, lost: int) -> None:
    metadata = answer_metadata(error)
    if isinstance(metadata, dict):
        metadata[LOST_ANSWERS] = lost


def _failure(error: ClientError | BotoCoreError) -> _Failure:
    if isinstance(error, DatabaseAway):
        return _Failure(again=False, away=None, maybe_done=False)
    if isinstance(error, ClientError):
        if answer_metadata(error).get("HTTPStatusCode", 0) >= 500:
            return _Failure(again=True, away=True, maybe_done=True)
        # An answer, whatever it says: somebody is there.
        return _Failure(again=is_throttled(error), away=False, maybe_done=False)
    # TLS may break before something is sent, and while the answer is read.
    if isinstance(error, NoConnection) and not isinstance(error, SSLError):
        return _Failure(again=True, away=True, maybe_done=False)
    if isinstance(error, HTTPClientError | SSLError | UnreadableAnswer | ChecksumError):
        return _Failure(again=True, away=True, maybe_done=True)
    # No credentials, or a call that cannot be made.
    return _Failure(again=False, away=None, maybe_done=True)
