"""A small application, whose every operation shows one thing a request can meet."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from flask import Flask, abort
from flask.testing import FlaskClient

from libs.api import ApiModels, Contract, Contribution, Dependencies, Server
from libs.errors import Conflict, ServiceUnavailable, Tracer, Unauthorized
from libs.jwt import Caller
from libs.service.protection.cors import Cors
from libs.service.web import Watcher, create_app
from libs.tasks.task import active_runtime

DOCUMENT = "openapi: 3.1.0\ninfo: {title: Probe, version: 1.0.0}\nsecurity: []\npaths: {}\n"
MAX_BODY_BYTES = 2048


def operation(name: str, **members: Any) -> dict[str, Any]:
    return {"operationId": name, "responses": {"200": {"description": "Fine."}}, **members}


def fail() -> None:
    raise RuntimeError("the password is hunter2")


def refuse() -> None:
    raise Conflict("It is taken.", code="TAKEN")


def break_down() -> None:
    raise ServiceUnavailable("Later.")


def lose_database() -> None:
    raise EndpointConnectionError(endpoint_url="http://secret-endpoint")


def abort_with(status: int) -> None:
    abort(status)


def runtime_seen() -> str:
    return repr(active_runtime.get())


def authenticate(token: str) -> Caller:
    if token != "good-token":
        raise Unauthorized(code="TOKEN_INVALID")
    return Caller("ada")


STATUS = {"name": "status", "in": "path", "required": True, "schema": {"type": "integer"}}
QUERY = {"name": "q", "in": "query", "schema": {"type": "string"}}
BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
PATHS: dict[str, dict[str, Any]] = {
    "/things": {
        "get": operation("list_things", parameters=[QUERY]),
        "post": operation("echo", requestBody=BODY),
    },
    "/private": {"get": operation("private", security=[{"bearer": []}])},
    "/fail": {"get": operation("fail")},
    "/refuse": {"get": operation("refuse")},
    "/break-down": {"get": operation("break_down")},
    "/lose-database": {"get": operation("lose_database")},
    "/abort/{status}": {"get": operation("abort_with", parameters=[STATUS])},
    "/runtime": {"get": operation("runtime_seen")},
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "list_things": lambda q: [],
    "echo": lambda body: body,
    "private": lambda: "secret",
    **{f.__name__: f for f in (fail, refuse, break_down, lose_database, abort_with, runtime_seen)},
}


@pytest.fixture
def make_app(tmp_path: Path) -> Callable[..., Flask]:
    """Make the application, with or without tasks and CORS."""

    def make(
        tasks: Any = None,
        cors: Cors | None = None,
        watchers: Sequence[Watcher] = (),
        tracer: Tracer | None = None,
    ) -> Flask:
        (tmp_path / "probe.yaml").write_text(DOCUMENT)
        contract = Contract.load(
            tmp_path / "probe.yaml", Dependencies(), [Contribution(PATHS, FUNCTIONS, {})]
        )
        server = Server(authenticate, ApiModels(contract.document))
        return create_app(
            "probe",
            contract,
            server,
            tasks=tasks,
            max_body_bytes=MAX_BODY_BYTES,
            cors=cors,
            tracer=tracer,
            watchers=watchers,
        )

    return make


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app().test_client()
