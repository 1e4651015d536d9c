"""``gunicorn libs.service.tests.problems.failing:app()``: a service with faults where nobody looks for them.

It is behind a middleware that fails, or sends what HTTP does not allow, as asked.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

from libs.api import ApiModels, Contract, Contribution, Dependencies, Server
from libs.errors import Unauthorized
from libs.jwt import Caller
from libs.service.logs import configure_logs
from libs.service.problems import ProblemAnswers
from libs.service.protection.cors import Cors
from libs.service.web import Exchange, Watcher, create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

DOCUMENT = "openapi: 3.1.0\ninfo: {title: Failing, version: 1.0.0}\nsecurity: []\npaths: {}\n"
_DONE = {"200": {"description": "Fine."}}
_BODY = {"required": True, "content": {"application/json": {"schema": {}}}}
PATHS = {
    "/": {"get": {"operationId": "look", "responses": _DONE}},
    "/body": {"put": {"operationId": "put", "requestBody": _BODY, "responses": _DONE}},
}


class _Failing:
    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/middleware":
            raise RuntimeError("hunter2")
        if environ["PATH_INFO"] == "/header":
            start_response("200 OK", [("X-Told", "hunter2\r\nSet-Cookie: a=b")])
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer


@contextmanager
def breaking(exchange: Exchange) -> Iterator[None]:
    """Watch, and fail at it: before the request, or after it."""
    when = exchange.environ.get("HTTP_X_WATCHED")
    if when == "before":
        raise RuntimeError("hunter2")
    yield
    if when == "after":
        raise RuntimeError("hunter2")


def shape(problem: dict[str, Any]) -> dict[str, Any]:
    """Say it as a company does that has always said it so."""
    return {**problem, "error": problem["code"].lower()}


def application(watchers: Sequence[Watcher] = (breaking,), **options: Any) -> Flask:
    """Return the application without the middleware."""
    functions = {"look": lambda: "fine", "put": lambda body: body}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "failing.yaml")
        path.write_text(DOCUMENT)
        contract = Contract.load(path, Dependencies(), [Contribution(PATHS, functions)])
    server = Server(_nobody, ApiModels(contract.document))
    return create_app(
        "failing", contract, server, tasks=None, max_body_bytes=2048, watchers=watchers, **options
    )


def _nobody(token: str) -> Caller:
    raise Unauthorized


def app() -> Flask:
    """Return the application, for gunicorn."""
    configure_logs("failing", log_format="json", level="INFO")
    failing = application(problems=ProblemAnswers(shape=shape), cors=Cors(["https://app.test"]))
    failing.wsgi_app = _Failing(failing.wsgi_app)  # type: ignore[method-assign]
    return failing
