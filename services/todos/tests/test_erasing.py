"""Erasing what a user has: all of it, nothing of anybody else, and only for whoever may."""

import uuid
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from libs.service.testing import bearer
from libs.tasks import Operation
from services.todos import erasing
from services.todos.models import ErasedOwner, Export, ExportPart, Todo
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


def test_an_export_asked_for_before_brings_nothing_back(
    client: FlaskClient, todos: Todos, owner_id: str, running: Running
) -> None:
    """Whether it has not begun yet, or has ended its work while a worker was away."""
    todos.create("mine")
    asked = client.post("/todos/export", headers=todos.headers).get_json()["id"]
    export_id = Operation.get(asked).arguments["export_id"]
    Export(export_id, owner=owner_id, text_id=owner_id, parts=1).save()
    ExportPart(owner_id, 1, lines="of a run whose end was not stored").save()
    ErasedOwner(owner_id).save()
    assert running.tasks is not None
    running.tasks.run(asked)
    assert Operation.get(asked, consistent_read=True).problem["code"] == "NOT_FOUND"
    assert [one for one in Export.scan() if one.owner == owner_id] == []
    assert list(ExportPart.query(owner_id)) == []


def test_an_export_that_is_written_while_all_is_erased_leaves_nothing(
    client: FlaskClient, todos: Todos, owner_id: str, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    todos.create("mine")
    asked = client.post("/todos/export", headers=todos.headers).get_json()["id"]
    save, texts = ExportPart.save, []

    def erased_meanwhile(self: ExportPart, **options: Any) -> Any:
        if not texts:
            texts.append(self.text_id)
            erase(client, owner_id)
        return save(self, **options)

    monkeypatch.setattr(ExportPart, "save", erased_meanwhile)
    assert running.tasks is not None
    running.tasks.run(asked)
    assert Operation.get(asked, consistent_read=True).problem["code"] == "NOT_FOUND"
    assert [one for one in Export.scan() if one.owner == owner_id] == []
    assert list(ExportPart.query(texts[0])) == []


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
