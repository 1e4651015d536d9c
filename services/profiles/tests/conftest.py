"""The profiles service, put together on tables of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from libs.service.testing import bearer, environment, running_service
from services.profiles.service import service


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with running_service(service, environment("profiles")) as started:
        yield started


@pytest.fixture
def client(running: Running) -> FlaskClient:
    return running.web_app().test_client()


@pytest.fixture
def create(client: FlaskClient) -> Callable[..., Any]:
    """Create a profile as the auth service does it, and return the answer."""
    headers = bearer("service:auth", audience="profiles", scopes=("profiles:create",))
    return lambda **profile: client.post("/profiles", json=profile, headers=headers)
