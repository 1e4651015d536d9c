"""Fixtures of the acceptance tests: users that signed up, their clients, and patience.

Every test makes its own users and looks only at what belongs to them. So tests run in any order, side by
side, again and again, against a deployment that other people are using at the same time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Protocol, TypeVar
from uuid import uuid4

import pytest

from testaccept.deployment import Clients, User, open_clients, require_answers
from testaccept.tokens import GenuineToken

T = TypeVar("T")


class SignUp(Protocol):
    """What the fixture `sign_up` is: makes a new user, logged in."""

    def __call__(self, name: str = "Ada") -> User: ...


class Eventually(Protocol):
    """What the fixture `eventually` is: calls `check` until its assertions hold, returns what it returned."""

    def __call__(self, check: Callable[[], T], *, seconds: float = 60) -> T: ...


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "operator: needs TESTACCEPT_TOKEN_COMMAND, a command that signs tokens with the deployment's key",
    )


def new_email() -> str:
    """An address nobody has; example.com receives no mail (RFC 2606)."""
    # uuid4 reads the operating system's randomness: pytest-randomly seeds `random` alike for every test.
    return f"testaccept-{uuid4().hex}@example.com"


@pytest.fixture
def email() -> str:
    """An address that has not signed up."""
    return new_email()


@pytest.fixture(scope="session")
def anyone() -> Iterator[Clients]:
    """Clients that send no token."""
    with ExitStack() as stack:
        clients = open_clients(stack)
        require_answers(clients)
        yield clients


def _sign_up(stack: ExitStack, anyone: Clients, name: str) -> User:
    email, password = new_email(), f"correct horse {uuid4().hex}"
    signed_up = anyone.auth.post("/auth/signup", json={"email": email, "password": password, "name": name})
    assert signed_up.status_code == 201, signed_up.text
    logged_in = anyone.auth.post("/auth/login", json={"email": email, "password": password})
    assert logged_in.status_code == 200, logged_in.text
    token = logged_in.json()["access_token"]
    clients = open_clients(stack, token)
    return User(
        auth=clients.auth,
        profiles=clients.profiles,
        todos=clients.todos,
        user_id=signed_up.json()["user_id"],
        email=email,
        password=password,
        name=name,
        token=token,
    )


@pytest.fixture
def sign_up(anyone: Clients) -> Iterator[SignUp]:
    """Make as many users as the test needs; their clients are closed after it."""
    with ExitStack() as stack:
        yield lambda name="Ada": _sign_up(stack, anyone, name)


@pytest.fixture
def user(sign_up: SignUp) -> User:
    """The test's own user."""
    return sign_up("Ada")


@pytest.fixture
def other_user(sign_up: SignUp) -> User:
    """Somebody else, who must not see what belongs to `user`."""
    return sign_up("Grace")


@pytest.fixture(scope="session")
def visitor(anyone: Clients) -> Iterator[User]:
    """A user for tests in which nothing is ever stored or found: they are refused, or read what is public.

    The one thing that tests share. There are hundreds of them, and to sign up for each would only keep the
    services busy hashing passwords.
    """
    with ExitStack() as stack:
        yield _sign_up(stack, anyone, "Mallory")


@pytest.fixture(scope="session")
def genuine(visitor: User) -> GenuineToken:
    """The visitor's token, for forging others from it."""
    return GenuineToken.of(visitor.token, visitor.auth.get("/.well-known/jwks.json").json()["keys"])


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Wait for what a worker does: the one place that polls."""

    def poll(check: Callable[[], T], *, seconds: float = 60) -> T:
        deadline = time.monotonic() + seconds
        pause = 0.05
        while True:
            try:
                return check()
            except AssertionError:
                if time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.5, 1)

    return poll
