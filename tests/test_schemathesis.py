"""Schemathesis finds nothing: what each service does is what its document says.

It makes up requests to every operation of the served document, alone and one after the other, and checks the
answers: no fault of ours, no status, header, media type or body that is not declared, valid data taken and
invalid data refused, tokens looked at, no row seen after it is deleted. What it has to be told of our
documents is in schemathesis.toml and schemathesis_hooks.py.

It has one token for all of a run, and some operations end tokens, or accounts: `Asking` makes it good again.
An operation that is never answered with success is one of which little is proved: `NEVER` names them all.

``FUZZ=1000`` looks longer, and at other requests each time.
"""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from flask import Flask, Response, request
from pynamodb.exceptions import PutError
from werkzeug.serving import make_server

from libs.api import models
from libs.jwt import TokenIssuer
from libs.jwt.issuer import FIRST_PARTY
from libs.service import Running, Service
from libs.service.testing import ROOT, bearer, running_service
from libs.service.web import exchange_of
from libs.tasks import Operation
from libs.tasks.following.events import EventStreams
from services.auth.accounts import Email, Passwords, User
from services.auth.clients import create
from services.auth.sessions.models import Session
from services.auth.tokens import USERINFO
from services.todos.models import Export, Todo
from tests.known import (
    BACK,
    CLIENT,
    KNOWN,
    OTHER,
    PARKED,
    PASSWORD,
    SECRET_OF_CLIENT,
    USER,
    WAITING,
    address_of,
)
from tests.services import SERVICES, environment_of

EXAMPLES = os.environ.get("FUZZ")
FEW = "10"
ENDS = {
    *("change_password", "delete_me", "delete_user", "disable_user", "set_roles"),
    *("end_session", "end_sessions", "log_out", "delete_todo", "erase_todos"),
    *("cancel_operation", "cancel_any_operation", "discard_operation", "replay_operation"),
}
"""What changes, or deletes, what others need."""
NEVER = {
    # A refresh token is good once, and so is what was mailed.
    "auth": {
        *("refresh", "browser_refresh", "verify_email", "verify_email_by_form"),
        *("reset_password", "reset_password_by_form"),
    },
    "profiles": {"delete_profile"},  # for other services
    "todos": set[str](),
}
"""Operations that do nothing but refuse here, beside the files of /docs: their names have hashes."""


def make_known(running: Running, environ: dict[str, str]) -> None:
    """Store what is there before the first request; schemathesis_hooks.py knows of it.

    :param environ: of Schemathesis; it is told a secret.
    """
    name, now = running.service.name, datetime.now(UTC)
    if name == "profiles":
        profile = models.profiles.Profile
        profile(profile_id=USER, name="Ada", bio="", created_at=now, updated_at=now).create()
    if name == "auth":
        grants, scopes = ["client_credentials", "authorization_code"], ["todos:read"]
        options = {"grants": grants, "scopes": scopes, "audiences": ["todos"], "redirect_uris": [BACK]}
        environ[SECRET_OF_CLIENT] = create(CLIENT, "The shop", **options)
    make_again(running)


def make_again(running: Running) -> None:
    """Have be there what was there before the first request."""
    if running.tasks is not None:
        told = {"task": running.service.tasks[0].name, "arguments": {}, "owner": USER, "request_id": "known"}
        problem = {"title": "Bad", "status": 500, "code": "TASK_FAILED"}
        Operation(WAITING, **told).save()
        Operation(PARKED, status="failed", pending="parked", problem=problem, **told).save()
    if running.service.name == "todos":
        with suppress(PutError):  # it is there, maybe changed
            Todo(USER, KNOWN, title="Water the plants").save()
        Export(KNOWN, owner=USER, text_id=KNOWN, parts=0).save()
    if running.service.name != "auth":
        return
    now = datetime.now(UTC)
    begun = {"client_id": FIRST_PARTY, "authenticated_at": now, "expires_at": now + timedelta(days=1)}
    Session(KNOWN, user_id=USER, audience={"auth"}, family=b"-", refresh_hash="-", **begun).save()
    for user in (USER, OTHER):
        known = {"email": address_of(user), "email_verified_at": now}
        Email(address_of(user), user_id=user).save()
        User(user, password_hash=known_hash(), **known).save()


@cache
def known_hash() -> str:
    """Return the hash of the password."""
    return Passwords().hash(PASSWORD)


def token(name: str) -> dict[str, str]:
    """Return the header of a token of ada's, who may do anything."""
    return bearer(
        USER, audience=name, scopes=("profiles:create", "todos:delete-all", "users:admin", "tasks:admin")
    )


class Asking:
    """Whoever asks: the token that Schemathesis was given is replaced by one that was made this moment.

    :ivar answered: how often an operation was answered with a status.
    """

    def __init__(self, app: Flask, running: Running) -> None:
        self.answered: Counter[tuple[str, int]] = Counter()
        self.given = token(running.service.name)["Authorization"]
        self._running = running
        self._inner = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]
        app.after_request(self._note)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ.get("HTTP_AUTHORIZATION") == self.given:
            environ["HTTP_AUTHORIZATION"] = self._authorization(environ["PATH_INFO"])
            if environ["PATH_INFO"] == "/auth/token":  # a client says in the form who it is
                del environ["HTTP_AUTHORIZATION"]
        return self._inner(environ, start_response)

    def _authorization(self, path: str) -> str:
        if path == "/auth/userinfo":  # for the tokens of clients alone
            issuer = self._running.dependencies.make(TokenIssuer)
            given = issuer.issue(USER, audience=[USERINFO], scopes=["openid", "email"], client_id=CLIENT)
            return f"Bearer {given}"
        return token(self._running.service.name)["Authorization"]

    def _note(self, answer: Response) -> Response:
        operation = exchange_of(request).operation
        if operation is not None:
            self.answered[operation.operation_id, answer.status_code] += 1
            if operation.operation_id in ENDS and answer.status_code < 300:
                make_again(self._running)
        return answer

    def never(self) -> set[str]:
        """Return the operations that were never answered with success."""
        done = {operation for operation, status in self.answered if status < 400}
        return {operation for operation, _ in self.answered} - done - {"get_docs_file"}


@contextmanager
def served(name: str, environ: dict[str, str]) -> Iterator[tuple[str, Asking]]:
    """Serve a service for the length of a with-block; at the address given, for whoever asks."""
    with running_service(Service.named(name), {**environment_of(name), "APP_RATE_LIMITS": "off"}) as running:
        running.streams = EventStreams(seconds=0.1)
        app = running.web_app()
        asking = Asking(app, running)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        make_known(running, environ)
        try:
            yield f"http://127.0.0.1:{server.port}", asking
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.mark.fuzz
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_does_what_its_document_says(name: str) -> None:
    repeatable = [] if EXAMPLES else ["--seed", "1"]
    environ = dict(os.environ)
    with served(name, environ) as (url, asking):
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/schemathesis.toml"),
                *("run", f"{url}/openapi.json", "--header", f"Authorization: {asking.given}"),
                *("--max-examples", EXAMPLES or FEW, *repeatable),
            ],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
        )
    assert found.returncode == 0, found.stdout + found.stderr
    if not EXAMPLES:  # of other requests it is chance which are answered with success
        assert asking.never() <= NEVER.get(name, asking.never())
