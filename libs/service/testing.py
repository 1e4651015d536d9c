"""Starting services inside a test, against the real databases of the test run.

The root conftest.py starts DynamoDB Local and a Redis-compatible server and puts their addresses into the
environment; here a service is put together on tables of its own.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

import httpx
import jwt

from libs.api import InProcess
from libs.jwt import FixedKeySet, KeySet, SigningKey, TokenIssuer
from libs.service.running import Running
from libs.service.service import Service

ROOT = Path(__file__).parents[2]
ISSUER = "http://auth.test"
KEY = SigningKey.generate()
ISSUES = TokenIssuer(KEY, ISSUER)
"""Signs tokens that services started here accept."""
LIFE_SECONDS = 12 * 3600
"""How long tokens for tests are good: modules make some when they are collected, and a run takes its time."""
SECRET = secrets.token_urlsafe(48)
"""Good for every setting that wants a secret."""


class _Also:
    """The keys that a service brings, and `KEY`."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys
        self._own = FixedKeySet([KEY.jwk])

    def find(self, kid: str) -> jwt.PyJWK | None:
        return self._own.find(kid) or self._keys.find(kid)


def environment(service: str, **settings: str) -> dict[str, str]:
    """Return the environment a service runs with in tests; each has tables and Redis keys of its own.

    :param settings: settings beside or instead of the usual ones, by lower-case name without ``APP_``.
    """
    environ = {
        "service": service,
        "environment": "test",
        "dynamodb_region": "eu-west-1",
        "dynamodb_endpoint": os.environ["TEST_DYNAMODB_ENDPOINT"],
        "table_prefix": f"test-{uuid.uuid4().hex}-",
        "redis_url": os.environ["TEST_REDIS_URL"],
        "jwt_issuer": ISSUER,
        "jwks_url": "http://127.0.0.1:1/",
        **settings,
    }
    return {f"APP_{name.upper()}": value for name, value in environ.items()}


@contextmanager
def running_service(
    service: Service,
    environ: Mapping[str, str],
    *,
    calls: Mapping[str, Running | httpx.BaseTransport] | None = None,
) -> Iterator[Running]:
    """Put `service` together with tables for the length of a with-block.

    Tokens are verified against `KEY`, and against the keys that the service brings, if it does.

    :param calls: the services it calls, put together as well, to be called in this process; or another way to
        them. The addresses in `environ` are only names then.
    """
    settings = service.load_settings(environ)
    database = service.database(settings)
    database.create_tables()
    try:
        transports = {
            api: InProcess(to.web_app()) if isinstance(to, Running) else to
            for api, to in (calls or {}).items()
        }
        running = service.start(settings, transports)
        running.keys = FixedKeySet([KEY.jwk]) if service.keys is None else _Also(running.keys)
        yield running
    finally:
        database.bind()  # its own connection is as it was, whatever a test has done to the service's
        database.delete_tables()


def bearer(subject: str, *, audience: str | Sequence[str], scopes: Sequence[str] = ()) -> dict[str, str]:
    """Return the headers of a request that `subject` sends.

    :param audience: the service it goes to, and those that this one calls for the caller.
    """
    services = [audience] if isinstance(audience, str) else audience
    token = ISSUES.issue(subject, audience=services, scopes=scopes, expires_in=LIFE_SECONDS)
    return {"Authorization": f"Bearer {token}"}


T = TypeVar("T")


def eventually(found: Callable[[], T], *, seconds: float = 20.0, every: float = 0.02) -> T:
    """Return the first true answer of `found`, which is asked again and again.

    :param every: seconds between two questions; more where asking is work, for us or for the database.
    :raises TimeoutError: if there is none within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no true answer in {seconds} seconds; the last was {answer!r}")
        time.sleep(every)
    return answer


@contextmanager
def python_process(
    *arguments: str, environ: Mapping[str, str], output: IO[bytes] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``python <arguments>`` for the length of a with-block; then all of its process group is killed.

    :param environ: settings; of our own environment only what does not start with ``APP_`` is passed on.
    :param output: where its output and errors go; by default to ours.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    process = subprocess.Popen(  # noqa: S603 - a test says what is run
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**inherited, **environ},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children, as a machine that loses its power would."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
