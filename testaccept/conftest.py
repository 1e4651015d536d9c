"""Fixtures of the acceptance tests: users that signed up, their clients, and patience.

Every test makes its own users and looks only at what belongs to them. So tests run in any order, side by
side, again and again, against a deployment that other people are using at the same time.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Protocol, TypeVar
from uuid import uuid4

import pytest

from testaccept import accounts, patience
from testaccept.accounts import new_email
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
    confirmed = accounts.sign_up(anyone.auth, email, password, name=name)
    tokens = accounts.log_in(anyone.auth, email, password)
    clients = open_clients(stack, tokens["access_token"])
    return User(
        auth=clients.auth,
        profiles=clients.profiles,
        todos=clients.todos,
        user_id=tokens["user_id"],
        email=email,
        password=password,
        name=name,
        token=tokens["access_token"],
        confirmed=confirmed,
    )


@pytest.fixture
def sign_up(anyone: Clients, visitor: User) -> Iterator[SignUp]:
    """Make as many users as the test needs; their clients are closed after it.

    Where the visitor could not sign up, nobody else tries: a deployment that mails would do so in vain.
    """
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
def confirming(visitor: User) -> bool:
    """Whether the deployment wants addresses to be confirmed, and so tells nobody who has an account."""
    return visitor.confirmed


@pytest.fixture(scope="session")
def genuine(visitor: User) -> GenuineToken:
    """The visitor's token, for forging others from it."""
    return GenuineToken.of(visitor.token, visitor.auth.get("/.well-known/jwks.json").json()["keys"])


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Wait for what a worker does."""
    return patience.eventually
