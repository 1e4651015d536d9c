"""Clients that are registered, and how they ask."""

import uuid
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.auth.clients import create


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
