"""Clients that say nothing more, or never read: `python -m libs.service web` lives on."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from libs.service.testing import eventually
from libs.service.tests.processes.serving import slow_reader
from libs.service.tests.protection.few_threads import answers, auth_process


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the process writes."""
    return tmp_path_factory.mktemp("web") / "log"


@pytest.fixture(scope="module")
def process(log: Path) -> Iterator[int]:
    with auth_process(
        log,
        read_timeout_seconds="1",
        body_timeout_seconds="3",
        request_line_bytes="600",
        header_bytes="2000",
        header_count="20",
    ) as port:
        yield port


@pytest.fixture
def port(process: int) -> int:
    """Where the process answers: each test leaves it as good as new, which the next one sees."""
    eventually(lambda: answers(process))
    return process


@pytest.mark.parametrize(
    "said",
    [
        b"POST /auth/login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
        b"GET /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHo",
    ],
    ids=["in its body", "in a body nobody wants", "in its header"],
)
def test_clients_that_fall_silent_do_not_hang_the_others(port: int, said: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(4):  # twice as many as there are threads
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            silent.sendall(said)
        eventually(lambda: answers(port), seconds=15)


def test_clients_that_never_read_do_not_hang_the_others(port: int, log: Path) -> None:
    """More is asked for than the buffers of both ends hold, so that the answers cannot be sent."""
    before = len(log.read_text())
    with ExitStack() as stack:
        for _ in range(2):
            lazy = stack.enter_context(socket.socket())
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            lazy.connect(("127.0.0.1", port))
            lazy.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
        eventually(lambda: log.read_text()[before:].count("read nothing, for too long") == 2, seconds=60)
        eventually(lambda: answers(port), seconds=15)
    assert "Traceback" not in log.read_text()


def test_clients_that_read_slowly_do_not_hang_the_others(port: int, log: Path) -> None:
    """Some bytes now and then are no silence, and would go on for hours."""
    before = len(log.read_text())
    with ExitStack() as stack:
        slow = [stack.enter_context(slow_reader(port, "/openapi.json", 400)) for _ in range(2)]

        def cut() -> bool:
            for one in slow:
                with suppress(OSError):
                    one.recv(4096)
            told = log.read_text()[before:]
            # The latter where this machine has stood still.
            return told.count("a client was too slow") + told.count("read nothing, for too long") == 2

        eventually(cut, seconds=60, every=0.2)
        eventually(lambda: answers(port), seconds=15)
    told = log.read_text()[before:]
    assert "Traceback" not in told
    assert "no thread has sent anything" not in told


def test_a_body_that_stops_coming_is_a_408(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
        silent.sendall(
            b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 9\r\n\r\n{"
        )
        answer = b"".join(iter(lambda: silent.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"REQUEST_TIMEOUT"' in answer


def test_what_is_no_request_is_a_problem(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wrong:
        wrong.sendall(b"GET / HTTP/1.1\r\nX-A: " + b"x" * 9000 + b"\r\n\r\n")
        answer = b"".join(iter(lambda: wrong.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 431")
    assert b'"code":"REQUEST_HEADER_FIELDS_TOO_LARGE"' in answer


def test_a_body_that_trickles_is_a_408_too(port: int) -> None:
    """A byte every half a second is no silence, and would go on for an hour."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=0.5) as slow:
        slow.sendall(
            b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10000\r\n\r\n{"
        )
        answer = b""
        while not answer.endswith(b"}") and time.monotonic() < began + 60:
            try:
                answer += slow.recv(65536)
            except TimeoutError:
                slow.sendall(b" ")
    assert answer.startswith(b"HTTP/1.1 408")
    assert 2 < time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/ping?" + "a" * 550, {}, 400),
        ("/ping?" + "a" * 600, {}, 414),
        ("/ping", {"X-A": "a" * 1900}, 200),
        ("/ping", {"X-A": "a" * 2000}, 431),
        ("/ping", {f"X-{number}": "a" for number in range(15)}, 200),
        ("/ping", {f"X-{number}": "a" for number in range(21)}, 431),
    ],
    ids=["a line that is read", "a long line", "a header", "a long header", "headers", "many headers"],
)
def test_what_comes_before_a_body_is_bounded(
    port: int, path: str, headers: dict[str, str], status: int
) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=10, trust_env=False)
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
