"""What is around every request: its id, its trace, its tasks, and all that watches it."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from gunicorn.http.errors import ParseException
from werkzeug import Response
from werkzeug.wsgi import ClosingIterator

from libs.dynamodb.usage import usage_scope
from libs.errors import RequestTimeout, Tracer, languages_scope, request_id_scope
from libs.errors.redaction import Redaction
from libs.jwt import Identity, running_as
from libs.service.problems.unserved import REQUEST_ID_HEADER
from libs.service.protection.cors import Cors
from libs.service.tracing.server import ServerSpans
from libs.service.web.exchange import Exchange, Watcher
from libs.service.web.request_log import LogLines
from libs.tasks import TaskRuntime
from libs.tasks.request_url import url_of, url_scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

Fail = Callable[[Exception, Exchange], Response]
"""Returns the answer to a request that has failed, and logs why."""

DRAINED_BYTES = 4 * 1024 * 1024
DRAINING_SECONDS = 5.0
"""How much of a body that nobody read is thrown away, and for how long, to use its connection again."""


class RequestScope:
    """WSGI middleware: the request's id and tasks around it, its log line after it, CORS on every answer.

    :param watchers: what else is around each request, the outermost first.
    :param fail: makes the answer to a request that the application has failed to answer.
    :param tracer: what each is a part of; by default its trace is passed on.
    :param redaction: what traces, and paths in the log, do not tell; by default secrets and what is personal.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        tasks: TaskRuntime | None,
        cors: Cors,
        identity: Identity | None = None,
        watchers: Sequence[Watcher] = (),
        *,
        fail: Fail,
        tracer: Tracer | None = None,
        redaction: Redaction | None = None,
    ) -> None:
        self._identity = identity
        self._app = app
        self._tasks = tasks
        self._cors = cors
        spans = ServerSpans(tracer or Tracer(), redaction)
        self._watchers: tuple[Watcher, ...] = (spans, LogLines(redaction), *watchers)
        self._fail = fail

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        exchange = Exchange.begin(environ)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            exchange.status = int(status[:3])
            exchange.response_bytes = _length(headers)
            headers = [*headers, *exchange.headers, (REQUEST_ID_HEADER, exchange.request_id)]
            return start_response(status, self._cors.completed(environ.get("HTTP_ORIGIN"), headers), *rest)

        with (
            request_id_scope(exchange.request_id),
            languages_scope(environ.get("HTTP_ACCEPT_LANGUAGE")),
            usage_scope(exchange.usage),
        ):
            watching = _entered(self._watchers, exchange)
            try:
                answer = self._answer(exchange, start)
            finally:
                _leave(watching)
        silent = exchange.status == RequestTimeout.status
        return answer if silent else ClosingIterator(answer, partial(_drain, environ))

    def _answer(self, exchange: Exchange, start: "StartResponse") -> Iterable[bytes]:
        environ = exchange.environ
        try:
            with url_scope(url_of(environ, exchange.path)), running_as(self._identity):
                if self._tasks is None:
                    return self._app(environ, start)
                with self._tasks.active():
                    return self._app(environ, start)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client is answered
            return self._fail(error, exchange)(environ, start)


def _entered(watchers: Iterable[Watcher], exchange: Exchange) -> list[AbstractContextManager[object]]:
    entered: list[AbstractContextManager[object]] = []
    for watcher in watchers:
        try:
            one = watcher(exchange)
            one.__enter__()
        except Exception:
            logger.exception("a watcher failed")
        else:
            entered.append(one)
    return entered


def _leave(watching: list[AbstractContextManager[object]]) -> None:
    for one in reversed(watching):
        try:
            one.__exit__(None, None, None)  # what is raised in a request is answered by now
        except Exception:
            logger.exception("a watcher failed")


def _length(headers: Iterable[tuple[str, str]]) -> int | None:
    told = next((value for name, value in headers if name.lower() == "content-length"), "")
    return int(told) if told.isdecimal() else None


def _drain(environ: "WSGIEnvironment") -> None:
    # Called when the answer is sent. gunicorn closes a connection with more than 64 KB of a body unread, and
    # the answer has not said so: the client would lose its next request.
    body, left, deadline = environ["wsgi.input"], DRAINED_BYTES, time.monotonic() + DRAINING_SECONDS
    try:
        while left > 0 and time.monotonic() < deadline and (data := body.read(min(left, 65536))):
            left -= len(data)
    except (OSError, ParseException):
        logger.info("the client went away, or sent no body")
