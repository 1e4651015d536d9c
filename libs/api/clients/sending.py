"""Sending requests to one service: in time, again where that is safe, and not at all while it is down."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import httpx

from libs.api.clients.documents import Decorator, Send
from libs.api.clients.problems import is_in_use
from libs.api.clients.retries import ATTEMPTS, BUSY, retry_after
from libs.api.clients.timing import CallTime, Timeouts
from libs.api.clients.transport import until
from libs.errors import (
    BUDGET_HEADER,
    MARGIN_SECONDS,
    DeadlineExceeded,
    ServiceUnavailable,
    bounded,
    current_span,
    written_budget,
)
from libs.resilience import CircuitBreaker, CircuitOpen, RetryBudget, pause_before

MAX_ANSWER_BYTES = 10 * 1024 * 1024
"""The longest answer that is read."""


@dataclass(slots=True)
class Attempts:
    """What has been done to send a request.

    :ivar made: how often it was sent.
    :ivar left_alone: whether it was not sent in the end, for the circuit was open.
    """

    made: int = 0
    left_alone: bool = False


@dataclass(frozen=True)
class Outgoing:
    """A request to be sent.

    :param idempotent: whether it may be sent again when it may have been received.
    :param keyed: whether it is so by an Idempotency-Key.
    :param decorators: called around each attempt, the first outermost.
    :param tells_budget: whether the service is told how long its answer is waited for.
    """

    method: str
    url: httpx.URL
    headers: Sequence[tuple[str, str]]
    content: bytes | Iterable[bytes] | None
    idempotent: bool
    decorators: Sequence[Decorator] = ()
    tells_budget: bool = False
    keyed: bool = False
    attempts: Attempts = field(default_factory=Attempts)

    @property
    def is_replayable(self) -> bool:
        """Whether its body, once sent, is still there."""
        content = self.content
        return content is None or isinstance(content, bytes) or iter(content) is not content


class UnreadableAnswer(Exception):
    """An answer that is not read: it is too long, or compressed.

    :param status: of the answer.
    :param why: what is wrong with it.
    """

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Sender:
    """Send requests to one service. Threads may share it.

    :param api: the service's name, for messages.
    :param transport: what sends.
    :param max_answer_bytes: the longest answer that is read.
    :param pause: waits so many seconds.
    """

    def __init__(
        self,
        api: str,
        transport: httpx.BaseTransport,
        *,
        breaker: CircuitBreaker | None = None,
        budget: RetryBudget | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = api
        self._transport = transport
        self.breaker = breaker or CircuitBreaker()
        self._budget = budget or RetryBudget()
        self._max_answer_bytes = max_answer_bytes
        self.pause = pause

    def send(self, outgoing: Outgoing, timeouts: Timeouts) -> httpx.Response:
        """Return the answer, whatever its status, with its body read.

        It is sent again where nothing was sent, and, if it is idempotent, where the connection broke or the
        answer is 429, 502, 503 or 504, or a 409 that says that the same is being worked on: at most twice,
        after a growing pause or what Retry-After says, as long as the time and the budget of retries allow.

        It takes no longer than the present request may (`libs.errors.deadline`).

        :raises ServiceUnavailable: if nobody answers in time, or the circuit is open.
        :raises DeadlineExceeded: if the request's time is up.
        :raises UnreadableAnswer: if the answer is longer than is read, or compressed, which nobody asked for.
        :raises ValueError: if HTTP does not allow what is sent.
        """
        seconds = bounded(timeouts.total)
        call = CallTime(time.monotonic() + seconds, hurried=seconds < timeouts.total)
        self._budget.call()
        attempt = 0
        while True:
            attempt += 1
            answer, failure = self._try(outgoing, timeouts, call)
            again, wait = _is_worth_another(outgoing, answer, failure), 0.0
            if again and attempt < ATTEMPTS:
                asked = retry_after(answer.headers.get("Retry-After")) if answer is not None else None
                wait = max(pause_before(attempt), asked or 0.0)
                again = call.left - wait > MARGIN_SECONDS and self._budget.retry()
            else:
                again = False
            if again:
                current_span().set("http.request.resend_count", attempt)
                self.pause(wait)
            elif answer is not None:
                return answer
            elif call.hurried and call.left <= MARGIN_SECONDS:
                raise DeadlineExceeded from failure
            else:
                raise ServiceUnavailable(f"The {self._api} service does not answer. Try again.") from failure

    def close(self) -> None:
        """Close the connections that are kept."""
        self._transport.close()

    def _try(
        self, outgoing: Outgoing, timeouts: Timeouts, call: CallTime
    ) -> tuple[httpx.Response | None, httpx.TransportError | None]:
        try:
            entered = self.breaker.enter()
        except CircuitOpen as error:
            outgoing.attempts.left_alone = True
            raise ServiceUnavailable(
                f"The {self._api} service is not available. Try again.", retry_after=error.retry_after
            ) from None
        failed: bool | None = None
        outgoing.attempts.made += 1
        began = time.monotonic()
        try:
            answer = self._attempt(outgoing, timeouts, call.ends)
            failed = answer.status_code >= 500
            return answer, None
        except (httpx.LocalProtocolError, UnicodeEncodeError):
            # Its text may hold what was to be sent: a token.
            raise ValueError(f"a call of {self._api} holds a header that HTTP does not allow") from None
        except httpx.TransportError as error:
            # A pool without a free connection says nothing of the service.
            failed = None if isinstance(error, httpx.PoolTimeout) else True
            return None, error
        except UnreadableAnswer:
            failed = False
            raise
        finally:
            if failed and call.is_cut_short(began):
                failed = None
            self.breaker.leave(entered, failed=failed)

    def _attempt(self, outgoing: Outgoing, timeouts: Timeouts, deadline: float) -> httpx.Response:
        left = max(deadline - time.monotonic(), 0.001)
        connect, read = min(timeouts.connect, left), min(timeouts.read, left)
        limits = {"connect": connect, "pool": connect, "read": read, "write": read}
        request = httpx.Request(
            outgoing.method,
            outgoing.url,
            headers=_as_bytes([*outgoing.headers, *_budget_of(outgoing, read)]),
            content=outgoing.content,
            extensions={"timeout": limits},
        )
        send: Send = partial(self._send, outgoing.url, deadline)
        for decorator in reversed(outgoing.decorators):
            send = partial(_decorated, decorator, send)
        return send(request)

    def _send(self, url: httpx.URL, deadline: float, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) != _origin(url):
            # It may carry the caller's token.
            raise ValueError(f"a decorator of a call of {self._api} has turned it to another address")
        with until(deadline):
            answer = self._transport.handle_request(request)
            try:
                content = self._read(request.method, answer, deadline)
            finally:
                answer.close()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)

    def _read(self, method: str, answer: httpx.Response, deadline: float) -> bytes:
        status, limit = answer.status_code, self._max_answer_bytes
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnreadableAnswer(status, "in a Content-Encoding that was not asked for")
        told = answer.headers.get("Content-Length", "")
        too_long = told.isdecimal() and int(told) > limit and method != "HEAD"
        read, chunks = 0, []
        for chunk in cast(httpx.SyncByteStream, answer.stream) if not too_long else ():
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("the call's time is up")
            read += len(chunk)
            if too_long := read > limit:
                break
            chunks.append(chunk)
        if too_long:
            raise UnreadableAnswer(status, f"with more than {limit} bytes")
        return b"".join(chunks)


def _budget_of(outgoing: Outgoing, seconds: float) -> list[tuple[str, str]]:
    return [(BUDGET_HEADER, written_budget(seconds))] if outgoing.tells_budget else []


def _decorated(decorator: Decorator, send: Send, request: httpx.Request) -> httpx.Response:
    return decorator(request, send)


def _as_bytes(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    # Texts of bytes, as `Parameters.write` makes them.
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]


def _origin(url: httpx.URL) -> tuple[bytes, bytes, int | None]:
    return url.raw_scheme, url.raw_host, url.port


def _is_worth_another(
    outgoing: Outgoing, answer: httpx.Response | None, failure: httpx.TransportError | None
) -> bool:
    if isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout):
        return True  # nothing was sent
    if isinstance(failure, httpx.PoolTimeout) or not (outgoing.idempotent and outgoing.is_replayable):
        return False
    return answer is None or answer.status_code in BUSY or (outgoing.keyed and is_in_use(answer))
