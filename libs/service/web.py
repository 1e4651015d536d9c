"""The Flask application: operations by path, problems for errors, one log line a request."""

import ipaddress
import logging
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, has_request_context, request
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import ClosingIterator

from libs.api import (
    Contract,
    RemoteProblem,
    Route,
    Routes,
    Server,
    empty_response,
    problem_response,
    sent_path,
)
from libs.dynamodb import as_problem
from libs.errors import (
    InternalError,
    NotFound,
    Problem,
    RequestTimeout,
    current_request_id,
    new_request_id,
    problem_for_status,
    request_id_scope,
    trace_scope,
    valid_request_id,
)
from libs.jwt import Identity, running_as
from libs.service.cors import Cors
from libs.tasks import TaskRuntime
from libs.tasks.request_url import url_of, url_scope

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

REQUEST_ID_HEADER = "X-Request-ID"
_PATH = "polymacaron.path"
_ROUTE = "polymacaron.route"
"""Where in the WSGI environ the path stands as it was sent, and that of the contract it has met."""
_ACTOR = "polymacaron.actor"
"""Where it stands who acts for the caller, if somebody does."""
_HEADERS = "polymacaron.headers"
"""Where headers stand that the answer is to have, whatever becomes of the request."""
_WITH_PORT = re.compile(r"\[([^]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
_TRUSTED_PROXIES = "POLYMACARON_TRUSTED_PROXIES"
DRAINED_BYTES = 4 * 1024 * 1024
DRAINING_SECONDS = 5.0
"""How much of a body that nobody read is thrown away, and for how long, to use its connection again."""


def create_app(
    name: str,
    contract: Contract,
    server: Server,
    *,
    tasks: TaskRuntime | None,
    max_body_bytes: int,
    cors: Cors | None = None,
    trusted_proxies: int = 0,
    identity: Identity | None = None,
) -> Flask:
    """Return the WSGI application that serves `contract`.

    :param tasks: where the tasks that handlers call are submitted.
    :param max_body_bytes: larger bodies are refused with 413, read or unread.
    :param cors: which other sites' pages may call it; by default none.
    :param identity: what `load_auth_token` and `generate_token` go by.
    :param trusted_proxies: how many proxies of ours each request has come through, for `client_address`.
    """
    cors = cors or Cors()
    app = Flask(name, static_folder=None)
    app.config[_TRUSTED_PROXIES] = trusted_proxies
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes
    # In front of Flask's own routing, which looks at the decoded path and has no route here.
    app.before_request(partial(_answer, Routes(contract.operations), server, cors))
    app.register_error_handler(Exception, _answer_error)
    app.wsgi_app = RequestScope(app.wsgi_app, tasks, cors, identity)  # type: ignore[method-assign]
    return app


class ClientAddress(str):
    """The IP address a request comes from; empty where there is no request, or no address."""

    __slots__ = ()


class UserAgent(str):
    """What the program that sent a request says it is (RFC 9110 section 10.1.5); empty if it says nothing."""

    __slots__ = ()


def user_agent() -> UserAgent:
    """Return what the program that sent the present request says it is."""
    return UserAgent(request.environ.get("HTTP_USER_AGENT", "") if has_request_context() else "")


def client_address() -> ClientAddress:
    """Return where the present request comes from.

    That is who has connected to us or, behind proxies of ours, to the first of them. Each adds whom it has
    seen to the end of X-Forwarded-For; what stands before those entries is the client's own invention.
    """
    if not has_request_context():
        return ClientAddress()
    peer = request.environ.get("REMOTE_ADDR", "")
    proxies: int = current_app.config[_TRUSTED_PROXIES]
    seen = request.environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    told = seen[-proxies].strip() if 0 < proxies <= len(seen) else peer
    return _address(told) or ClientAddress(peer)


def _address(told: str) -> ClientAddress | None:
    """Return the address of an entry, which some proxies add a port to (RFC 7239 section 6)."""
    if with_port := _WITH_PORT.fullmatch(told):
        told = with_port[1] or with_port[2]
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return None
    # A zone (RFC 4007 section 11) is any text, and means something on one machine only.
    return None if getattr(address, "scope_id", None) else ClientAddress(address)


def add_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Give headers to the answer of a request, be it a problem or not."""
    request.environ[_HEADERS].extend(headers.items())


def note_actor(request: Request, actor: str) -> None:
    """Have the log line of a request tell which service acts for its caller."""
    request.environ[_ACTOR] = actor


def _answer(routes: Routes, server: Server, cors: Cors) -> Response:
    sent = request._get_current_object()  # type: ignore[attr-defined]  # each look through the proxy costs
    if cors.is_preflight(sent):
        found = None
        with suppress(NotFound):
            found = _route(routes, sent)
        return cors.preflight(sent, found)
    route = _route(routes, sent)
    if route is None:
        raise NotFound
    if sent.method == "OPTIONS" and "OPTIONS" not in route.operations:
        return empty_response(204, {"Allow": route.allow})
    return server.respond(route.operation(sent.method), sent, route.values)


def _route(routes: Routes, sent: Request) -> Route | None:
    route = routes.find(sent.environ[_PATH])
    sent.environ[_ROUTE] = route and route.path
    return route


def _answer_error(error: Exception) -> Response:
    problem = _problem(error)
    if problem.status >= 500:
        expected = isinstance(error, Problem) or not isinstance(problem, InternalError)
        told: dict[str, Any] = {"code": problem.code, "cause": type(error.__cause__ or error).__name__}
        if isinstance(error, RemoteProblem):
            told.update(called=error.operation, answered=error.problem.status)
        level = logging.WARNING if expected else logging.ERROR
        logger.log(level, "request failed", extra=told, exc_info=None if expected else error)
    return problem_response(problem, request_id=current_request_id() or "", instance=request.environ[_PATH])


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException) and error.code:
        return problem_for_status(error.code, error.name)
    return as_problem(error) or InternalError()


class RequestScope:
    """WSGI middleware: the request's id and tasks around it, its log line after it, CORS on every answer."""

    def __init__(
        self, app: "WSGIApplication", tasks: TaskRuntime | None, cors: Cors, identity: Identity | None = None
    ) -> None:
        self._identity = identity
        self._app = app
        self._tasks = tasks
        self._cors = cors

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request_id = valid_request_id(environ.get("HTTP_X_REQUEST_ID")) or new_request_id()
        started, answered = time.perf_counter(), {"status": 500}
        environ[_PATH] = sent_path(environ)
        added: list[tuple[str, str]] = []
        environ[_HEADERS] = added

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            answered["status"] = int(status[:3])
            headers = [*headers, *added, (REQUEST_ID_HEADER, request_id)]
            return start_response(status, self._cors.completed(environ.get("HTTP_ORIGIN"), headers), *rest)

        trace = trace_scope(environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE"))
        tasks = self._tasks.active() if self._tasks else nullcontext()
        url = url_scope(url_of(environ, environ[_PATH]))
        with request_id_scope(request_id), trace, url, running_as(self._identity), tasks:
            try:
                answer = self._app(environ, start)
                silent = answered["status"] == RequestTimeout.status
                return answer if silent else ClosingIterator(answer, partial(_drain, environ))
            finally:
                told = {
                    "method": environ["REQUEST_METHOD"],
                    "path": environ[_PATH],
                    "route": environ.get(_ROUTE),
                    "status": answered["status"],
                    "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                }
                if actor := environ.get(_ACTOR):
                    told["actor"] = actor
                logger.info("request", extra=told)


def _drain(environ: "WSGIEnvironment") -> None:
    # Called when the answer is sent. gunicorn closes a connection with more than 64 KB of a body unread, and
    # the answer has not said so: the client would lose its next request.
    body, left, deadline = environ["wsgi.input"], DRAINED_BYTES, time.monotonic() + DRAINING_SECONDS
    try:
        while left > 0 and time.monotonic() < deadline and (data := body.read(min(left, 65536))):
            left -= len(data)
    except OSError:
        logger.info("the client went away")
