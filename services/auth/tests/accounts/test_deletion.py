"""Deleting an account, with what real profiles and todos services hold of its owner."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from libs.api import InProcess
from libs.service import Running, Service
from libs.service.testing import bearer, environment, running_service
from libs.tasks import Operation
from services.auth.accounts import Email, User, deletion
from services.auth.service import service
from services.auth.sessions.models import Session
from services.auth.tests.conftest import LaterKeys

PASSWORD = "correct horse battery"
Post = Callable[..., Any]
Work = Callable[[], list[str]]


@pytest.fixture(scope="module")
def todos() -> Iterator[Running]:
    declared = Service.named("todos")
    settings = environment("todos", cursor_secret="only-for-tests-and-32-characters-long")
    with running_service(declared, settings) as started:
        started.keys = LaterKeys()
        yield started


class Todos(httpx.BaseTransport):
    """Leads to the todos service, or says that it is away."""

    def __init__(self, todos: Running) -> None:
        self._app = InProcess(todos.web_app())
        self.away = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            self.away -= 1
            return httpx.Response(503)
        return self._app.handle_request(request)


@pytest.fixture(scope="module")
def todos_wire(todos: Running) -> Todos:
    return Todos(todos)


@pytest.fixture(scope="module")
def running(
    environ: dict[str, str], wire: Any, profiles: Running, todos: Running, todos_wire: Todos
) -> Iterator[Running]:
    with running_service(service, environ, calls={"profiles": wire, "todos": todos_wire}) as started:
        for called in (profiles, todos):
            called.keys.keys = started.keys  # type: ignore[attr-defined]
        yield started


@pytest.fixture
def user_id(post: Post, address: str, work: Work, todos: Running) -> str:
    """Somebody with a profile and three todos."""
    made = str(post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"])
    work()
    client = todos.web_app().test_client()
    for title in "abc":
        answer = client.post("/todos", json={"title": title}, headers=bearer(made, audience="todos"))
        assert answer.status_code == 201
    return made


@pytest.fixture
def held(todos: Running, profiles: Running, user_id: str) -> Callable[[], tuple[int, int]]:
    """Return the status of the user's profile, and how many todos there are."""

    def ask() -> tuple[int, int]:
        profile = (
            profiles.web_app().test_client().get("/profiles/me", headers=bearer(user_id, audience="profiles"))
        )
        found = todos.web_app().test_client().get("/todos", headers=bearer(user_id, audience="todos"))
        return profile.status_code, len(found.get_json()["items"])

    return ask


@pytest.fixture(autouse=True)
def _tokens_are_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "TOKENS_OVER", timedelta(0))


def delete_me(post: Post, address: str, password: str = PASSWORD) -> Any:
    session = post("/auth/login", {"email": address, "password": PASSWORD}).get_json()
    return post("/auth/me/deletion", {"password": password}, token=session["access_token"])


def test_nothing_is_left_of_who_deletes_their_account(
    post: Post, address: str, user_id: str, work: Work, held: Callable[[], Any]
) -> None:
    assert held() == (200, 3)
    answer = delete_me(post, address)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/operations/{answer.get_json()['id']}"
    assert work() == ["delete_account"]
    assert held() == (404, 0)
    assert [one for one in User.scan() if one.id == user_id] == []
    assert [one for one in Email.scan() if one.user_id == user_id] == []
    assert list(Session.by_user.query(user_id)) == []
    assert post("/auth/login", {"email": address, "password": PASSWORD}).get_json()["code"] == (
        "INVALID_CREDENTIALS"
    )
    again = post("/auth/signup", {"email": address, "password": PASSWORD})
    assert again.status_code == 201, "the address is free"
    assert again.get_json()["user_id"] != user_id


def test_nothing_is_deleted_while_a_token_could_add_to_it(
    post: Post,
    address: str,
    user_id: str,
    running: Running,
    held: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deletion, "TOKENS_OVER", timedelta(seconds=15))
    operation = delete_me(post, address).get_json()["id"]
    tasks = running.tasks
    assert tasks is not None
    tasks.run(operation)
    assert Operation.get(operation, consistent_read=True).status == "queued"
    assert held() == (200, 3)
    asked_at = User.get(user_id).deletion_asked_at
    User(user_id).update([User.deletion_asked_at.set(asked_at - timedelta(seconds=15))])
    Operation(operation).update([Operation.not_before.set(0)])
    tasks.run(operation)
    assert Operation.get(operation, consistent_read=True).status == "succeeded"
    assert held() == (404, 0)


def test_who_does_not_know_the_password_deletes_nothing(
    post: Post, address: str, user_id: str, held: Callable[[], Any]
) -> None:
    answer = delete_me(post, address, "wrong horse battery")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "WRONG_PASSWORD")
    assert held() == (200, 3)
    assert not User.get(user_id).is_disabled


def test_a_deletion_that_was_broken_off_goes_on_and_the_account_goes_last(
    post: Post, address: str, user_id: str, running: Running, todos_wire: Todos, held: Callable[[], Any]
) -> None:
    operation = delete_me(post, address).get_json()["id"]
    tasks = running.tasks
    assert tasks is not None
    todos_wire.away = 10
    tasks.run(operation)
    row = Operation.get(operation, consistent_read=True)
    assert row.status == "queued", "it will be tried again"
    assert held() == (404, 3)
    assert User.get(user_id).is_being_deleted
    todos_wire.away = 0
    row.update([Operation.not_before.set(0)])
    tasks.run(operation)
    assert Operation.get(operation, consistent_read=True).status == "succeeded"
    assert held() == (404, 0)


def test_a_deletion_that_runs_twice_does_no_harm(
    post: Post, address: str, user_id: str, running: Running, work: Work
) -> None:
    headers = bearer("boss", audience="auth", scopes=("users:admin",))
    client = running.web_app().test_client()
    for _ in range(2):
        assert client.delete(f"/auth/users/{user_id}", headers=headers).status_code == 202
    assert work() == ["delete_account", "delete_account"]
    assert client.delete(f"/auth/users/{user_id}", headers=headers).status_code == 404


def test_a_profile_that_was_still_to_be_made_is_not_made_after_the_deletion(
    post: Post, address: str, running: Running, work: Work, profiles: Running
) -> None:
    user_id = post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"]
    delete_me(post, address)
    assert "delete_account" in work()
    headers = bearer(user_id, audience="profiles")
    assert profiles.web_app().test_client().get("/profiles/me", headers=headers).status_code == 404
