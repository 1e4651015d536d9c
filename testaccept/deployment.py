"""Which deployment is under test, and how to talk to it: nothing but URLs and HTTP clients."""

import os
import shlex
import ssl
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

import httpx
import pytest

SERVICES = ("auth", "profiles", "todos")

DEFAULT_URLS = {
    "auth": "http://127.0.0.1:8101",
    "profiles": "http://127.0.0.1:8102",
    "todos": "http://127.0.0.1:8103",
}


@dataclass(frozen=True)
class Clients:
    """One HTTP client for each service, all speaking for the same caller."""

    auth: httpx.Client
    profiles: httpx.Client
    todos: httpx.Client

    def of(self, service: str) -> httpx.Client:
        """The client of the service called `service`; for tests that go through all of them."""
        return {"auth": self.auth, "profiles": self.profiles, "todos": self.todos}[service]


@dataclass(frozen=True)
class User(Clients):
    """Somebody who signed up for one test and is logged in: the clients send their access token."""

    user_id: str
    email: str
    password: str
    name: str
    token: str


def service_url(service: str) -> str:
    """The base URL of a service: AUTH_URL, PROFILES_URL or TODOS_URL, else the ports of `make up`."""
    return os.environ.get(f"{service.upper()}_URL", "").rstrip("/") or DEFAULT_URLS[service]


@cache
def _trusted_certificates() -> ssl.SSLContext:
    # Reading the certificate store takes longer than most tests here, so it is read once.
    return ssl.create_default_context()


def open_clients(stack: ExitStack, token: str | None = None) -> Clients:
    """Clients of all three services, closed with `stack`; with a token they send it as Bearer."""

    def client(service: str) -> httpx.Client:
        return stack.enter_context(
            httpx.Client(
                base_url=service_url(service),
                headers={} if token is None else {"Authorization": f"Bearer {token}"},
                timeout=httpx.Timeout(20, connect=5),
                verify=_trusted_certificates(),
            )
        )

    return Clients(auth=client("auth"), profiles=client("profiles"), todos=client("todos"))


def require_answers(clients: Clients) -> None:
    """Fail with one plain sentence where a service cannot be reached at all."""
    for service in SERVICES:
        try:
            clients.of(service).get("/ping")
        except httpx.TransportError as error:
            pytest.fail(
                f"Nothing answers at {service_url(service)} ({error}): start the services with `make up`, "
                f"or set {service.upper()}_URL to where {service} is.",
                pytrace=False,
            )


@cache
def mint_token(*arguments: str) -> str:
    """A token signed by the deployment's own key, made by the operator's command with these arguments.

    Only who runs the deployment can sign tokens that are expired or meant for somebody else, so tests
    that use this carry the marker `operator`. Tokens are kept: starting the command takes a second.
    """
    command = os.environ.get("TESTACCEPT_TOKEN_COMMAND", "")
    if not command:
        pytest.fail(
            "This test needs a token signed by the deployment: set TESTACCEPT_TOKEN_COMMAND to a command "
            "that prints one, such as 'python -m services.auth.token' run with auth's settings, "
            "or leave such tests out with -m 'not operator'.",
            pytrace=False,
        )
    done = subprocess.run(  # noqa: S603 -- the command is the operator's own setting
        [*shlex.split(command), *arguments], capture_output=True, text=True, timeout=180, check=False
    )
    if done.returncode != 0 or not done.stdout.strip():
        pytest.fail(
            f"TESTACCEPT_TOKEN_COMMAND {' '.join(arguments)} exited with {done.returncode} and printed "
            f"{'a' if done.stdout.strip() else 'no'} token: {done.stderr.strip()[-500:]}",
            pytrace=False,
        )
    return done.stdout.strip()
