"""The Flask application: operations by path, problems for errors."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug import Response

from libs.api import Contract, Route, Routes, Server, empty_response
from libs.errors import NotFound, Tracer, check_deadline
from libs.errors.redaction import Redaction
from libs.jwt import Identity
from libs.service.problems import PROBLEMS, ProblemAnswers
from libs.service.protection.cors import EXTENSION as CORS
from libs.service.protection.cors import Cors
from libs.service.web.client import TRUSTED_PROXIES
from libs.service.web.errors import answer_error
from libs.service.web.exchange import Exchange, Watcher, exchange_of
from libs.service.web.scope import RequestScope
from libs.tasks import TaskRuntime

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Middleware = Callable[["WSGIApplication"], "WSGIApplication"]
"""Makes an application of another one (PEP 3333)."""


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
    watchers: Sequence[Watcher] = (),
    problems: ProblemAnswers | None = None,
    tracer: Tracer | None = None,
    redaction: Redaction | None = None,
    middleware: Sequence[Middleware] = (),
) -> Flask:
    """Return the WSGI application that serves `contract`.

    :param tasks: where the tasks that handlers call are submitted.
    :param max_body_bytes: larger bodies are refused with 413, read or unread.
    :param cors: which other sites' pages may call it; by default none.
    :param identity: what `load_auth_token` and `generate_token` go by.
    :param trusted_proxies: how many proxies of ours each request has come through, for `client_address`.
    :param watchers: what is around each request, the outermost first.
    :param problems: makes the answers to requests that fail.
    :param tracer: begins their traces; by default they are passed on.
    :param redaction: what traces, and paths in the log, do not tell; by default secrets and what is personal.
    :param middleware: what changes every answer, the one that sees it first first.
    """
    app = Flask(name, static_folder=None)
    cors = app.extensions[CORS] = cors or Cors()
    app.config[TRUSTED_PROXIES] = trusted_proxies
    app.config["MAX_CONTENT_LENGTH"] = max_body_bytes
    # In front of Flask's own routing, which looks at the decoded path and has no route here.
    app.before_request(partial(_answer, Routes(contract.operations), server, cors))
    problems = app.extensions[PROBLEMS] = problems or ProblemAnswers()
    fail = partial(answer_error, problems)
    app.register_error_handler(Exception, lambda error: fail(error, exchange_of(request)))
    app.wsgi_app = RequestScope(  # type: ignore[method-assign]
        app.wsgi_app, tasks, cors, identity, watchers, fail=fail, tracer=tracer, redaction=redaction
    )
    for around in middleware:
        app.wsgi_app = around(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def _answer(routes: Routes, server: Server, cors: Cors) -> Response:
    sent = request._get_current_object()  # type: ignore[attr-defined]  # each look through the proxy costs
    exchange = exchange_of(sent)
    preflight = cors.is_preflight(sent)
    try:
        route = _route(routes, exchange)
    except NotFound:
        if not preflight:
            raise
        route = None
    check_deadline()  # not before: by the route the log knows what of the path it does not tell
    if preflight:
        return cors.preflight(sent, route)
    if route is None:
        raise NotFound
    if sent.method == "OPTIONS" and "OPTIONS" not in route.operations:
        return empty_response(204, {"Allow": route.allow})
    exchange.operation = route.operation(sent.method)
    return server.respond(exchange.operation, sent, route.values)


def _route(routes: Routes, exchange: Exchange) -> Route | None:
    route = routes.find(exchange.path)
    exchange.route = None if route is None else route.path
    return route
