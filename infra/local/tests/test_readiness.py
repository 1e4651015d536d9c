import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from infra.local.environment import Program
from infra.local.ports import Ports
from infra.local.readiness import why_not_ready, why_service_not_ready
from infra.local.supervisord import State


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


# What libs.service answers for a part.
AWAY = {"ok": False, "error": "unavailable"}
THERE = {"ok": True, "milliseconds": 3}


def problem(checks: object) -> bytes:
    return json.dumps({"status": 503, "checks": checks}).encode()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"{}", None),
        (503, problem({"redis": AWAY, "dynamodb": THERE}), "/health/ready answered 503: redis"),
        (503, problem({"redis": AWAY, "dynamodb": AWAY}), "/health/ready answered 503: redis, dynamodb"),
        (503, problem({"redis": "refused"}), "/health/ready answered 503"),
        (503, b"<html>", "/health/ready answered 503"),
        (503, problem("all"), "/health/ready answered 503"),
        (404, b"", "/health/ready answered 404"),
    ],
)
def test_what_health_ready_answers(status: int, body: bytes, reason: str | None):
    with answering(status, body) as port:
        assert why_service_not_ready(port) == reason


def test_a_port_where_nothing_answers(ports: Ports):
    assert why_service_not_ready(ports.auth) == f"nothing answers on port {ports.auth}"


def running(name: str, state: str = "RUNNING") -> State:
    return State(name, state, 1, "")


def test_a_worker_is_ready_when_it_did_a_round_lately(tmp_path: Path):
    alive = tmp_path / "alive"
    worker = Program("auth-worker", [], {}, tmp_path, alive)
    assert why_not_ready(worker, running("auth-worker"), Ports()) == "it has not done its first round"
    alive.touch()
    assert why_not_ready(worker, running("auth-worker"), Ports()) is None
    os.utime(alive, (time.time() - 75,) * 2)
    assert why_not_ready(worker, running("auth-worker"), Ports()) == "it did its last round 75 s ago"


def test_a_program_that_does_not_run_is_not_ready(tmp_path: Path):
    alive = tmp_path / "alive"
    alive.touch()
    worker = Program("auth-worker", [], {}, tmp_path, alive)
    assert why_not_ready(worker, running("auth-worker", "STOPPED"), Ports()) == "it is not running"
    assert (
        why_not_ready(worker, running("auth-worker", "BACKOFF"), Ports())
        == "it ends as soon as it is started"
    )
    assert why_not_ready(worker, None, Ports()) == "it is not running"
