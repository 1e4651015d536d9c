"""What another service needs to call todos: apis/published/todos.json, and nothing else."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from libs.api import Clients, InProcess, RemoteNotFound, Timeouts
from libs.jwt import Caller, acting_as
from libs.service import Running
from libs.service.testing import bearer, eventually


@pytest.fixture
def todos(running: Running) -> Iterator[Any]:
    """A client of the service, used in a request of a user that has no todos yet."""
    user = uuid.uuid4().hex
    token = bearer(user, audience="todos")["Authorization"].removeprefix("Bearer ")
    with acting_as(Caller(user, token=token)):
        transports = {"todos": InProcess(running.web_app())}
        yield Clients(
            {"todos": "http://todos.test"}, transports=transports, timeouts=Timeouts(total=60)
        ).todos


def test_the_operations_of_a_resource_are_methods(todos: Any) -> None:
    made = todos.create_todo(body={"title": "Water the plants"})
    assert (made.title, made.done) == ("Water the plants", False)
    assert todos.get_todo(key=made.id) == made
    assert todos.update_todo(key=made.id, body={"done": True}).done is True
    other = todos.create_todo(body={"title": "Feed the cat"})
    first = todos.list_todos(limit=1)
    assert [todo.title for todo in first.items] == ["Water the plants"]
    second = todos.list_todos(limit=1, cursor=first.meta["next"])
    assert (second.items, second.meta["next"]) == ([other], None)
    assert todos.delete_todo(key=made.id) is None
    with pytest.raises(RemoteNotFound) as caught:
        todos.get_todo(key=made.id)
    assert caught.value.problem.code == "NOT_FOUND"


@pytest.mark.usefixtures("worker")
def test_an_export_is_started_followed_and_fetched(todos: Any) -> None:
    todo = todos.create_todo(body={"title": "Water the plants"})
    operation = todos.export_todos()
    assert (type(operation).__name__, operation.status) == ("Operation", "queued")
    ended = eventually(
        lambda: (
            found if (found := todos.get_operation(operation_id=operation.id)).status == "succeeded" else None
        ),
        seconds=60,
    )
    export = todos.get_export(export_id=ended.result["href"].rpartition("/")[2])
    assert todo.id in export.decode()


def test_what_every_service_serves_is_methods_too(todos: Any) -> None:
    assert todos.ping().status == "ok"
    assert todos.get_version_as_caller().service == "todos"
