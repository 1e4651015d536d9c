"""A Redis that goes away and comes back with nothing in it delays exports and loses none."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.ports import HOST
from infra.local.servers import redis_answers, redis_command
from infra.local.throwaway import reserved_port
from libs.service import Running
from libs.service.testing import environment, eventually, running_service
from services.todos.service import service


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.fixture
def environ(port: int) -> dict[str, str]:
    return environment(
        "todos",
        cursor_secret="only-for-tests-and-32-characters-long",
        redis_url=f"redis://{HOST}:{port}/0",
        task_lease_seconds="2",
        task_sweep_seconds="0.5",
        worker_concurrency="1",
    )


@pytest.fixture
def running(environ: dict[str, str]) -> Iterator[Running]:
    with running_service(service, environ) as started:
        yield started


@contextmanager
def redis_server(port: int) -> Iterator[None]:
    server = subprocess.Popen(redis_command(port, None), stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: redis_answers(port))
        yield
    finally:
        server.kill()
        server.wait()


def test_an_export_requested_in_an_outage_is_written_after_it(
    exports: Any,
    write_todos: Callable[..., None],
    worker: subprocess.Popen[bytes],
    beat: subprocess.Popen[bytes],
    port: int,
) -> None:
    with redis_server(port):
        before = exports.ended(exports.start())
        assert exports.lines(before) == []
    write_todos("ada", 2)
    started = time.monotonic()
    location = exports.start()
    assert time.monotonic() - started < 15
    assert exports.operation(location)["status"] == "queued"
    with redis_server(port):
        operation = exports.ended(location)
    assert [todo["title"] for todo in exports.lines(operation)] == ["todo 0", "todo 1"]
    assert (worker.poll(), beat.poll()) == (None, None), "both are still the processes they were"
