"""The keys as other services see them: fetched, kept, and good while auth is down."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from libs.api import InProcess
from libs.errors import Unauthorized
from libs.jwt import RemoteKeySet, SigningKey, TokenIssuer, TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER
from services.auth.keys import KeyRing, TokenKeys
from services.auth.keys.ring import COOLDOWN_SECONDS, RELOAD_SECONDS

FETCHED_AGAIN, FETCH_COOLDOWN = 300.0, 5.0


class Wire(httpx.BaseTransport):
    """Leads to auth, counts the requests, and can be cut."""

    def __init__(self, running: Running) -> None:
        self._app = InProcess(running.web_app())
        self.requests = 0
        self.is_cut = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.is_cut:
            raise httpx.ConnectError("no route")
        return self._app.handle_request(request)


@pytest.fixture
def now() -> list[float]:
    """The time of whoever verifies."""
    return [1000.0]


@pytest.fixture
def line(running: Running) -> Wire:
    return Wire(running)


@pytest.fixture
def keys(line: Wire, now: list[float]) -> RemoteKeySet:
    url = "http://auth.test/.well-known/jwks.json"
    return RemoteKeySet(
        url, max_age=FETCHED_AGAIN, cooldown=FETCH_COOLDOWN, transport=line, clock=lambda: now[0]
    )


@pytest.fixture
def ring(running: Running) -> KeyRing:
    ring = running.dependencies.make(TokenKeys).ring
    assert ring is not None
    return ring


@pytest.fixture
def verify(keys: RemoteKeySet) -> Callable[[str], Any]:
    return TokenVerifier(keys, issuer=ISSUER, audience="todos").verify


def token_of(ring: KeyRing) -> str:
    return TokenIssuer(ring.signer, ISSUER).issue("ada", audience=["todos"])


def forged(number: int) -> str:
    return TokenIssuer(SigningKey.generate(), ISSUER).issue(f"mallory-{number}", audience=["todos"])


def test_a_thousand_unknown_key_ids_cost_one_fetch_in_a_cooldown(
    ring: KeyRing, verify: Callable[[str], Any], line: Wire, now: list[float]
) -> None:
    assert verify(token_of(ring)).subject == "ada"
    tokens = [forged(number) for number in range(1000)]

    def refused(token: str) -> bool:
        with pytest.raises(Unauthorized):
            verify(token)
        return True

    for storm in (1, 2):
        now[0] += FETCH_COOLDOWN
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(refused, tokens))
        assert line.requests == 1 + storm


def test_while_auth_is_down_the_keys_that_are_known_verify(
    ring: KeyRing, verify: Callable[[str], Any], line: Wire, now: list[float]
) -> None:
    verify(token_of(ring))
    line.is_cut = True
    for _ in range(20):
        now[0] += 3600
        assert verify(token_of(ring)).subject == "ada"
        with pytest.raises(Unauthorized):
            verify(forged(1))
    assert line.requests > 1, "it was tried again and again"


def test_a_key_that_signs_at_once_is_known_with_its_first_token(
    ring: KeyRing, verify: Callable[[str], Any], now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    verify(token_of(ring))
    kid = ring.rotate(now=True).kid
    ring._read_at -= RELOAD_SECONDS
    now[0] += FETCH_COOLDOWN
    assert ring.signer().kid == kid
    assert verify(token_of(ring)).subject == "ada"


def test_tokens_of_a_stolen_key_are_refused_as_soon_as_the_next_key_is_met(
    ring: KeyRing, verify: Callable[[str], Any], now: list[float]
) -> None:
    stolen = ring.signer()
    verify(token_of(ring))
    assert ring.retire(stolen.kid)
    ring._read_at -= max(RELOAD_SECONDS, COOLDOWN_SECONDS)
    now[0] += FETCH_COOLDOWN
    verify(token_of(ring))
    with pytest.raises(Unauthorized):
        verify(TokenIssuer(stolen, ISSUER).issue("mallory", audience=["todos"]))


def test_the_published_keys_may_be_kept_for_five_minutes_and_hold_nothing_private(running: Running) -> None:
    answer = running.web_app().test_client().get("/.well-known/jwks.json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    for key in answer.get_json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}


def test_readiness_tells_that_keys_are_there(running: Running) -> None:
    running.dependencies.make(TokenKeys).ready()
