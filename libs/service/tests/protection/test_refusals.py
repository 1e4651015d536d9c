"""What is told of requests that are refused: to their clients, to the log, and in numbers."""

import logging
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from libs.errors import RequestTimeout
from libs.service.problems.answers import PROBLEMS, ProblemAnswers
from libs.service.problems.unserved import refused_head
from libs.service.protection import shedding
from libs.service.protection.cors import EXTENSION as CORS
from libs.service.protection.cors import Cors
from libs.service.protection.security_headers import EXTENSION, SECURITY_HEADERS, SecurityHeaders
from libs.service.protection.shedding import Line, Shedding, is_probe

HEAD = b"GET /todos?where=1 HTTP/1.1\r\nX-Request-ID: request-1234\r\nOrigin: https://app.test\r\n\r\n"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def refusing(registry: CollectorRegistry) -> Shedding:
    return Shedding(Line(1, 1.0), registry)


@pytest.fixture
def extensions() -> dict[str, Any]:
    """Of an application."""
    return {PROBLEMS: ProblemAnswers(), EXTENSION: SecurityHeaders(), CORS: Cors(["https://app.test"])}


def test_the_answer_has_what_every_answer_has(refusing: Shedding, extensions: dict[str, Any]) -> None:
    answer = refusing.refuse(HEAD, "full", extensions)
    assert answer.status_code == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 3
    assert answer.headers["X-Request-ID"] == "request-1234"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.test"
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.get_json()
    assert (told["code"], told["instance"], told["request_id"]) == ("OVERLOADED", "/todos", "request-1234")


def test_who_has_not_asked_to_the_end_is_told_the_same_way(extensions: dict[str, Any]) -> None:
    answer, request_id = refused_head(extensions, RequestTimeout(), HEAD[:-4])
    assert (answer.status_code, request_id) == (408, "request-1234")
    assert answer.headers["X-Request-ID"] == "request-1234"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.test"
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value


def test_what_is_sent_is_not_trusted(refusing: Shedding, extensions: dict[str, Any]) -> None:
    answer = refusing.refuse(b"GET /<b>\xff HTTP/1.1\r\nX-Request-ID: a b\x00\r\n\r\n", "full", extensions)
    assert answer.get_json()["instance"] == "/%3Cb%3E%FF"
    assert answer.headers["X-Request-ID"] != "a b\x00"
    assert "instance" not in refusing.refuse(b"garbage", "full", extensions).get_json()


def test_a_storm_is_a_number_and_a_line_a_second(
    refusing: Shedding,
    extensions: dict[str, Any],
    registry: CollectorRegistry,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(shedding.time, "monotonic", lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            refusing.refuse(HEAD, "full", extensions)
        now[0] += 1
        refusing.refuse(HEAD, "late", extensions)
    assert told_in(caplog) == [1, 50]
    assert registry.get_sample_value("http_shed_total", {"reason": "full"}) == 50
    assert registry.get_sample_value("http_shed_total", {"reason": "late"}) == 1


def told_in(caplog: pytest.LogCaptureFixture) -> list[int]:
    """Return how many refused the lines of the log tell of."""
    return [vars(one)["refused"] for one in caplog.records if one.message == "overloaded"]


def test_the_end_of_a_storm_is_told_without_another(
    refusing: Shedding,
    extensions: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(shedding.time, "monotonic", lambda: now[0])
    refusing.tell()
    refusing.tell(at_end=True)
    assert told_in(caplog) == [], "there was none"
    for _ in range(50):
        refusing.refuse(HEAD, "full", extensions)
    refusing.tell()
    assert told_in(caplog) == [1]
    now[0] += 1
    refusing.tell()
    assert told_in(caplog) == [1, 49]
    refusing.refuse(HEAD, "late", extensions)
    refusing.refuse(HEAD, "late", extensions)
    refusing.tell(at_end=True)
    assert told_in(caplog) == [1, 49, 2], "a process that ends has no later"


@pytest.mark.parametrize(
    ("head", "probe"),
    [
        (b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"HEAD /ping?x=1 HTTP/1.0\r\n\r\n", True),
        (b"GET /health/ready HTTP/1.1\r\nHost: x\r\n", False),
        (b"GET /health/ready HTTP/1.1\r\nContent-Length: 5\r\n\r\n", False),
        (b"GET /health/ready HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", False),
        (b"POST /ping HTTP/1.1\r\n\r\n", False),
        (b"GET /pingpong HTTP/1.1\r\n\r\n", False),
        (b"GET /todos HTTP/1.1\r\nX: GET /ping HTTP/1.1\r\n\r\n", False),
    ],
)
def test_what_asks_if_the_process_lives_needs_nothing_but_an_answer(head: bytes, probe: bool) -> None:
    assert is_probe(head) is probe


@pytest.mark.parametrize(
    ("forwarded", "proxies", "probe"),
    [
        ([], 0, True),
        ([b"1.2.3.4"], 0, True),
        ([], 1, True),
        ([b""], 1, True),
        ([b"1.2.3.4"], 1, False),
        ([b"1.2.3.4"], 2, True),
        ([b"6.6.6.6, 1.2.3.4"], 2, False),
        ([b"6.6.6.6", b"1.2.3.4"], 2, False),
        ([b" , 1.2.3.4"], 2, True),
    ],
)
def test_what_has_come_through_all_proxies_is_a_clients_request(
    forwarded: list[bytes], proxies: int, probe: bool
) -> None:
    lines = b"".join(b"X-Forwarded-For: %b\r\n" % one for one in forwarded)
    assert is_probe(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n", proxies) is probe
