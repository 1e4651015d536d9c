"""``python -m libs.service.tests.processes.served``: a web process whose handlers wait until they are told.

Its settings are those of the environment, as for ``python -m libs.service web``.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask

from libs.api import ApiModels, Contract, Contribution, Dependencies, Result, Server
from libs.errors import remaining
from libs.jwt import Caller, current_caller
from libs.service.builtin import Builtin
from libs.service.health import Health
from libs.service.logs import configure_logs
from libs.service.processes.web import WebApplication
from libs.service.protection.deadline import RequestDeadline
from libs.service.running import Running
from libs.service.settings import Settings, load_settings
from libs.service.web import create_app
from libs.tasks.following.events import EventStreams

DOCUMENT = "openapi: 3.1.0\ninfo: {title: Served, version: 1.0.0}\nsecurity: []\npaths: {}\n"
FOLDER = "SERVED_FOLDER"
"""Where a handler says that it has begun (`<name>.begun`) and looks whether it may end (`<name>.go`)."""
HANG, FAIL = "ping.hang", "ping.fail"
"""Files there, by which the hook of ``/ping`` hangs until the first is gone, or fails."""
PINGED = "pinged"
"""The file by which it tells that it was called."""


def _wait(name: str) -> dict[str, Any]:
    """Say that it has begun; answer when it is told to."""
    folder = Path(os.environ[FOLDER])
    (folder / f"{name}.begun").touch()
    while not (folder / f"{name}.go").exists():
        time.sleep(0.005)
    return {"waited": name}


def _pinged() -> None:
    folder = Path(os.environ[FOLDER])
    (folder / PINGED).touch()
    if (folder / FAIL).exists():
        raise RuntimeError("hunter2")
    while (folder / HANG).exists():
        time.sleep(0.005)


def _quick() -> dict[str, Any]:
    return {"pid": os.getpid(), "left": remaining(), "switches_after": sys.getswitchinterval()}


def _stream() -> Result:
    """Answer with more than fits into any buffer, for as long as it is read."""
    pieces = (b"x" * 100_000 for _ in range(10_000))
    return Result(pieces, 200, {}, "application/octet-stream")


def _torn() -> Result:
    """Answer with a stream that breaks by itself."""

    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise TimeoutError

    return Result(pieces(), 200, {}, "application/octet-stream")


def _burn(milliseconds: int) -> dict[str, Any]:
    end = time.thread_time() + milliseconds / 1000
    while time.thread_time() < end:
        pass
    return {"burnt": milliseconds}


def _doze(milliseconds: int) -> dict[str, Any]:
    time.sleep(milliseconds / 1000)
    return {"slept": milliseconds}


def _operation(name: str, parameter: str | None = None, kind: str = "string") -> dict[str, Any]:
    told = {"operationId": name, "responses": {"200": {"description": "Fine."}}}
    if parameter:
        told["parameters"] = [{"name": parameter, "in": "path", "required": True, "schema": {"type": kind}}]
    return told


PATHS = {
    "/wait/{name}": {"get": _operation("wait", "name"), "post": _operation("wait_too", "name")},
    "/quick": {"get": _operation("quick")},
    "/stream": {"get": _operation("stream")},
    "/torn": {"get": _operation("torn")},
    "/burn/{milliseconds}": {"get": _operation("burn", "milliseconds", "integer")},
    "/doze/{milliseconds}": {"get": _operation("doze", "milliseconds", "integer")},
}
FUNCTIONS = {
    "wait": _wait,
    "wait_too": _wait,
    "quick": _quick,
    "stream": _stream,
    "torn": _torn,
    "burn": _burn,
    "doze": _doze,
}


class Served(Running):
    """A service without a database or tables."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.service: Any = SimpleNamespace(name="served", tasks=(), reporters=(), personal_fields=())
        self.database: Any = None
        self.clients: Any = None
        self.provided = ()
        self.health = Health({"nothing": lambda: None})
        self.streams = EventStreams(1)

    def web_app(self) -> Flask:
        callers = {Caller: current_caller, Caller | None: current_caller}
        builtin = Builtin("served", self.settings, self.health, lambda: contract.document, [_pinged])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "served.yaml")
            path.write_text(DOCUMENT)
            own = Contribution(PATHS, FUNCTIONS)
            contract = Contract.load(path, Dependencies([], callers), [builtin.contribution(), own])
        server = Server(_nobody, ApiModels(contract.document))
        watchers = [RequestDeadline(self.settings.request_seconds)]
        return create_app("served", contract, server, tasks=None, max_body_bytes=2048, watchers=watchers)


def _nobody(token: str) -> Caller:
    return Caller(token)


def main() -> None:
    """Serve until SIGTERM."""
    settings = load_settings(Settings, os.environ)
    configure_logs("served", log_format=settings.log_format, level=settings.log_level)
    WebApplication(Served(settings)).run()


if __name__ == "__main__":
    main()
