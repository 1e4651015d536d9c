"""Clients that are registered, and how they ask."""

import uuid
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.auth.clients import create
from services.auth.tests.oauth.asking import BACK, CHALLENGE, PASSWORD, VERIFIER, Query, Register, told


@pytest.fixture
def register() -> Callable[..., tuple[str, str | None]]:
    """Register a client, and return its id and secret."""

    def registered(**options: Any) -> tuple[str, str | None]:
        client_id = f"client-{uuid.uuid4().hex}"
        given = {
            "grants": ["client_credentials"],
            "scopes": ["todos:read", "todos:write"],
            "audiences": ["todos", "profiles"],
            **options,
        }
        return client_id, create(client_id, "A client", **given)

    return registered


@pytest.fixture
def ask(client: FlaskClient) -> Callable[..., Any]:
    """Send a form to the token endpoint, and return the answer."""

    def asked(basic: tuple[str, str | None] | None = None, **form: str) -> Any:
        headers = {}
        if basic is not None:
            encoded = b64encode(f"{basic[0]}:{basic[1]}".encode()).decode()
            headers["Authorization"] = f"Basic {encoded}"
        return client.post("/auth/token", data=form, headers=headers)

    return asked


@pytest.fixture
def app(register: Register) -> tuple[str, str | None]:
    """A client that has users log in."""
    return register(grants=["authorization_code", "refresh_token"], redirect_uris=[BACK], audiences=["todos"])


@pytest.fixture
def query(app: tuple[str, str | None]) -> Query:
    """A good authorization request."""
    return {
        "response_type": "code",
        "client_id": app[0],
        "redirect_uri": BACK,
        "scope": "openid email",
        "state": 'x"&<y>=é',
        "nonce": "n-0S6",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


@pytest.fixture
def user(sign_up: Callable[..., Any]) -> dict[str, str]:
    return dict(sign_up(f"{uuid.uuid4().hex}@example.com").get_json())


@pytest.fixture
def log_in_for(client: FlaskClient, user: dict[str, str]) -> Callable[..., Any]:
    """Send the form of the page."""

    def sent(query: Query, password: str = PASSWORD) -> Any:
        form = {"email": user["email"], "password": password}
        return client.post("/auth/authorize", query_string=query, data=form)

    return sent


@pytest.fixture
def code(log_in_for: Callable[..., Any], query: Query) -> str:
    """A code that the client was given."""
    return told(log_in_for(query))["code"]


@pytest.fixture
def exchange(ask: Callable[..., Any], app: tuple[str, str | None]) -> Callable[..., Any]:
    """Send a code to the token endpoint."""

    def sent(code: str, **changes: str) -> Any:
        form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
        return ask(app, **{**form, "code": code, **changes})

    return sent
