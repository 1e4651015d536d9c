"""Erasing what a user has: all of it, nothing of anybody else, and only for whoever may."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service.testing import bearer
from services.todos import erasing
from services.todos.models import Export, ExportPart, Todo
from services.todos.tests.conftest import Todos

SERVICE = bearer("service:auth", audience="todos", scopes=("todos:delete-all",))


def erase(client: FlaskClient, owner: str) -> dict[str, Any]:
    answer = client.post("/todos/erasure", json={"owner": owner}, headers=SERVICE)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_all_todos_of_a_user_go_and_what_is_counted_of_them_follows(
    client: FlaskClient, todos: Todos, owner_id: str
) -> None:
    for number in range(5):
        todos.create(f"{number}", tags=["a"], done=bool(number % 2), estimate=10)
    other = Todo(f"{owner_id}x", title="of somebody else")
    other.save()
    assert erase(client, owner_id) == {"erased": 5, "more": False}
    page = todos.ask(count="exact")
    assert (page["items"], page["meta"]["total"]) == ([], 0)
    assert [one.title for one in Todo.query(f"{owner_id}x")] == ["of somebody else"]
    assert erase(client, owner_id) == {"erased": 0, "more": False}


def test_exports_go_with_their_text(client: FlaskClient, owner_id: str) -> None:
    kept, gone = uuid.uuid4().hex, uuid.uuid4().hex
    for owner, text_id in ((owner_id, gone), ("somebody else", kept)):
        Export(text_id, owner=owner, text_id=text_id, parts=2).save()
        for part in (1, 2):
            ExportPart(text_id, part, lines="x" * 1000).save()
    assert erase(client, owner_id) == {"erased": 1, "more": False}
    assert [len(list(ExportPart.query(one))) for one in (gone, kept)] == [0, 2]
    assert [one.export_id for one in Export.scan() if one.export_id in (kept, gone)] == [kept]


def test_what_takes_too_long_goes_on_with_the_next_request(
    client: FlaskClient, todos: Todos, owner_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        todos.create(f"{number}")
    Export(owner_id, owner=owner_id, text_id="x", parts=0).save()
    monkeypatch.setattr(erasing, "SECONDS", -1)
    answers = [erase(client, owner_id) for _ in range(5)]
    assert [one["erased"] for one in answers] == [1, 1, 1, 1, 0]
    assert [one["more"] for one in answers] == [True, True, True, True, False]


def test_nobody_erases_without_the_scope_not_even_ones_own(
    client: FlaskClient, todos: Todos, owner_id: str
) -> None:
    todos.create("mine")
    body = {"owner": owner_id}
    assert client.post("/todos/erasure", json=body, headers=todos.headers).status_code == 403
    assert client.post("/todos/erasure", json=body).status_code == 401
    assert todos.titles() == ["mine"]
