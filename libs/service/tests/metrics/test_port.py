"""`/metrics`: who may ask, and what is answered."""

import logging
import os
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from werkzeug.test import Client

from infra.local.throwaway import reserved_port
from libs.service.metrics import PLACES, Metrics, listen, port, serve
from libs.service.testing import eventually, python_process


@pytest.fixture
def counted() -> Metrics:
    """Metrics with one counter, at 2."""
    counted = Metrics()
    Counter("seen", "What was seen.", registry=counted.registry).inc(2)
    return counted


@pytest.fixture
def url(counted: Metrics) -> Iterator[str]:
    listener = listen("127.0.0.1", 0)
    assert listener is not None
    stop = serve(counted, listener)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop()


def test_it_is_prometheus_own_format_unless_openmetrics_is_asked_for(counted: Metrics) -> None:
    client = Client(counted.app)
    plain = client.get("/metrics")
    assert plain.status_code == 200
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "seen_total 2.0" in plain.text
    accept = "application/openmetrics-text; version=1.0.0"
    asked = client.get("/metrics", headers={"Accept": accept})
    assert asked.headers["Content-Type"].startswith(accept)
    assert asked.text.endswith("# EOF\n")


def test_all_is_told_whatever_is_asked_for(counted: Metrics) -> None:
    client = Client(counted.app)
    asked, all_told = (client.get(one).text for one in ("/metrics?name[]=seen_total", "/metrics"))
    assert [line.split()[:3] for line in asked.splitlines() if line.startswith("#")] == [
        line.split()[:3] for line in all_told.splitlines() if line.startswith("#")
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("GET", "/ping", 404), ("POST", "/metrics", 405)]
)
def test_nothing_else_is_there(counted: Metrics, method: str, path: str, status: int) -> None:
    answer = Client(counted.app).open(path, method=method)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["status"] == status
    assert ("Allow" in answer.headers) == (status == 405)
    assert "seen" not in answer.text


class Failing(Collector):
    """Asks what does not answer."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        raise OSError("redis://:hunter2@redis")


class Looked(Collector):
    """Looks up a number when it is asked."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("looked_up", "A number.", value=7)


def test_what_is_looked_up_is_told_beside_what_was_counted(counted: Metrics) -> None:
    counted.add(Looked())
    told = Client(counted.app).get("/metrics").text
    assert "looked_up 7.0" in told
    assert "seen_total 2.0" in told


def test_a_fault_is_told_without_its_text(counted: Metrics, caplog: pytest.LogCaptureFixture) -> None:
    counted.add(Failing())
    answer = Client(counted.app).get("/metrics")
    told = answer.get_json()
    assert (answer.status_code, told["code"]) == (500, "INTERNAL_ERROR")
    assert "hunter2" not in answer.text
    (record,) = [one for one in caplog.records if one.getMessage() == "metrics could not be told"]
    assert record.error_id == told["error_id"]  # type: ignore[attr-defined]


def test_it_is_answered_at_a_port_of_its_own(url: str) -> None:
    answer = httpx.get(f"{url}/metrics", trust_env=False)
    assert answer.status_code == 200
    assert "seen_total 2.0" in answer.text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hunter2\r\n\r\n", 400),
        (b"GET /metrics HTTP/3.0\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /metrics HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    ],
    ids=["no request", "another version", "a long line", "many headers"],
)
def test_what_is_no_request_is_a_problem(url: str, sent: bytes, status: int) -> None:
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(sent)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert f'"status":{status}'.encode() in answer
    assert b"Content-Type: application/problem+json" in answer
    assert b"hunter2" not in answer


def test_it_is_answered_at_an_address_of_ipv6(counted: Metrics) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    listener = listen("::1", 0)
    assert listener is not None
    stop = serve(counted, listener)
    answer = httpx.get(f"http://[::1]:{listener.getsockname()[1]}/metrics", trust_env=False)
    stop()
    assert "seen_total 2.0" in answer.text


def test_who_says_nothing_holds_a_place_for_a_moment_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port._Handler, "timeout", port._Handler.timeout / 5)
    address = httpx.URL(url)
    silent = [socket.create_connection((address.host, address.port or 0)) for _ in range(PLACES)]
    try:

        def turned_away() -> bool:
            try:
                httpx.get(f"{url}/metrics", trust_env=False)
            except httpx.TransportError:
                return True
            return False

        def answered() -> bool:
            return not turned_away()

        eventually(turned_away)
        eventually(answered)
    finally:
        for one in silent:
            one.close()


def test_who_says_a_byte_now_and_then_holds_no_place_for_longer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert port._Handler.timeout == 5.0, "docs/threat-model.md"
    monkeypatch.setattr(port._Handler, "timeout", 0.5)
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 0), timeout=0.05) as slow:
        began = time.monotonic()
        while time.monotonic() < began + 60:
            try:
                slow.sendall(b"G")
                if not slow.recv(1):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert time.monotonic() - began < 20


def test_a_port_that_is_taken_costs_the_metrics_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert listen("127.0.0.1", taken.getsockname()[1]) is None
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


ORPHAN = """
import os, sys, time
from libs.service.metrics import Metrics, listen, serve

serve(Metrics(), listen("127.0.0.1", int(sys.argv[1])))
if os.fork():
    os._exit(0)
time.sleep(60)
"""


def test_a_child_does_not_keep_the_port_when_its_parent_was_killed() -> None:
    """Such a child lives on for as long as its task does, and the worker is started again meanwhile."""
    with reserved_port() as port, python_process("-c", ORPHAN, str(port), environ={}) as process:
        assert process.wait(30) == 0
        os.killpg(process.pid, 0)  # the child is there
        again = listen("127.0.0.1", port)
        assert again is not None
        again.close()
