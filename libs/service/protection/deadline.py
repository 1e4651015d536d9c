"""The deadline of a request: ours, or the earlier one of a caller that says how long it waits."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from libs.errors import BUDGET_HEADER, Deadline, deadline_scope, read_budget
from libs.service.web import Exchange
from libs.service.web.client import is_from_outside

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, WSGIEnvironment

_BUDGET = f"HTTP_{BUDGET_HEADER.upper().replace('-', '_')}"
_NO_BODY = ("", "0")


class RequestDeadline:
    """A watcher that gives each request its deadline.

    What a request waited for a thread counts; what the client takes to send the body does not, since
    that has its own limit (`body_timeout_seconds`). A stream is sent after the scope of its request, and may
    take as long as it likes.

    How long a caller waits is between services: what comes from outside through proxies of ours has no say.

    :param seconds: what a request may take.
    :param trusted_proxies: how many there are.
    """

    def __init__(self, seconds: float, *, trusted_proxies: int = 0) -> None:
        self._seconds = seconds
        self._proxies = trusted_proxies

    def __call__(self, exchange: Exchange) -> AbstractContextManager[object]:
        """Return what the request is within."""
        environ, waited = exchange.environ, exchange.waited
        budget = read_budget(environ.get(_BUDGET))
        if budget is not None and is_from_outside(environ.get("HTTP_X_FORWARDED_FOR", ""), self._proxies):
            budget = None
        if budget is None and not _has_body(environ):
            return deadline_scope(self._seconds - waited)
        return self._within(environ, waited, budget)

    @contextmanager
    def _within(self, environ: "WSGIEnvironment", waited: float, budget: float | None) -> Iterator[None]:
        # The caller's is around ours, so that nothing which prolongs ours prolongs it.
        around = nullcontext() if budget is None else deadline_scope(budget - waited)
        with around, deadline_scope(self._seconds - waited) as deadline:
            if _has_body(environ):
                environ["wsgi.input"] = _TimedInput(environ["wsgi.input"], deadline)
            yield


def _has_body(environ: "WSGIEnvironment") -> bool:
    return environ.get("CONTENT_LENGTH", "") not in _NO_BODY or "HTTP_TRANSFER_ENCODING" in environ


class _TimedInput:
    """The body of a request, which allows the deadline what it takes to arrive."""

    def __init__(self, body: "InputStream", deadline: Deadline) -> None:
        self._body = body
        self._deadline = deadline

    def read(self, size: int = -1, /) -> bytes:
        with self._waiting():
            return self._body.read(size)

    def readline(self, size: int = -1, /) -> bytes:
        with self._waiting():
            return self._body.readline(size)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        with self._waiting():
            return list(self._body.readlines(hint))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self._deadline.allow(time.monotonic() - began)
