"""A task that calls another service for the user who started it, against the real auth and profiles."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient

from libs.api import Clients, InProcess
from libs.errors import TooManyRequests, Unauthorized, request_id_scope, trace_scope
from libs.jwt import Caller, ServiceAccount, TokenVerifier, acting_as, verifier
from libs.jwt.compact import read_token
from libs.service import Running, Service
from libs.service.testing import ISSUER, ISSUES, bearer, environment, running_service
from libs.tasks import Operation, asynctask
from services.auth.accounts import User
from services.auth.clients import create, delete
from services.auth.tests.conftest import Wire
from services.auth.throttle import Throttle, Window

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OLD = 3600


@asynctask(attempts=3, retry_seconds=0.01)
def read_profile(clients: Clients) -> str:
    """Read the profile of whoever started it."""
    return str(clients.profiles.get_profile(profile_id="me").profile_id)


@asynctask(attempts=3, retry_seconds=0.01)
def pass_on() -> str:
    """Have another task read it."""
    return str(read_profile().id)


class Todos:
    """A service with tasks, and what it sends.

    :param secret: that of its account with auth.
    :ivar asked: how often it has asked auth for a token.
    :ivar auth_is_away: whether auth does not answer.
    """

    def __init__(self, running: Running, wire: Wire, secret: str) -> None:
        self.running = running
        self.wire = wire
        self.secret = secret
        self.asked = 0
        self.auth_is_away = False

    def start(self, task: Callable[[], Any], token: str | Caller) -> str:
        """Call a task as a request with that token does, and return the id of its operation."""
        assert self.running.tasks is not None
        caller = self.running.identity.authenticate(token) if isinstance(token, str) else token
        with (
            self.running.tasks.active(),
            request_id_scope("request-of-the-user"),
            trace_scope(PARENT),
            acting_as(caller),
        ):
            return str(task().id)

    def work(self, operation_id: str) -> Operation:
        """Try an operation once, and return its row."""
        assert self.running.tasks is not None
        self.running.tasks.run(operation_id)
        return Operation.get(operation_id, consistent_read=True)

    def sent(self) -> list[dict[str, Any]]:
        """Return the claims of the tokens that profiles was sent."""
        tokens = [one.headers["Authorization"].removeprefix("Bearer ") for one in self.wire.requests]
        return [read_token(one).claims for one in tokens]


@pytest.fixture
def token(client: FlaskClient, profiles: Running, user: dict[str, str], log_in: Callable[..., Any]) -> str:
    """A token of a user who has a profile."""
    maker = bearer("service:auth", audience="profiles", scopes=["profiles:create"])
    made = (
        profiles.web_app()
        .test_client()
        .post("/profiles", json={"profile_id": user["user_id"], "name": "Ada"}, headers=maker)
    )
    assert made.status_code == 201
    return str(log_in(user["email"]).get_json()["access_token"])


@pytest.fixture
def todos(running: Running, profiles: Running, token: str) -> Iterator[Todos]:
    """It has the right to act for users."""
    secret = create("todos", "Todos", grants=[], acts_for_users=True, audiences=["profiles"])
    with started(running, profiles, str(secret)) as one:
        yield one


@contextmanager
def started(running: Running, profiles: Running, secret: str) -> Iterator[Todos]:
    made: list[Todos] = []

    class Auth(httpx.BaseTransport):
        _app = InProcess(running.web_app())

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            made[0].asked += 1
            if made[0].auth_is_away:
                raise httpx.ConnectError("away")
            return self._app.handle_request(request)

    account = ServiceAccount("http://auth.test/auth/token", "todos", secret, transport=Auth())
    declared = Service(
        "todos", tasks=[read_profile, pass_on], calls=["profiles"], provide=lambda _: [account]
    )
    wire = Wire(profiles)
    environ = environment("todos", profiles_url="http://profiles.test")
    try:
        with running_service(declared, environ, calls={"profiles": wire}) as service:
            service.keys = running.keys
            made.append(Todos(service, wire, secret))
            yield made[0]
    finally:
        running.service.database(running.settings)  # the table of operations is auth's again


@pytest.fixture(autouse=True)
def clients_gone() -> Iterator[None]:
    yield
    delete("todos")


def test_a_task_calls_as_its_user_though_the_users_token_has_lapsed(
    todos: Todos, user: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It was good when the request came, an hour ago.
    lapsed = ISSUES.issue(
        user["user_id"], audience=["todos", "profiles"], expires_in=900, issued_at=time.time() - OLD
    )
    with monkeypatch.context() as then:
        then.setattr(verifier, "LEEWAY_SECONDS", OLD)
        caller = todos.running.identity.authenticate(lapsed)
    with pytest.raises(Unauthorized):
        _verify_anew(todos, lapsed)
    operation = todos.start(read_profile, caller)
    row = Operation.get(operation, consistent_read=True)
    assert not any(part in str(row.serialize()) for part in lapsed.split("."))
    row = todos.work(operation)
    assert (row.status, row.result) == ("succeeded", user["user_id"])
    (claims,) = todos.sent()
    assert (claims["sub"], claims["act"], claims["aud"]) == (
        user["user_id"],
        {"sub": "service:todos"},
        ["profiles"],
    )
    assert claims["exp"] > time.time()


def _verify_anew(todos: Todos, token: str) -> Caller:
    made = TokenVerifier(todos.running.keys, issuer=ISSUER, audience="todos")
    return made.verify(token)


def test_request_id_and_trace_go_from_the_request_through_its_tasks_to_the_services_called(
    todos: Todos, token: str
) -> None:
    outer = todos.work(todos.start(pass_on, token))
    inner = todos.work(outer.result)
    assert inner.status == "succeeded"
    (request,) = todos.wire.requests
    assert request.headers["X-Request-ID"] == "request-of-the-user"
    assert request.headers["traceparent"] == PARENT
    assert (inner.request_id, inner.traceparent) == (outer.request_id, outer.traceparent)
    assert (inner.owner, inner.caller) == (outer.owner, outer.caller)


def test_one_token_does_for_the_tasks_of_a_minute(todos: Todos, token: str) -> None:
    for _ in range(3):
        assert todos.work(todos.start(read_profile, token)).status == "succeeded"
    assert todos.asked == 1


def test_where_sessions_have_ended_the_task_goes_on_with_another_token(
    todos: Todos, token: str, client: FlaskClient
) -> None:
    first = todos.start(read_profile, token)
    assert todos.work(first).status == "succeeded"
    second = todos.start(read_profile, token)
    ended = client.delete("/auth/sessions", headers={"Authorization": f"Bearer {token}"})
    assert ended.status_code == 204
    todos.wire.instead.append(httpx.Response(401, json={"code": "TOKEN_REVOKED", "status": 401}))
    done = todos.work(second)
    assert (done.status, done.attempts) == ("succeeded", 1), "it need not be tried again for that"
    _, refused, taken = todos.sent()
    assert refused["jti"] != taken["jti"]
    assert todos.asked == 2


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_for_who_is_gone_nothing_is_done_and_nothing_is_tried_again(
    todos: Todos, token: str, user: dict[str, str], how: str
) -> None:
    operation = todos.start(read_profile, token)
    row = User(user["user_id"])
    row.update([User.disabled_at.set(datetime.now(UTC))]) if how == "disabled" else row.delete()
    done = todos.work(operation)
    assert (done.status, done.attempts, done.problem["code"]) == ("failed", 1, "ACCOUNT_CLOSED")
    assert todos.wire.requests == []


def test_without_the_right_a_task_calls_nobody_and_does_not_try_again(
    running: Running, profiles: Running, token: str
) -> None:
    secret = create("todos", "Todos", grants=["client_credentials"], audiences=["profiles"])
    with started(running, profiles, str(secret)) as todos:
        done = todos.work(todos.start(read_profile, token))
        assert (done.status, done.attempts, done.problem["code"]) == ("failed", 1, "MAY_NOT_ACT")
        assert todos.wire.requests == []


def test_while_auth_is_away_a_task_waits(todos: Todos, token: str, user: dict[str, str]) -> None:
    todos.auth_is_away = True
    operation = todos.start(read_profile, token)
    waiting = todos.work(operation)
    assert (waiting.status, waiting.history[-1]["code"]) == ("queued", "SERVICE_UNAVAILABLE")
    todos.auth_is_away = False
    assert todos.work(operation).result == user["user_id"]


def test_of_too_many_a_task_waits_for_as_long_as_auth_says(
    todos: Todos, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = Throttle.take

    def take(throttle: Throttle, window: Window, who: str) -> None:
        # How long a real window lasts from here on depends on the second of the minute.
        if window.name == "acting":
            raise TooManyRequests(headers={"Retry-After": "60"})
        count(throttle, window, who)

    monkeypatch.setattr(Throttle, "take", take)
    asked_at = time.time()
    waiting = todos.work(todos.start(read_profile, token))
    assert (waiting.status, waiting.history[-1]["code"]) == ("queued", "SERVICE_UNAVAILABLE")
    assert waiting.not_before >= asked_at + 55


def test_what_a_program_was_let_into_its_tasks_are_too_and_nothing_else(
    todos: Todos, user: dict[str, str]
) -> None:
    of_a_program = ISSUES.issue(user["user_id"], audience=["todos"], client_id="shop")
    done = todos.work(todos.start(read_profile, of_a_program))
    assert (done.status, done.problem["code"]) == ("failed", "NOT_FOR_THIS_SERVICE")
    assert (todos.asked, todos.wire.requests) == (0, [])


def test_nobody_is_acted_for_by_a_task_that_nobody_started(todos: Todos) -> None:
    tasks = todos.running.tasks
    assert tasks is not None
    with tasks.active(), acting_as(None):
        operation = str(read_profile().id)
    done = todos.work(operation)
    assert done.status == "queued", "the 401 of profiles"
    assert "Authorization" not in todos.wire.requests[0].headers
    assert todos.asked == 0


def test_the_secret_and_the_tokens_are_in_no_log(
    todos: Todos, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    todos.work(todos.start(read_profile, token))
    (request,) = todos.wire.requests
    assert request.headers["Authorization"].removeprefix("Bearer ") not in caplog.text
    assert todos.secret not in caplog.text
