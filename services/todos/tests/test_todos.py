"""The todos of a user, over HTTP."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.todos.models import Todo

Headers = dict[str, str]


@pytest.fixture
def owner(token_of: Callable[[str], Headers]) -> Headers:
    """A user that has no todos yet."""
    return token_of(uuid.uuid4().hex)


@pytest.fixture
def create(client: FlaskClient, owner: Headers) -> Callable[..., Any]:
    return lambda **todo: client.post("/todos", json=todo, headers=owner)


def test_a_todo_is_created_with_what_was_sent(
    client: FlaskClient, owner: Headers, create: Callable[..., Any]
) -> None:
    answer = create(title="Water the plants", done=True, notes="all of them \x00 🌍")
    assert answer.status_code == 201
    todo = answer.get_json()
    assert set(todo) == {"id", "title", "done", "notes", "created_at", "updated_at"}
    assert (todo["title"], todo["done"], todo["notes"]) == (
        "Water the plants",
        True,
        "all of them \x00 🌍",
    )
    assert todo["created_at"] == todo["updated_at"]
    assert answer.headers["Location"] == f"/todos/{todo['id']}"
    assert client.get(answer.headers["Location"], headers=owner).get_json() == todo


def test_what_is_not_sent_has_its_default(create: Callable[..., Any]) -> None:
    todo = create(title="x").get_json()
    assert (todo["done"], todo["notes"]) == (False, "")


def test_a_list_is_in_the_order_of_creation_page_by_page(
    client: FlaskClient, owner: Headers, create: Callable[..., Any]
) -> None:
    for number in range(5):
        create(title=str(number))
    found, pages, cursor = [], 0, None
    while cursor or not pages:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = client.get("/todos", query_string=query, headers=owner).get_json()
        found += [todo["title"] for todo in page["items"]]
        pages, cursor = pages + 1, page["next"]
    assert found == ["0", "1", "2", "3", "4"]
    assert pages == 3
    ids = [todo["id"] for todo in client.get("/todos", headers=owner).get_json()["items"]]
    assert ids == sorted(ids)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", ""])
def test_a_limit_out_of_bounds_is_refused(client: FlaskClient, owner: Headers, limit: str) -> None:
    answer = client.get("/todos", query_string={"limit": limit}, headers=owner)
    assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (400, "limit")


def test_somebody_elses_cursor_is_refused(
    client: FlaskClient, owner: Headers, eve: Headers, create: Callable[..., Any]
) -> None:
    for _ in range(2):
        create(title="x")
    cursor = client.get("/todos?limit=1", headers=owner).get_json()["next"]
    answer = client.get("/todos", query_string={"cursor": cursor}, headers=eve)
    assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (400, "cursor")


def test_a_change_touches_what_was_sent(
    client: FlaskClient, owner: Headers, create: Callable[..., Any]
) -> None:
    before = create(title="x", notes="keep").get_json()
    answer = client.patch(f"/todos/{before['id']}", json={"done": True}, headers=owner)
    after = answer.get_json()
    assert answer.status_code == 200
    assert after == {**before, "done": True, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]


def test_a_deleted_todo_is_gone(client: FlaskClient, owner: Headers, create: Callable[..., Any]) -> None:
    path = create(title="x").headers["Location"]
    assert client.delete(path, headers=owner).status_code == 204
    for method in ("GET", "DELETE", "PATCH"):
        assert client.open(path, method=method, json={"done": True}, headers=owner).status_code == 404


def test_to_a_stranger_a_todo_is_not_there(
    client: FlaskClient, owner: Headers, eve: Headers, create: Callable[..., Any]
) -> None:
    todo = create(title="x").get_json()
    path = f"/todos/{todo['id']}"
    for method in ("GET", "DELETE", "PATCH"):
        answer = client.open(path, method=method, json={"title": "stolen"}, headers=eve)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "NOT_FOUND")
    assert client.get("/todos", headers=eve).get_json() == {"items": [], "next": None}
    assert client.get(path, headers=owner).get_json() == todo
    assert Todo.count("eve") == 0


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/title"}),
        ({"title": ""}, {"/title"}),
        ({"title": "x" * 201}, {"/title"}),
        ({"title": "x", "notes": "x" * 2001}, {"/notes"}),
        ({"title": "x", "done": 1}, {"/done"}),
        ({"title": "x", "done": None}, {"/done"}),
        ({"title": "x", "owner": "eve", "id": "1"}, {"/owner", "/id"}),
        ({"title": 1, "done": "no", "colour": "red"}, {"/title", "/done", "/colour"}),
    ],
)
def test_every_fault_of_a_body_is_listed(
    create: Callable[..., Any], body: dict[str, object], pointers: set[str]
) -> None:
    answer = create(**body)
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.get_json()["errors"]} == pointers


def test_the_largest_todo_is_taken(create: Callable[..., Any]) -> None:
    assert create(title="\U0001f600" * 200, notes="\U0001f600" * 2000).status_code == 201
