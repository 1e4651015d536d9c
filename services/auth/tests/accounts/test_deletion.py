"""Deleting an account, with what real profiles and todos services hold of its owner."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from libs.api import InProcess
from libs.jwt.verifier import LEEWAY_SECONDS
from libs.service import Running, Service
from libs.service.testing import bearer, environment, running_service
from libs.tasks import Operation
from services.auth.accounts import Email, User
from services.auth.accounts import deletion as deleting
from services.auth.accounts.deletion import DeletionWaits
from services.auth.service import service
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import KEPT_SECONDS, RevokedTokens
from services.auth.tests.conftest import LaterKeys
from services.auth.tokens import ACCESS_TOKEN_SECONDS
from services.todos import erasing
from services.todos.models import Todo

PASSWORD = "correct horse battery"
ADMIN = bearer("boss", audience="auth", scopes=("users:admin",))
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
def waits(running: Running, monkeypatch: pytest.MonkeyPatch) -> DeletionWaits:
    """How long deletions wait: not at all, if a test does not say otherwise."""
    made: DeletionWaits = running.dependencies.make(DeletionWaits)
    assert (made.tokens, made.settled) == (timedelta(seconds=KEPT_SECONDS), timedelta(seconds=10))
    for name in ("tokens", "settled"):
        monkeypatch.setattr(made, name, timedelta(0))
    return made


@pytest.fixture
def deletion(user_id: str) -> Callable[[], Operation]:
    """Return the operation that deletes the account, as it is stored now."""

    def find() -> Operation:
        (found,) = [one for one in Operation.scan() if one.arguments == {"user_id": user_id}]
        return found

    return find


@pytest.fixture
def go_on(running: Running) -> Callable[[Operation], Operation]:
    """Run an operation, whether it is put off or not; return it as it is stored then."""

    def run(operation: Operation) -> Operation:
        Operation(operation.id).update([Operation.not_before.set(0)])
        assert running.tasks is not None
        running.tasks.run(operation.id)
        return Operation.get(operation.id, consistent_read=True)

    return run


def delete_me(post: Post, address: str, password: str = PASSWORD) -> Any:
    session = post("/auth/login", {"email": address, "password": PASSWORD}).get_json()
    return post("/auth/me/deletion", {"password": password}, token=session["access_token"])


def test_nothing_is_left_of_who_deletes_their_account(
    post: Post, address: str, user_id: str, work: Work, held: Callable[[], Any]
) -> None:
    assert held() == (200, 3)
    answer = delete_me(post, address)
    assert answer.status_code == 202
    assert "Location" not in answer.headers, "whoever may follow it has no token any more"
    assert answer.get_json() == {"user_id": user_id}
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
    waits: DeletionWaits,
    deletion: Callable[[], Operation],
    go_on: Callable[[Operation], Operation],
    held: Callable[[], Any],
) -> None:
    waits.tokens = timedelta(seconds=KEPT_SECONDS)
    assert delete_me(post, address).status_code == 202
    assert go_on(deletion()).status == "queued"
    assert held() == (200, 3)
    asked_at = User.get(user_id).deletion_asked_at
    User(user_id).update([User.deletion_asked_at.set(asked_at - waits.tokens)])
    assert go_on(deletion()).status == "succeeded"
    assert held() == (404, 0)


def test_tokens_are_waited_for_as_long_as_they_can_be_good_anywhere() -> None:
    assert DeletionWaits().tokens > timedelta(seconds=ACCESS_TOKEN_SECONDS + LEEWAY_SECONDS)


def test_what_was_written_at_the_last_moment_is_erased_as_well(
    post: Post,
    address: str,
    user_id: str,
    waits: DeletionWaits,
    deletion: Callable[[], Operation],
    go_on: Callable[[Operation], Operation],
    held: Callable[[], Any],
) -> None:
    """An index may show an export, or a todo, only after the first erasure."""
    waits.settled = timedelta(seconds=10)
    delete_me(post, address)
    assert go_on(deletion()).status == "queued"
    assert held() == (404, 0)
    Todo(user_id, title="seen late").save()
    assert go_on(deletion()).status == "queued", "not before the index has settled"
    assert held() == (404, 1)
    User(user_id).update([User.erased_at.set(User.get(user_id).erased_at - waits.settled)])
    assert go_on(deletion()).status == "succeeded"
    assert held() == (404, 0)


def test_who_does_not_know_the_password_deletes_nothing(
    post: Post, address: str, user_id: str, held: Callable[[], Any]
) -> None:
    answer = delete_me(post, address, "wrong horse battery")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "WRONG_PASSWORD")
    assert held() == (200, 3)
    assert not User.get(user_id).is_disabled


def test_a_deletion_that_was_broken_off_goes_on_and_the_account_goes_last(
    post: Post,
    address: str,
    user_id: str,
    todos_wire: Todos,
    deletion: Callable[[], Operation],
    go_on: Callable[[Operation], Operation],
    held: Callable[[], Any],
) -> None:
    delete_me(post, address)
    todos_wire.away = 10
    assert go_on(deletion()).status == "queued", "it will be tried again"
    assert held() == (404, 3)
    assert User.get(user_id).is_being_deleted
    todos_wire.away = 0
    operation = deletion()
    assert go_on(operation).status == "succeeded"
    assert held() == (404, 0)


def test_todos_that_take_several_requests_are_all_deleted(
    post: Post,
    address: str,
    user_id: str,
    deletion: Callable[[], Operation],
    go_on: Callable[[Operation], Operation],
    held: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete_me(post, address)
    monkeypatch.setattr(erasing, "SECONDS", -1)
    assert go_on(deletion()).status == "succeeded"
    assert held() == (404, 0)


def test_a_404_of_a_proxy_is_no_profile_that_is_gone(
    post: Post,
    address: str,
    user_id: str,
    deletion: Callable[[], Operation],
    go_on: Callable[[Operation], Operation],
    held: Callable[[], Any],
    wire: Any,
) -> None:
    delete_me(post, address)
    wire.instead = [httpx.Response(404, text="<html>There is no such host here.</html>")]
    operation = deletion()
    assert go_on(operation).status == "queued"
    assert held() == (200, 3)
    assert User.get(user_id).is_being_deleted
    assert go_on(operation).status == "succeeded"
    assert held() == (404, 0)


@pytest.mark.parametrize("erased", [False, True])
def test_of_two_deletions_the_later_leaves_the_next_account_with_the_address_alone(
    post: Post,
    address: str,
    user_id: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    erased: bool,
) -> None:
    client, tasks = running.web_app().test_client(), running.tasks
    assert tasks is not None
    asked = [client.delete(f"/auth/users/{user_id}", headers=ADMIN).get_json()["id"] for _ in range(2)]
    if erased:
        User(user_id).update([User.erased_at.set(datetime.now(UTC))])
    erase, new = deleting._erase, []

    def meanwhile(*arguments: Any) -> None:
        if not new:
            new.append("")
            tasks.run(asked[1])
            new[0] = post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"]
        erase(*arguments)

    monkeypatch.setattr(deleting, "_erase", meanwhile)
    tasks.run(asked[0])
    assert [Operation.get(one).status for one in asked] == ["succeeded"] * 2
    assert [one.message for one in caplog.records].count("account deleted") == 1
    assert Email.get(address).user_id == new[0]
    assert [one.id for one in User.scan() if one.email == address] == new
    assert post("/auth/login", {"email": address, "password": PASSWORD}).get_json()["user_id"] == new[0]
    assert post("/auth/signup", {"email": address, "password": PASSWORD}).status_code == 409


def test_sessions_and_tokens_end_by_the_account_where_the_index_does_not_show_them(
    post: Post, address: str, user_id: str, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.dependencies.make(RevokedTokens), "_cached", 0)
    session = post("/auth/login", {"email": address, "password": PASSWORD}).get_json()
    monkeypatch.setattr(Session.by_user, "query", lambda *_, **__: iter(()))
    delete_me(post, address)
    # As if an admin had enabled it again by hand: that alone brings no session back.
    User(user_id).update([User.disabled_at.remove()])
    own = {"Authorization": f"Bearer {session['access_token']}"}
    assert running.web_app().test_client().get("/auth/me", headers=own).status_code == 401
    answer = post("/auth/refresh", {"refresh_token": session["refresh_token"]})
    assert answer.status_code == 401


def test_sessions_that_the_index_shows_late_are_ended_by_the_task(
    post: Post,
    address: str,
    user_id: str,
    waits: DeletionWaits,
    deletion: Callable[[], Operation],
    go_on: Callable[[Operation], Operation],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits.tokens = timedelta(seconds=KEPT_SECONDS)
    post("/auth/login", {"email": address, "password": PASSWORD})
    with monkeypatch.context() as lagging:
        lagging.setattr(Session.by_user, "query", lambda *_, **__: iter(()))
        delete_me(post, address)
    assert {one.is_ended for one in Session.by_user.query(user_id)} == {False}
    assert go_on(deletion()).status == "queued", "the tokens have still to be waited for"
    assert {one.is_ended for one in Session.by_user.query(user_id)} == {True}


def test_a_deletion_that_takes_more_than_a_day_is_an_error_and_goes_on(
    post: Post,
    address: str,
    user_id: str,
    deletion: Callable[[], Operation],
    go_on: Callable[[Operation], Operation],
    todos_wire: Todos,
    caplog: pytest.LogCaptureFixture,
) -> None:
    delete_me(post, address)
    todos_wire.away = 1000
    operation = deletion()
    Operation(operation.id).update([Operation.attempts.set(2000)])
    assert go_on(operation).status == "queued"
    assert [one for one in caplog.records if one.levelname == "ERROR"] == []
    asked_at = User.get(user_id).deletion_asked_at
    User(user_id).update([User.deletion_asked_at.set(asked_at - timedelta(days=2))])
    assert go_on(operation).status == "queued"
    (told,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert (told.message, told.__dict__["user"], told.__dict__["days"]) == (
        "an account cannot be deleted",
        user_id,
        2,
    )
    todos_wire.away = 0
    assert go_on(operation).status == "succeeded"


def test_a_deletion_that_runs_twice_does_no_harm(
    post: Post, address: str, user_id: str, running: Running, work: Work
) -> None:
    client = running.web_app().test_client()
    for _ in range(2):
        assert client.delete(f"/auth/users/{user_id}", headers=ADMIN).status_code == 202
    assert work() == ["delete_account", "delete_account"]
    assert client.delete(f"/auth/users/{user_id}", headers=ADMIN).status_code == 404


def test_a_profile_that_was_still_to_be_made_is_not_made_after_the_deletion(
    post: Post, address: str, running: Running, work: Work, profiles: Running
) -> None:
    user_id = post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"]
    delete_me(post, address)
    assert "delete_account" in work()
    headers = bearer(user_id, audience="profiles")
    assert profiles.web_app().test_client().get("/profiles/me", headers=headers).status_code == 404
