"""Tokens by client credentials: fetched once, renewed in time, and good while the address is away."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import httpx
import pytest

from libs.errors import ServiceUnavailable
from libs.jwt.backend import backend_token
from libs.jwt.caller import current_caller
from libs.jwt.service_account import ServiceAccount
from libs.jwt.tests.conftest import renewal_done

URL = "http://auth.test/auth/token"
SECRET = "q8TzWm4yRb7Jn2Vd"


class Endpoint:
    """A token endpoint."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.instead: httpx.Response | None = None
        self.is_away = False
        self.asked = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.now = 1000.0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.asked.set()
        assert self.gate.wait(10)
        if self.is_away:
            raise httpx.ConnectError("hunter2")
        number = len(self.requests)
        body = {"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": 900}
        return self.instead or httpx.Response(200, json=body)


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def account(endpoint: Endpoint) -> ServiceAccount:
    transport = httpx.MockTransport(endpoint)
    return ServiceAccount(URL, "billing", SECRET, transport=transport, clock=lambda: endpoint.now)


def test_a_token_is_asked_for_in_the_accounts_name(account: ServiceAccount, endpoint: Endpoint) -> None:
    assert account.token(["todos", "auth"], ["b", "a"]) == "token-1"
    (request,) = endpoint.requests
    assert (request.method, str(request.url)) == ("POST", URL)
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "audience": ["auth todos"],
        "scope": ["a b"],
    }
    presented = base64.b64decode(request.headers["Authorization"].removeprefix("Basic "))
    assert presented == f"billing:{SECRET}".encode()


def test_a_token_is_kept_for_what_it_is_good_for(account: ServiceAccount, endpoint: Endpoint) -> None:
    first = account.token(["todos"], ["a", "b"])
    assert account.token({"todos"}, ("b", "a")) == first
    assert account.token(["todos"]) != first
    assert account.token(["profiles"], ["a", "b"]) != first
    assert len(endpoint.requests) == 3


def test_a_token_is_renewed_when_four_fifths_of_its_life_are_over(
    account: ServiceAccount, endpoint: Endpoint
) -> None:
    account.token(["todos"])
    endpoint.now += 719
    assert account.token(["todos"]) == "token-1"
    endpoint.now += 1
    assert account.token(["todos"]) == "token-1", "nobody waits for the next one"
    renewal_done()
    assert account.token(["todos"]) == "token-2"


def test_many_threads_fetch_one_token(account: ServiceAccount, endpoint: Endpoint) -> None:
    start = threading.Barrier(16)

    def ask(_: int) -> str:
        start.wait()
        return account.token(["todos"])

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {"token-1"}
    assert len(endpoint.requests) == 1


def test_while_one_thread_renews_the_others_go_on_with_the_old_token(
    account: ServiceAccount, endpoint: Endpoint
) -> None:
    account.token(["todos"])
    endpoint.now += 800
    endpoint.gate.clear()
    endpoint.asked.clear()
    assert account.token(["todos"]) == "token-1"
    assert endpoint.asked.wait(10)
    assert account.token(["todos"]) == "token-1"
    endpoint.gate.set()
    renewal_done()
    assert account.token(["todos"]) == "token-2"
    assert len(endpoint.requests) == 2


def test_while_the_address_is_away_a_token_is_good_to_its_end(
    account: ServiceAccount, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    account.token(["todos"])
    endpoint.is_away = True
    endpoint.now += 800
    for _ in range(3):
        assert account.token(["todos"]) == "token-1"
        renewal_done()
    assert len(endpoint.requests) == 2, "it is not asked for each call"
    endpoint.now += 100
    with pytest.raises(ServiceUnavailable):
        account.token(["todos"])
    renewal_done()
    endpoint.is_away = False
    endpoint.now += 10
    assert account.token(["todos"]).startswith("token-")
    assert SECRET not in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(500),
        httpx.Response(302, headers={"Location": "http://evil.test"}),
        httpx.Response(200, text="hello"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"access_token": 1, "token_type": "Bearer", "expires_in": 1}),
        httpx.Response(200, json={"access_token": "x", "token_type": "mac", "expires_in": 1}),
        httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": 1, "scope": []}),
        httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": "soon"}),
        httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": -1}),
        httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": "NaN"}),
        httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": "Infinity"}),
        httpx.Response(200, json={"token_type": "Bearer", "expires_in": 1}),
    ],
)
def test_an_answer_that_is_no_token_is_none(
    account: ServiceAccount, endpoint: Endpoint, answer: httpx.Response
) -> None:
    endpoint.instead = answer
    with pytest.raises(ServiceUnavailable) as caught:
        account.token(["todos"])
    assert SECRET not in str(caught.value)
    assert len(endpoint.requests) == 1


def test_an_account_does_not_show_its_secret(account: ServiceAccount) -> None:
    account.token(["todos"])
    assert repr(account) == "ServiceAccount('billing')"
    assert "token-1" not in str(account._kept)


def test_a_service_calls_others_by_its_account(account: ServiceAccount) -> None:
    def called() -> tuple[str, str | None]:
        caller = current_caller()
        assert caller is not None
        return caller.subject, caller.token

    with backend_token(account, audience=["todos"], scopes=["todos:read"]):
        assert called() == ("service:billing", "token-1")


@pytest.mark.parametrize(
    ("answered", "held"),
    [({"scope": "todos:read"}, {"todos:read"}), ({"scope": ""}, set()), ({}, {"todos:read", "users:admin"})],
)
def test_an_account_has_the_scopes_that_it_was_given_and_no_other_name(
    account: ServiceAccount, endpoint: Endpoint, answered: dict[str, str], held: set[str]
) -> None:
    body = {"access_token": "x", "token_type": "Bearer", "expires_in": 900, **answered}
    endpoint.instead = httpx.Response(200, json=body)
    with backend_token(account, audience=["todos"], scopes=["todos:read", "users:admin"]):
        caller = current_caller()
        assert caller is not None
        assert (caller.subject, caller.scopes) == ("service:billing", held)
    for said in (["auth"], []):
        more = {} if said else {"expires_in": 60}
        with pytest.raises(TypeError):
            backend_token(account, *said, audience=["todos"], **more)  # type: ignore[call-overload]
