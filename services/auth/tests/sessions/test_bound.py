"""How long the access tokens of a session that has ended are still taken: 2 seconds by auth, 12 by others."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from libs.api import InProcess
from libs.errors import Unauthorized
from libs.jwt import RemoteRevocations, TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER, eventually
from services.auth.sessions.revocations import CACHED_SECONDS, RevokedTokens

FETCHED_AGAIN = 10.0


class Line(httpx.BaseTransport):
    """Leads to auth, and can be cut."""

    def __init__(self, running: Running) -> None:
        self._app = InProcess(running.web_app())
        self.is_cut = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_cut:
            raise httpx.ConnectError("no route")
        return self._app.handle_request(request)


@pytest.fixture
def now(running: Running, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, for auth's list and for the copy of another service."""
    now = [1000.0]
    revoked = running.dependencies.make(RevokedTokens)
    monkeypatch.setattr(revoked, "_cached", CACHED_SECONDS)
    monkeypatch.setattr(revoked, "_clock", lambda: now[0])
    monkeypatch.setattr(revoked, "_read_at", float("-inf"))
    return now


@pytest.fixture
def line(running: Running) -> Line:
    return Line(running)


@pytest.fixture
def is_taken(running: Running, line: Line, now: list[float], tokens: dict[str, Any]) -> Callable[[], bool]:
    """Tell whether another service takes the token, and wait for the list if it fetches that again."""
    url = f"{ISSUER}/.well-known/revoked.json"
    revoked = RemoteRevocations(url, max_age=FETCHED_AGAIN, cooldown=2, transport=line, clock=lambda: now[0])
    verify = TokenVerifier(running.keys, issuer=ISSUER, audience="todos", revocations=revoked).verify

    def asked() -> bool:
        try:
            verify(tokens["access_token"])
            taken = True
        except Unauthorized as refused:
            taken = refused.code != "TOKEN_REVOKED"
        eventually(lambda: revoked._fetched._fetching is None)  # it may fetch the list beside the request
        return taken

    return asked


def test_auth_itself_refuses_them_after_two_seconds(
    client: FlaskClient,
    tokens: dict[str, Any],
    bearer_of: Callable[[Any], dict[str, str]],
    now: list[float],
) -> None:
    headers = bearer_of(tokens)
    assert client.get("/auth/version", headers=headers).status_code == 200
    assert client.post("/auth/logout", headers=headers).status_code == 204
    now[0] += CACHED_SECONDS
    assert client.get("/auth/version", headers=headers).status_code == 401


def test_another_service_refuses_them_within_twelve_seconds(
    client: FlaskClient, tokens: dict[str, Any], is_taken: Callable[[], bool], now: list[float]
) -> None:
    assert is_taken()
    client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    taken = []
    for _ in range(13):
        now[0] += 1
        taken.append(is_taken())
    assert taken[-1] is False
    assert taken == sorted(taken, reverse=True), "once refused, never taken again"


def test_while_auth_is_down_what_is_known_to_be_over_stays_over(
    client: FlaskClient, tokens: dict[str, Any], is_taken: Callable[[], bool], now: list[float], line: Line
) -> None:
    client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    assert not is_taken()
    line.is_cut = True
    for _ in range(3):
        now[0] += 60
        assert not is_taken()
