"""What is counted of calls of other services."""

from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from prometheus_client import CollectorRegistry

from libs.api import Clients
from libs.api.clients.watching import OUTCOMES
from libs.errors import Problem
from libs.service.metrics.clients import ClientMetrics
from libs.service.tests.metrics.test_requests import told


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def make(registry: CollectorRegistry) -> Callable[..., Clients]:
    """Make clients of profiles, whose every request is answered by a function."""

    def make(answer: Callable[[httpx.Request], httpx.Response]) -> Clients:
        clients = Clients(
            {"profiles": "http://profiles.test"}, transports={"profiles": httpx.MockTransport(answer)}
        )
        clients.watch(ClientMetrics(registry, clients.names()))
        return clients

    return make


def call(clients: Clients, times: int = 1) -> None:
    for _ in range(times):
        with suppress(Problem, ValueError):
            clients.profiles.ping()


@pytest.mark.parametrize(
    ("status", "outcome"), [(200, "ok"), (404, "client_error"), (500, "server_error"), (503, "server_error")]
)
def test_calls_are_counted_by_what_they_are_answered(
    registry: CollectorRegistry, make: Callable[..., Clients], status: int, outcome: str
) -> None:
    call(make(lambda _: httpx.Response(status, json={"status": "ok"})))
    found = told(registry)
    assert found["client_calls_total", "profiles", "ping", outcome] == 1
    assert {key[3] for key in found if key[0] == "client_calls_total"} == set(OUTCOMES)
    assert found["client_call_seconds_count", "profiles", "ping"] == 1
    assert found["client_call_seconds_sum", "profiles", "ping"] > 0
    assert found["client_retries_total", "profiles"] == (2 if status == 503 else 0)


def test_a_service_that_is_away_is_left_alone(
    registry: CollectorRegistry, make: Callable[..., Clients]
) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    clients = make(away)
    clients._senders["profiles"].pause = lambda _: None
    call(clients, 12)
    found = told(registry)
    assert clients.circuits() == {"profiles": "open"}
    assert found["client_calls_total", "profiles", "ping", "unavailable"] >= 1
    assert found["client_calls_total", "profiles", "ping", "circuit_open"] >= 1


def test_an_answer_that_cannot_be_read_is_an_error_of_the_service(
    registry: CollectorRegistry, make: Callable[..., Clients]
) -> None:
    call(
        make(lambda _: httpx.Response(200, headers={"Content-Encoding": "br"}, stream=httpx.ByteStream(b"x")))
    )
    assert told(registry)["client_calls_total", "profiles", "ping", "server_error"] == 1


def test_what_cannot_be_sent_is_no_failure_of_the_service(
    registry: CollectorRegistry, make: Callable[..., Clients]
) -> None:
    def not_ours(_: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError("no such header")

    call(make(not_ours))
    assert told(registry)["client_calls_total", "profiles", "ping", "not_sent"] == 1
