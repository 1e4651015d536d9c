"""The auth service on tables of its own, calling a real profiles service inside this process."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from libs.api import InProcess
from libs.jwt import TokenIssuer
from libs.service import Running, Service
from libs.service.testing import ISSUER, KEY, environment, private_pem, running_service
from services.auth.passwords import Passwords
from services.auth.service import service

PASSWORD = "correct horse battery"
# Hashing is slow by design, and so is making this object.
PASSWORDS = Passwords()


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return environment("auth", jwt_private_key=private_pem(KEY), profiles_url="http://profiles.test")


@pytest.fixture(scope="module")
def profiles() -> Iterator[Running]:
    declared = Service.named("profiles")
    with running_service(declared, environment("profiles")) as started:
        yield started


class Wire(httpx.BaseTransport):
    """Leads to the profiles service, and can be told to answer something else once or more."""

    def __init__(self, profiles: Running) -> None:
        self._app = InProcess(profiles.web_app())
        self.instead: list[httpx.Response] = []
        self.after: list[httpx.Response] = []
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer `instead` of the service, or `after` it has done its work, or what it answers."""
        self.requests.append(request)
        if self.instead:
            return self.instead.pop()
        answer = self._app.handle_request(request)
        return self.after.pop() if self.after else answer


@pytest.fixture(scope="module")
def wire(profiles: Running) -> Wire:
    return Wire(profiles)


@pytest.fixture(scope="module")
def running(environ: dict[str, str], wire: Wire) -> Iterator[Running]:
    def provide(settings: Any) -> list[object]:
        return [KEY, TokenIssuer(KEY, ISSUER), PASSWORDS]

    with running_service(replace(service, provide=provide), environ, calls={"profiles": wire}) as started:
        yield started


@pytest.fixture
def client(running: Running) -> FlaskClient:
    return running.web_app().test_client()


@pytest.fixture
def sign_up(client: FlaskClient) -> Callable[..., Any]:
    """Sign up, and return the answer."""
    return lambda email, **more: client.post(
        "/auth/signup", json={"email": email, "password": PASSWORD, **more}
    )


@pytest.fixture
def log_in(client: FlaskClient) -> Callable[..., Any]:
    """Log in, and return the answer."""
    return lambda email, password=PASSWORD: client.post(
        "/auth/login", json={"email": email, "password": password}
    )
