"""Somebody who is logged in, and a clock that tests set."""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import RevokedTokens
from services.auth.sessions.sessions import Sessions
from services.auth.tests.sessions.looking import JSON


class Clock:
    """The time, as sessions see it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def go(self, **how_far: float) -> None:
        self.ahead += timedelta(**how_far).total_seconds()


@pytest.fixture(autouse=True)
def uncached(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the list of revocations read for each request."""
    monkeypatch.setattr(running.dependencies.make(RevokedTokens), "_cached", 0)


@pytest.fixture
def clock(running: Running, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(running.dependencies.make(Sessions), "_clock", clock)
    return clock


@pytest.fixture
def email(sign_up: Callable[..., Any]) -> str:
    """The e-mail of an account."""
    email = f"{uuid.uuid4().hex}@example.com"
    assert sign_up(email).status_code == 201
    return email


@pytest.fixture
def begin(log_in: Callable[..., Any], email: str) -> Callable[[], JSON]:
    """Log in, and return the tokens."""
    return lambda: dict(log_in(email).get_json())


@pytest.fixture
def tokens(begin: Callable[[], JSON]) -> JSON:
    """The tokens of a session that has just begun."""
    return begin()


@pytest.fixture
def refresh(client: FlaskClient) -> Callable[[str], Any]:
    """Send a refresh token, and return the answer."""
    return lambda token: client.post("/auth/refresh", json={"refresh_token": token})


@pytest.fixture
def bearer_of() -> Callable[[JSON], dict[str, str]]:
    """Make the headers of a request with an access token."""
    return lambda tokens: {"Authorization": f"Bearer {tokens['access_token']}"}


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the index show nothing yet."""
    with monkeypatch.context() as patch:
        patch.setattr(Session.by_user, "query", lambda *args, **kwargs: iter(()))
        yield
