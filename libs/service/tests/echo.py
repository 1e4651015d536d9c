"""A service that tells what of a request has reached it, for gunicorn and for Flask's test client."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask

from libs.api import ApiModels, Contract, Contribution, Dependencies, Result, Server
from libs.errors import Unauthorized
from libs.jwt import Caller, current_caller
from libs.service.web import create_app

DOCUMENT = "openapi: 3.1.0\ninfo: {title: Echo, version: 1.0.0}\nsecurity: []\npaths: {}\n"


def get_thing(key: str, if_match: str | None) -> dict[str, Any]:
    return {"key": key, "if_match": if_match}


def get_pair(a: str, b: str) -> dict[str, Any]:
    return {"a": a, "b": b}


def export() -> dict[str, Any]:
    return {"exported": True}


def get_version(if_none_match: str | None) -> Result:
    etag = {"ETag": '"1"'}
    return (
        Result(status=304, headers=etag) if if_none_match == '"1"' else Result({"version": 1}, headers=etag)
    )


def stream() -> Result:
    def lines() -> Iterator[bytes]:
        yield from (b"one\n", b"two\n")

    return Result(lines(), media_type="text/plain")


def delete_thing(key: str) -> Result:
    return Result(status=204)


def who(caller: Caller | None) -> dict[str, Any]:
    return {"caller": caller and caller.subject}


def private(caller: Caller) -> dict[str, Any]:
    return {"caller": caller.subject}


FUNCTIONS = {
    one.__name__: one
    for one in (get_thing, get_pair, export, get_version, stream, delete_thing, who, private)
}


def _operation(name: str, *parameters: dict[str, Any], **members: Any) -> dict[str, Any]:
    responses = {"200": {"description": "Fine."}}
    return {"operationId": name, "parameters": list(parameters), "responses": responses, **members}


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "schema": {"type": "string"}}


PATHS = {
    "/things/{key}": {
        "get": _operation("get_thing", _in_path("key"), _header("If-Match")),
        "delete": _operation("delete_thing", _in_path("key")),
    },
    "/things/export": {"post": _operation("export")},
    "/things/{a}/{b}": {"get": _operation("get_pair", _in_path("a"), _in_path("b"))},
    "/version": {"get": _operation("get_version", _header("If-None-Match"))},
    "/stream": {"get": _operation("stream")},
    "/who": {"get": _operation("who", security=[{}, {"bearer": []}])},
    "/private": {"get": _operation("private", security=[{"bearer": []}])},
}


def authenticate(token: str) -> Caller:
    """Know one token."""
    if token != "good-token":
        raise Unauthorized(code="TOKEN_INVALID")
    return Caller("ada")


def app() -> Flask:
    """Return the application."""
    callers = {Caller: current_caller, Caller | None: current_caller}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "echo.yaml")
        path.write_text(DOCUMENT)
        contract = Contract.load(path, Dependencies([], callers), [Contribution(PATHS, FUNCTIONS)])
    server = Server(authenticate, ApiModels(contract.document))
    return create_app("echo", contract, server, tasks=None, max_body_bytes=2048)
