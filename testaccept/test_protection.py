"""What protects the answers of every service, and the service from what is asked."""

import httpx
import pytest

from testaccept.deployment import SERVICES, Clients, User
from testaccept.endpoints import ENDPOINTS, Endpoint
from testaccept.problems import assert_problem

every_service = pytest.mark.parametrize("service", SERVICES)
gets = pytest.mark.parametrize(
    "endpoint", [each for each in ENDPOINTS if each.method == "GET" and "{" not in each.path], ids=str
)


def assert_safe(answer: httpx.Response) -> None:
    """Assert that a browser takes an answer for nothing but what it is."""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "gunicorn" not in answer.headers.get("Server", "").lower()
    assert "X-Powered-By" not in answer.headers


@gets
def test_every_answer_is_safe_to_show(visitor: User, anyone: Clients, endpoint: Endpoint) -> None:
    for clients in (visitor, anyone):
        assert_safe(clients.of(endpoint.service).get(endpoint.path))


@every_service
def test_so_is_every_refusal(anyone: Clients, service: str) -> None:
    client = anyone.of(service)
    for answer in (
        client.get("/nowhere"),
        client.request("BREW", "/ping"),
        client.get("/auth/version"),
        client.options("/ping"),
        client.get("/ping?x=%zz"),
    ):
        assert_safe(answer)
        if answer.status_code >= 400:
            assert answer.headers["Cache-Control"] == "no-store"


@every_service
def test_a_caller_may_say_that_it_waits_no_longer(anyone: Clients, service: str) -> None:
    answer = anyone.of(service).get("/version", headers={"X-Request-Budget": "0"})
    if answer.status_code == 200:
        pytest.skip("a proxy takes the header away")
    assert_problem(answer, 503, "DEADLINE_EXCEEDED")
    assert answer.headers["Retry-After"]
