"""An application whose requests are reported."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from libs.api import ApiModels, Contract, Contribution, Dependencies, Server
from libs.errors import Conflict, ServiceUnavailable, report_warning
from libs.errors.personal import for_reports
from libs.jwt import Caller
from libs.service.admission import Admission
from libs.service.renewal import Renewal
from libs.service.reports import Reports, report_requests
from libs.service.tests.reports.sinks import Sink, sink
from libs.service.web import Watcher, create_app

SECRET = "hunter2~secret"
"""Planted wherever a request has something, and wherever it may go from there."""
DOCUMENT = "openapi: 3.1.0\ninfo: {title: Probe, version: 1.0.0}\nsecurity: []\npaths: {}\n"
CALLER = Caller("user-1", frozenset({"things:write"}), actor="service:shop", token=SECRET)


def operation(name: str, *parameters: str, **members: Any) -> dict[str, Any]:
    declared = [
        {"name": one, "in": "path", "required": True, "schema": {"type": "string"}} for one in parameters
    ]
    responses = {"200": {"description": "Fine."}}
    return {"operationId": name, "responses": responses, "parameters": declared} | members


def lose(key: str, body: dict[str, Any]) -> None:
    held = {"of the frame": body, key: key, "secret": SECRET}
    try:
        raise KeyError(f"{held}")
    except KeyError as error:
        raise RuntimeError(f"{SECRET} {body}") from error


def warn(thing: str, token: str) -> str:
    data = {"password": SECRET, "note": f"token={SECRET}", "shoeSize": 43, "thing": thing}
    report_warning("It is odd.", data)
    return "fine"


def break_down() -> None:
    raise ServiceUnavailable("Later.")


def refuse() -> None:
    raise Conflict("No.")


def wait() -> str:
    time.sleep(0.02)
    return "done"


def nothing() -> str:
    return "fine"


KEY = {"name": "key", "in": "query", "required": True, "schema": {"type": "string"}}
BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
PATHS: dict[str, dict[str, Any]] = {
    "/lose": {"post": operation("lose", security=[{"bearer": []}], requestBody=BODY, parameters=[KEY])},
    "/things/{thing}/by/{token}": {"get": operation("warn", "thing", "token")},
    "/break-down": {"get": operation("break_down")},
    "/refuse": {"get": operation("refuse")},
    "/wait": {"get": operation("wait", **{"x-report-slow-ms": 10})},
    "/wait-long": {"get": operation("wait_long", **{"x-report-slow-ms": 0})},
    "/wait-any": {"get": operation("wait_any")},
    "/nothing": {"get": operation("nothing")},
    "/health/ready": {"get": operation("get_readiness")},
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{one.__name__: one for one in (lose, warn, break_down, refuse, wait, nothing)},
    "get_readiness": break_down,
    "wait_long": wait,
    "wait_any": wait,
}


@pytest.fixture
def app_of(tmp_path: Path) -> Callable[..., Flask]:
    """Make the application, which tells these reports, and has these watchers within that."""

    def make(reports: Reports, within: Sequence[Watcher] = (), **options: Any) -> Flask:
        (tmp_path / "probe.yaml").write_text(DOCUMENT)
        contribution = Contribution(PATHS, FUNCTIONS, {})
        contract = Contract.load(tmp_path / "probe.yaml", Dependencies(), [contribution])
        server = Server(
            lambda token: CALLER, ApiModels(contract.document), admit=Admission(Renewal(600), None)
        )
        watcher = report_requests(reports, for_reports(["shoe_size"]), **options)
        watchers = [watcher, *within]
        return create_app("probe", contract, server, tasks=None, max_body_bytes=10_000, watchers=watchers)

    return make


@pytest.fixture
def server() -> Iterator[Sink]:
    """A server that takes reports."""
    with sink() as one:
        yield one
