"""Keys change while requests go on, and none of them fails for it.

Two processes' worth of auth, over HTTP, give tokens; a service that fetches its keys from them takes these.
All times are the real ones by hundreds shorter, in the same order.
"""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import httpx
import jwt
import pytest
from werkzeug.serving import make_server

from libs.jwt import RemoteKeySet
from libs.service import Running, Service
from libs.service.testing import SECRET, environment, eventually, running_service
from services.auth.keys import KeyRing, TokenKeys
from services.auth.service import service

LEAD, KEPT, RELOAD, MAX_AGE, COOLDOWN = 1.5, 5.0, 0.2, 0.3, 5.0
THREADS, ROTATIONS, PASSWORD = 6, 3, "correct horse battery"


def ring() -> KeyRing:
    return KeyRing(SECRET, lead=LEAD, kept=KEPT, reload=RELOAD, cooldown=0.05)


@contextmanager
def served(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Load:
    """Somebody who renews a session, and calls with each token, until told to stop."""

    auths: list[str]
    profiles: str
    stop: threading.Event
    refused: list[str] = field(default_factory=list)
    signed_by: set[str] = field(default_factory=set)
    requests: int = 0

    def run(self) -> None:
        auth, limits = cycle(self.auths), httpx.Timeout(20)
        with httpx.Client(trust_env=False, timeout=limits) as client:
            account = {"email": f"{uuid.uuid4().hex}@example.com", "password": PASSWORD}
            self._good(client.post(f"{next(auth)}/auth/signup", json=account))
            tokens = self._good(client.post(f"{next(auth)}/auth/login", json=account))
            while not self.stop.is_set() and not self.refused:
                self.signed_by.add(jwt.get_unverified_header(tokens["access_token"])["kid"])
                bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
                for url in (self.profiles, *self.auths):
                    self._good(client.get(f"{url}/auth/version", headers=bearer))
                body = {"refresh_token": tokens["refresh_token"]}
                tokens = self._good(client.post(f"{next(auth)}/auth/refresh", json=body))

    def _good(self, answer: httpx.Response) -> Any:
        self.requests += 1
        if answer.status_code >= 400:
            self.refused.append(f"{answer.request.url}: {answer.status_code} {answer.text}")
        return answer.json()


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> Iterator[tuple[list[str], str]]:
    """The addresses of two processes of auth, which share their tables, and of profiles."""
    monkeypatch.setattr(TokenKeys, "of", classmethod(lambda cls, settings: cls(ring())))
    with ExitStack() as stack:
        first: Running = stack.enter_context(running_service(service, environ))
        second = service.start(service.load_settings(environ))
        auths = [stack.enter_context(served(one.web_app())) for one in (first, second)]
        profiles = stack.enter_context(running_service(Service.named("profiles"), environment("profiles")))
        keys = f"{auths[1]}/.well-known/jwks.json"
        profiles.keys = RemoteKeySet(keys, max_age=MAX_AGE, cooldown=COOLDOWN / 25, timeout=10)
        yield auths, stack.enter_context(served(profiles.web_app()))


def test_no_request_fails_while_keys_are_rotated(
    urls: tuple[list[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    auths, profiles = urls
    stop, operator = threading.Event(), ring()
    first = operator.signer().kid
    loads = [Load(auths, profiles, stop) for _ in range(THREADS)]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()

    def signs(kid: str) -> Callable[[], bool]:
        return lambda: all(kid in load.signed_by for load in loads) or any(load.refused for load in loads)

    try:
        eventually(signs(first))
        for _ in range(ROTATIONS):
            eventually(signs(operator.rotate().kid))
        eventually(lambda: first not in published(auths) or any(load.refused for load in loads))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert [one for load in loads for one in load.refused] == []
    assert all(len(load.signed_by) == ROTATIONS + 1 for load in loads)
    assert sum(load.requests for load in loads) > 200
    assert first not in published(auths)


def published(auths: list[str]) -> list[str]:
    answers = [httpx.get(f"{auth}/.well-known/jwks.json", trust_env=False, timeout=20) for auth in auths]
    return [key["kid"] for answer in answers for key in answer.json()["keys"]]
