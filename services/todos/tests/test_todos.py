"""The todos of a user, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.todos.models import Todo

Headers = dict[str, str]

PLACE = {"type": "Point", "coordinates": [13.4, 52.52]}
DEFAULTS = {
    "done": False,
    "notes": "",
    "tags": [],
    "priority": 3,
    "due_at": None,
    "estimate": None,
    "place": None,
    "state": "active",
    "version": 1,
}
FIELDS = {"id", "title", "created_at", "updated_at", *DEFAULTS}
NOTHING = {"has_more": False, "examined": 0, "truncated": False, "next": None, "prev": None}


@pytest.fixture
def create(client: FlaskClient, owner: Headers) -> Callable[..., Any]:
    return lambda **todo: client.post("/todos", json=todo, headers=owner)


def test_a_todo_is_created_with_what_was_sent(
    client: FlaskClient, owner: Headers, create: Callable[..., Any]
) -> None:
    sent = {
        "title": "Water the plants",
        "done": True,
        "notes": "all of them \x00 🌍",
        "tags": ["garden", "weekly"],
        "priority": 1,
        "due_at": "2026-03-01T09:30:00+01:00",
        "estimate": 20,
        "place": PLACE,
        "state": "someday",
    }
    answer = create(**sent)
    assert answer.status_code == 201
    todo = answer.get_json()
    assert set(todo) == FIELDS
    assert {name: todo[name] for name in sent} == {**sent, "due_at": "2026-03-01T08:30:00Z"}
    assert todo["created_at"] == todo["updated_at"]
    assert (todo["version"], answer.headers["ETag"][:3]) == (1, '"1.')
    assert answer.headers["Location"] == f"/todos/{todo['id']}"
    assert client.get(answer.headers["Location"], headers=owner).get_json() == todo


def test_what_is_not_sent_has_its_default(create: Callable[..., Any]) -> None:
    todo = create(title="x").get_json()
    assert {name: todo[name] for name in DEFAULTS} == DEFAULTS


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
        pages, cursor = pages + 1, page["meta"]["next"]
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
    cursor = client.get("/todos?limit=1", headers=owner).get_json()["meta"]["next"]
    answer = client.get("/todos", query_string={"cursor": cursor}, headers=eve)
    assert (answer.status_code, answer.get_json()["errors"][0]["parameter"]) == (400, "cursor")


def test_a_change_touches_what_was_sent(
    client: FlaskClient, owner: Headers, create: Callable[..., Any]
) -> None:
    before = create(title="x", notes="keep").get_json()
    answer = client.patch(f"/todos/{before['id']}", json={"done": True}, headers=owner)
    after = answer.get_json()
    assert answer.status_code == 200
    assert after == {**before, "done": True, "version": 2, "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]


def test_a_deleted_todo_is_gone(client: FlaskClient, owner: Headers, create: Callable[..., Any]) -> None:
    path = create(title="x").headers["Location"]
    assert client.delete(path, headers=owner).status_code == 204
    for method in ("GET", "DELETE", "PATCH", "PUT"):
        assert client.open(path, method=method, json={"title": "x"}, headers=owner).status_code == 404


def test_to_a_stranger_a_todo_is_not_there(
    client: FlaskClient, owner: Headers, eve: Headers, create: Callable[..., Any]
) -> None:
    todo = create(title="x").get_json()
    path = f"/todos/{todo['id']}"
    for method in ("GET", "DELETE", "PATCH", "PUT"):
        answer = client.open(path, method=method, json={"title": "stolen"}, headers=eve)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "NOT_FOUND")
    assert client.get("/todos", headers=eve).get_json() == {"items": [], "meta": NOTHING}
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
        ({"title": "x", "owner": "eve", "id": "1", "version": 7}, {"/owner", "/id", "/version"}),
        ({"title": "x", "place_cell": "u33", "created_at": None}, {"/place_cell", "/created_at"}),
        ({"title": "x", "tags": ["a", "b", "a"]}, {"/tags"}),
        ({"title": "x", "tags": ["a", "", "b" * 41]}, {"/tags/1", "/tags/2"}),
        ({"title": "x", "tags": [str(n) for n in range(21)]}, {"/tags"}),
        ({"title": "x", "priority": 0, "estimate": -1}, {"/priority", "/estimate"}),
        ({"title": "x", "priority": 1.5, "estimate": "20"}, {"/priority", "/estimate"}),
        ({"title": "x", "due_at": "tomorrow", "state": "gone"}, {"/due_at", "/state"}),
        ({"title": "x", "due_at": "2026-03-01T09:30:00"}, {"/due_at"}),
        (
            {"title": "x", "place": {"type": "Point", "coordinates": [181, 91]}},
            {f"/place/coordinates/{n}" for n in (0, 1)},
        ),
        ({"title": "x", "place": {"type": "Circle", "coordinates": [0, 0]}}, {"/place/type"}),
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
    answer = create(
        title="\U0001f600" * 200,
        notes="\U0001f600" * 2000,
        tags=[f"{n:02}" + "\U0001f600" * 38 for n in range(20)],
        estimate=100_000,
        priority=5,
        place={"type": "Point", "coordinates": [180, -90]},
    )
    assert answer.status_code == 201, answer.text


def test_a_put_replaces_all_a_client_may_send_and_nothing_else(
    client: FlaskClient, owner: Headers, create: Callable[..., Any]
) -> None:
    before = create(title="x", notes="n", tags=["a"], due_at="2026-03-01T00:00:00Z", place=PLACE).get_json()
    answer = client.put(f"/todos/{before['id']}", json={"title": "y", "done": True}, headers=owner)
    after = answer.get_json()
    assert answer.status_code == 200, answer.text
    kept = {name: before[name] for name in ("id", "created_at")}
    changed = {"title": "y", "done": True, "version": 2, "updated_at": after["updated_at"]}
    assert after == {**DEFAULTS, **kept, **changed}
    assert client.get(f"/todos/{before['id']}", headers=owner).get_json() == after


def test_a_put_creates_nothing(client: FlaskClient, owner: Headers) -> None:
    assert client.put("/todos/new", json={"title": "x"}, headers=owner).status_code == 404
    assert client.get("/todos", headers=owner).get_json()["items"] == []


def test_what_may_be_null_can_be_set_and_removed(
    client: FlaskClient, owner: Headers, create: Callable[..., Any]
) -> None:
    values = {"due_at": "2026-03-01T00:00:00Z", "estimate": 5, "place": PLACE}
    path = create(title="x").headers["Location"]
    for sent in (values, dict.fromkeys(values)):
        answer = client.patch(path, json=sent, headers=owner)
        assert answer.status_code == 200, answer.text
        found = client.get(path, headers=owner).get_json()
        assert {name: found[name] for name in values} == sent
