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
    confirmed: bool
    """Whether the deployment wanted the address to be confirmed."""


def service_url(service: str) -> str:
    """The base URL of a service: AUTH_URL, PROFILES_URL or TODOS_URL, else the ports of `make up`."""
    return os.environ.get(f"{service.upper()}_URL", "").rstrip("/") or DEFAULT_URLS[service]


def connect_to(service: str) -> str | None:
    """Where connections to a service go instead of to the host of its URL: AUTH_CONNECT_TO and so on.

    As "host" or "host:port", like curl's --connect-to: the URL, Host and TLS are those of the service. So a
    deployment can be tried before its name in DNS leads to it.
    """
    return os.environ.get(f"{service.upper()}_CONNECT_TO", "") or None


class _ConnectTo(httpx.BaseTransport):
    """Sends what is for one host to another: only the connection goes there."""

    def __init__(self, address: str, inner: httpx.BaseTransport) -> None:
        host, _, port = address.partition(":")
        self._there: dict[str, str | int] = {"host": host, **({"port": int(port)} if port else {})}
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = httpx.Request(
            request.method,
            request.url.copy_with(**self._there),
            headers=request.headers,  # with the Host of the URL as it was
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return self._inner.handle_request(sent)

    def close(self) -> None:
        self._inner.close()


def open_client(service: str, headers: dict[str, str] | None = None) -> httpx.Client:
    """A client of a service, for the caller to close."""
    address, certificates = connect_to(service), _trusted_certificates()
    transport = _ConnectTo(address, httpx.HTTPTransport(verify=certificates)) if address else None
    return httpx.Client(
        base_url=service_url(service),
        headers={**_of_tests(service), **(headers or {})},
        timeout=httpx.Timeout(20, connect=5),
        verify=certificates,
        transport=transport,
    )


def _of_tests(service: str) -> dict[str, str]:
    """What has auth bear with the sign-ups of a whole run from one address: TESTACCEPT_KEY."""
    key = os.environ.get("TESTACCEPT_KEY", "")
    return {"Acceptance-Key": key} if key and service == "auth" else {}


@cache
def _trusted_certificates() -> ssl.SSLContext:
    # Reading the certificate store takes longer than most tests here, so it is read once.
    return ssl.create_default_context()


def open_clients(stack: ExitStack, token: str | None = None) -> Clients:
    """Clients of all three services, closed with `stack`; with a token they send it as Bearer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def client(service: str) -> httpx.Client:
        return stack.enter_context(open_client(service, headers))

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
