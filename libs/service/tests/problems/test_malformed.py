"""What gunicorn refuses by itself, and what fails outside of Flask, is a problem as everything else."""

import socket
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import orjson
import pytest

from infra.local.throwaway import reserved_port
from libs.service.testing import eventually, python_process
from libs.service.web.scope import DRAINED_BYTES


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the process writes."""
    return tmp_path_factory.mktemp("web") / "log"


@pytest.fixture(scope="module")
def port(log: Path) -> Iterator[int]:
    with reserved_port() as port, log.open("wb") as output:
        options = {
            "bind": f"127.0.0.1:{port}",
            "worker-class": "libs.service.problems.malformed.ProblemWorker",
            "logger-class": "libs.service.processes.web.PlainLogger",
            "threads": "2",
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        command = [
            "-m",
            "gunicorn",
            *given,
            "--no-control-socket",
            "libs.service.tests.problems.failing:app()",
        ]
        with python_process(*command, environ={}, output=output) as process:

            def answers() -> bool:
                assert process.poll() is None
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            eventually(answers)
            yield port


def said(port: int, sent: bytes) -> bytes:
    """Return all that comes until the connection is closed, which the server has to do."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def problem(port: int, sent: bytes) -> tuple[dict[str, Any], Any]:
    """Return the problem and the headers of the one answer to `sent`."""
    head, _, body = said(port, sent).partition(b"\r\n\r\n")
    line, _, fields = head.partition(b"\r\n")
    headers = BytesParser(policy=HTTP).parsebytes(fields)
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Connection"] == "close"
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert headers["Server"] is None
    assert headers["Date"]
    assert int(headers["Content-Length"]) == len(body), "and nothing after it"
    told = orjson.loads(body)
    assert line.split(b" ")[:2] == [b"HTTP/1.1", str(told["status"]).encode()]
    assert told["request_id"] == headers["X-Request-ID"]
    assert told["error"] == told["code"].lower(), "in the shape of the service"
    assert b"hunter2" not in body
    return told, headers


LONG = b"x" * 9000
GET, HOST = b"GET /things?token=hunter2 HTTP/1.1\r\n", b"Host: x\r\n"
PUT = b"PUT /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
MALFORMED: dict[str, tuple[bytes, int, str]] = {
    "no request": (b"hunter2\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "a line of two words": (b"GET /hunter2\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "a path with a space": (b"GET /a hunter2 HTTP/1.1\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "a method in small letters": (b"get / HTTP/1.1\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "TLS at a port without it": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "no version": (b"GET / HTTP/x\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "HTTP/2 without being asked": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "another version": (b"GET / HTTP/3.0\r\n\r\n", 505, "HTTP_VERSION_NOT_SUPPORTED"),
    "a long line": (b"GET /hunter2" + LONG + b" HTTP/1.1\r\n\r\n", 414, "URI_TOO_LONG"),
    "a long header": (
        GET + b"X-A: hunter2" + LONG + b"\r\n\r\n",
        431,
        "REQUEST_HEADER_FIELDS_TOO_LARGE",
    ),
    "many headers": (GET + b"X-A: hunter2\r\n" * 101 + b"\r\n", 431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
    "a header without a name": (GET + b": hunter2\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "a header with a NUL": (GET + b"Authorization: hunter2\x00\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "a folded header": (GET + b"X-A: b\r\n hunter2\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "a length that is none": (GET + HOST + b"Content-Length: -1\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "two lengths": (GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "MALFORMED_REQUEST"),
    "a length and chunks": (
        GET + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
        "MALFORMED_REQUEST",
    ),
    "an unknown coding": (GET + b"Transfer-Encoding: hunter2\r\n\r\n", 501, "NOT_IMPLEMENTED"),
    "an expectation": (GET + HOST + b"Expect: hunter2\r\n\r\n", 417, "EXPECTATION_FAILED"),
    "a fault of a middleware": (b"GET /middleware HTTP/1.1\r\nHost: x\r\n\r\n", 500, "INTERNAL_ERROR"),
    "a header of ours that is none": (b"GET /header HTTP/1.1\r\nHost: x\r\n\r\n", 500, "INTERNAL_ERROR"),
}


@pytest.mark.parametrize(("sent", "status", "code"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_never_reaches_the_application_is_answered_with_a_problem(
    port: int, log: Path, sent: bytes, status: int, code: str
) -> None:
    told, _ = problem(port, sent)
    assert (told["status"], told["code"]) == (status, code)
    assert ("error_id" in told) == (status >= 500)
    line = next(one for one in log.read_text().splitlines() if told["request_id"] in one)
    logged = orjson.loads(line)
    assert (logged["code"], logged.get("error_id")) == (code, told.get("error_id"))
    assert logged["level"] == ("error" if status == 500 else "info")
    assert "hunter2" not in log.read_text()
    assert "Traceback" not in line or status == 500


def test_its_path_and_request_id_are_told_where_they_could_be_read(port: int) -> None:
    sent = b"GET /things?token=x HTTP/1.1\r\nX-Request-ID: request-1\r\nContent-Length: x\r\n\r\n"
    told, _ = problem(port, sent)
    assert (told["instance"], told["request_id"]) == ("/things", "request-1")


def test_pages_that_may_read_answers_may_read_this_one(port: int) -> None:
    sent = GET + b"Origin: https://app.test\r\nContent-Length: x\r\n\r\n"
    _, headers = problem(port, sent)
    assert headers["Access-Control-Allow-Origin"] == "https://app.test"
    assert "X-Request-ID" in headers["Access-Control-Expose-Headers"]
    _, headers = problem(port, sent.replace(b"app.test", b"elsewhere.test"))
    assert headers["Access-Control-Allow-Origin"] is None


def test_the_answer_to_head_has_no_body(port: int) -> None:
    answer = said(port, b"HEAD /middleware HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.endswith(b"\r\n\r\n")


CHUNKED = PUT + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("chunks", [b"hunter2\r\n{}\r\n", b"2\r\n{}hunter2", b"2;\x00\r\n{}\r\n0\r\n\r\n"])
def test_chunks_that_are_none_are_the_clients_fault(port: int, log: Path, chunks: bytes) -> None:
    before = len(log.read_text())
    answer = said(port, CHUNKED + chunks)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1, "one request has one answer"
    assert b'"code":"MALFORMED_REQUEST"' in answer
    assert "Traceback" not in log.read_text()[before:]


@pytest.mark.parametrize("start", [b"POST /nowhere HTTP/1.1\r\n", b"GET / HTTP/1.1\r\n"])
def test_a_body_that_nobody_reads_may_be_none(port: int, log: Path, start: bytes) -> None:
    before = len(log.read_text())
    answer = said(port, start + b"Host: x\r\nTransfer-Encoding: chunked\r\n\r\nhunter2\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert "Traceback" not in log.read_text()[before:]


def test_a_body_that_is_none_after_more_than_is_drained_is_no_second_request(port: int, log: Path) -> None:
    before = len(log.read_text())
    chunk = b"%x\r\n%s\r\n" % (DRAINED_BYTES, b"x" * DRAINED_BYTES)
    start = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = said(port, start + chunk + b"hunter2\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert "hunter2" not in log.read_text()[before:]


def test_a_flood_of_refusals_leaves_the_process_as_it_was(port: int) -> None:
    for _ in range(30):
        problem(port, b"hunter2\r\n\r\n")
    assert said(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200")
