"""The auth service on tables of its own, calling a real profiles service inside this process."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from libs.api import InProcess
from libs.jwt import FixedKeySet, KeySet
from libs.service import Running, Service
from libs.service.testing import KEY, SECRET, environment, running_service
from services.auth.accounts import Passwords, parts
from services.auth.service import service

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def mail_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where mails are written."""
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="module")
def environ(mail_folder: Path) -> dict[str, str]:
    return environment(
        "auth",
        key_secret=SECRET,
        email_verification="optional",
        account_tries="100",
        address_tries="100000",
        sign_up_tries="100000",
        public_url="https://accounts.test",
        mail_folder=str(mail_folder),
        profiles_url="http://profiles.test",
        todos_url="http://todos.test",
    )


class LaterKeys:
    """The keys of a service that is started later."""

    def __init__(self) -> None:
        self.keys: KeySet = FixedKeySet([KEY.jwk])

    def find(self, kid: str) -> jwt.PyJWK | None:
        return self.keys.find(kid)


@pytest.fixture(scope="module")
def profiles() -> Iterator[Running]:
    declared = Service.named("profiles")
    with running_service(declared, environment("profiles")) as started:
        started.keys = LaterKeys()
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


def quick_passwords(**parameters: int) -> Passwords:
    """Make what hashes by argon2id at its least cost, in no time; `parameters` are checked as ever."""
    made = Passwords(**parameters)
    made._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    made._nobodys_hash = made._hasher.hash("nobody's")
    return made


@pytest.fixture(scope="module")
def hashing() -> Iterator[None]:
    """Have services hash at the least cost; a module that is about the hashes has one of its own instead."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "Passwords", quick_passwords)
        yield


@pytest.fixture(scope="module")
def running(environ: dict[str, str], wire: Wire, profiles: Running, hashing: None) -> Iterator[Running]:
    with running_service(service, environ, calls={"profiles": wire}) as started:
        profiles.keys.keys = started.keys  # type: ignore[attr-defined]
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
