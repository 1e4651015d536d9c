"""Requests with an Idempotency-Key: a todo is created once, whoever dies and however often it is sent."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.api import IdempotencyRecord
from libs.api.idempotency.attempt import Attempt
from libs.resource.store.store import Store
from libs.tasks import Operation
from services.todos.resources import TodoResource
from services.todos.tests.conftest import Todos
from services.todos.tests.test_erasing import erase

Send = Callable[..., TestResponse]
TITLE = {"title": "Water the plants", "tags": ["garden"]}


@pytest.fixture
def send(todos: Todos) -> Send:
    """Create a todo under one key."""
    key = uuid.uuid4().hex

    def send(body: Any = TITLE, below: str = "") -> TestResponse:
        return todos.send("POST", below, json=body, headers={"Idempotency-Key": key})

    return send


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """Have requests of a with-block be as if their process was killed before they kept their answer."""

    @contextmanager
    def killed() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(Attempt, "_end", lambda self, *kept: None)
            yield

    return killed


def let_leases_end(owner: str) -> None:
    for record in IdempotencyRecord.query(owner):
        record.update(actions=[IdempotencyRecord.lease_until.set(0)])


def test_a_todo_is_created_once_and_told_as_it_was(send: Send, todos: Todos) -> None:
    first = send()
    changed = todos.send("PATCH", f"/{first.json['id']}", json={"done": True})
    assert changed.status_code == 200
    again = send()
    assert (again.status_code, again.data) == (201, first.data)
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert todos.ask(count="exact")["meta"]["total"] == 1


def test_one_that_was_killed_after_it_was_stored_is_not_created_again(
    send: Send, todos: Todos, owner_id: str, killed: Callable[[], AbstractContextManager[None]]
) -> None:
    with killed():
        first = send()
    assert todos.refused("POST", json={"title": "x"}, headers={"Idempotency-Key": "a b"}) == (
        400,
        "INVALID_PARAMETERS",
    )
    assert send().json["code"] == "IDEMPOTENCY_KEY_IN_USE"
    let_leases_end(owner_id)
    again = send()
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert send().headers["Idempotency-Replayed"] == "true"
    assert todos.ask(count="exact")["meta"]["total"] == 1
    assert todos.ask("/group/tags")["items"] == [{"value": "garden", "count": 1}]


def test_one_that_slept_while_another_took_over_creates_nothing(
    send: Send, todos: Todos, owner_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_over: list[TestResponse] = []
    below = TodoResource._below

    def asleep(self: TodoResource, row: Any) -> str:
        if not taken_over:
            let_leases_end(owner_id)
            monkeypatch.setattr(TodoResource, "_below", below)
            taken_over.append(send())
        return below(self, row)

    monkeypatch.setattr(TodoResource, "_below", asleep)
    assert (send().json["code"], taken_over[0].status_code) == ("IDEMPOTENCY_KEY_IN_USE", 201)
    assert send().data == taken_over[0].data
    assert todos.ask(count="exact")["meta"]["total"] == 1


def test_one_that_failed_after_it_was_stored_is_not_created_again(
    send: Send, todos: Todos, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is free at once, and what was stored is found."""
    create = Store.create

    def failing(*arguments: Any) -> Any:
        create(*arguments)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Store, "create", failing)
        assert send().status_code == 500
    again = send()
    assert again.status_code == 201
    assert [one["id"] for one in todos.ask()["items"]] == [again.json["id"]]


def test_a_row_that_was_there_stays_a_conflict(
    send: Send, todos: Todos, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("services.todos.models.ULID", lambda: "always-the-same")
        todos.create()
        assert send().json["code"] == "RESOURCE_EXISTS"
    assert (again := send()).json["code"] == "RESOURCE_EXISTS"
    assert again.headers["Idempotency-Replayed"] == "true"


def test_an_export_is_started_once(send: Send, owner_id: str) -> None:
    first, again = send(None, "/export"), send(None, "/export")
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json == first.json
    assert [one.id for one in Operation.scan() if one.owner == owner_id] == [first.json["id"]]


def test_answers_go_with_all_that_a_user_has(send: Send, client: FlaskClient, owner_id: str) -> None:
    send()
    assert IdempotencyRecord.count(owner_id) == 1
    assert erase(client, owner_id) == {"erased": 1, "more": False}
    assert IdempotencyRecord.count(owner_id) == 0
