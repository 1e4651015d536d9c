"""One's own todos: create, read, change, delete, and no way to anybody else's."""

from datetime import datetime
from typing import Any

import pytest

from testaccept.deployment import User
from testaccept.endpoints import UNKNOWN_ID
from testaccept.problems import assert_problem, assert_refused, without_request

Todo = dict[str, Any]

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

BAD_VALUES = [
    ("title", ""),
    ("title", "x" * 201),
    ("title", 5),
    ("title", None),
    ("title", ["x"]),
    ("done", "yes"),
    ("done", "true"),
    ("done", 1),
    ("notes", 5),
    ("notes", {}),
    ("notes", "x" * 2001),
    ("tags", "garden"),
    ("tags", ["a", "a"]),
    ("tags", [str(number) for number in range(21)]),
    ("priority", 0),
    ("priority", 6),
    ("priority", "1"),
    ("priority", 1.5),
    ("due_at", "tomorrow"),
    ("due_at", "2026-03-01T09:30:00"),
    ("due_at", 1772352000),
    ("estimate", -1),
    ("estimate", True),
    ("place", [13.4, 52.52]),
    ("state", "gone"),
    ("state", None),
    ("place_cell", "u33db2"),
    ("colour", "red"),
    ("id", UNKNOWN_ID),
    ("created_at", "2020-01-01T00:00:00Z"),
    ("updated_at", "2020-01-01T00:00:00Z"),
    ("owner", UNKNOWN_ID),
    ("owner_id", UNKNOWN_ID),
    ("user_id", UNKNOWN_ID),
    ("version", 7),
]


def create(user: User, **fields: object) -> Todo:
    """A new todo of the user's."""
    response = user.todos.post("/todos", json={"title": "Write tests", **fields})
    assert response.status_code == 201, response.text
    todo: Todo = response.json()
    return todo


def test_create(user: User) -> None:
    sent = {
        "title": "Write tests",
        "done": True,
        "notes": "All of them",
        "tags": ["work", "urgent"],
        "priority": 1,
        "due_at": "2026-03-01T09:30:00+01:00",
        "estimate": 90,
        "place": PLACE,
        "state": "archived",
    }
    response = user.todos.post("/todos", json=sent)
    assert response.status_code == 201
    todo = response.json()
    assert set(todo) == FIELDS
    assert {name: todo[name] for name in sent} == {**sent, "due_at": "2026-03-01T08:30:00Z"}
    assert response.headers["ETag"].startswith('"1.')
    created_at = datetime.fromisoformat(todo["created_at"])
    assert created_at.tzinfo is not None
    assert datetime.fromisoformat(todo["updated_at"]) >= created_at
    assert user.todos.get(response.headers["Location"]).json() == todo
    assert user.todos.get(f"/todos/{todo['id']}").json() == todo


def test_a_title_is_enough(user: User) -> None:
    todo = create(user)
    assert set(todo) == FIELDS
    assert {name: todo[name] for name in DEFAULTS} == DEFAULTS


def test_values_inside_of_values_are_refused_with_their_place(user: User) -> None:
    for fields, places in (
        ({"tags": ["a", "", "b" * 41, 7]}, ["/tags/1", "/tags/2", "/tags/3"]),
        (
            {"place": {"type": "Point", "coordinates": [181, -91]}},
            ["/place/coordinates/0", "/place/coordinates/1"],
        ),
        ({"place": {"type": "Circle", "coordinates": [0, 0]}}, ["/place/type"]),
    ):
        response = user.todos.post("/todos", json={"title": "Write tests", **fields})
        assert_refused(response, 422, "INVALID_BODY", *places)


@pytest.mark.parametrize(("field", "length"), [("title", 1), ("title", 200), ("notes", 0), ("notes", 2000)])
def test_values_at_the_limits_work(user: User, field: str, length: int) -> None:
    # é is two bytes in UTF-8: limits count characters.
    assert create(user, **{field: "é" * length})[field] == "é" * length


@pytest.mark.parametrize(("field", "value"), BAD_VALUES, ids=lambda value: repr(value)[:20])
def test_bad_values_are_refused(user: User, field: str, value: object) -> None:
    refused = user.todos.post("/todos", json={"title": "Write tests", field: value})
    assert_refused(refused, 422, "INVALID_BODY", f"/{field}")
    todo = create(user)
    refused = user.todos.patch(f"/todos/{todo['id']}", json={field: value})
    assert_refused(refused, 422, "INVALID_BODY", f"/{field}")
    assert user.todos.get("/todos").json()["items"] == [todo], "what was refused left nothing behind"


def test_a_title_is_required(user: User) -> None:
    assert_refused(user.todos.post("/todos", json={"done": True}), 422, "INVALID_BODY", "/title")


def test_all_faults_are_listed(user: User) -> None:
    body = {"title": "", "done": "yes", "notes": 7, "colour": "red", "size": 1}
    response = user.todos.post("/todos", json=body)
    assert_refused(response, 422, "INVALID_BODY", "/title", "/done", "/notes", "/colour", "/size")


@pytest.mark.parametrize("body", [[], "title", 5, None, [{"title": "x"}]], ids=repr)
def test_a_body_that_is_no_object_is_refused(user: User, body: object) -> None:
    assert_problem(user.todos.post("/todos", json=body), 422, "INVALID_BODY")


def test_change_only_what_is_sent(user: User) -> None:
    todo = create(user, notes="All of them")
    response = user.todos.patch(f"/todos/{todo['id']}", json={"done": True})
    assert response.status_code == 200, response.text
    changed = response.json()
    assert changed == {**todo, "done": True, "version": 2, "updated_at": changed["updated_at"]}
    assert user.todos.get(f"/todos/{todo['id']}").json() == changed


def test_updated_at_moves_and_created_at_stays(user: User) -> None:
    todo = create(user)
    before = datetime.fromisoformat(todo["updated_at"])
    changed = user.todos.patch(f"/todos/{todo['id']}", json={"title": "Run tests"}).json()
    assert datetime.fromisoformat(changed["updated_at"]) > before
    assert changed["created_at"] == todo["created_at"]


def test_replace_all_of_it(user: User) -> None:
    todo = create(user, notes="All of them", tags=["work"], place=PLACE, due_at="2026-03-01T08:30:00Z")
    path = f"/todos/{todo['id']}"
    response = user.todos.put(path, json={"title": "Run tests", "priority": 2})
    assert response.status_code == 200, response.text
    replaced = response.json()
    kept = {name: todo[name] for name in ("id", "created_at")}
    changed = {"title": "Run tests", "priority": 2, "version": 2, "updated_at": replaced["updated_at"]}
    assert replaced == {**DEFAULTS, **kept, **changed}
    assert user.todos.get(path).json() == replaced
    assert_refused(user.todos.put(path, json={"priority": 2}), 422, "INVALID_BODY", "/title")
    assert_problem(user.todos.put(f"/todos/{UNKNOWN_ID}", json={"title": "x"}), 404, "NOT_FOUND")


def test_what_may_be_null_can_be_set_and_removed(user: User) -> None:
    path = f"/todos/{create(user)['id']}"
    values = {"due_at": "2026-03-01T08:30:00Z", "estimate": 0, "place": PLACE}
    for sent in (values, dict.fromkeys(values)):
        assert user.todos.patch(path, json=sent).status_code == 200
        found = user.todos.get(path).json()
        assert {name: found[name] for name in values} == sent


def test_delete(user: User) -> None:
    kept, gone = create(user), create(user)
    path = f"/todos/{gone['id']}"
    response = user.todos.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(user.todos.get(path), 404, "NOT_FOUND")
    assert_problem(user.todos.patch(path, json={"done": True}), 404, "NOT_FOUND")
    assert_problem(user.todos.put(path, json={"title": "x"}), 404, "NOT_FOUND")
    assert_problem(user.todos.delete(path), 404, "NOT_FOUND")
    assert user.todos.get("/todos").json()["items"] == [kept]


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_unknown_id_is_not_found(user: User, method: str) -> None:
    body = {"title": "x"} if method in ("PATCH", "PUT") else None
    assert_problem(user.todos.request(method, f"/todos/{UNKNOWN_ID}", json=body), 404, "NOT_FOUND")


def test_others_do_not_see_a_todo(user: User, other_user: User) -> None:
    todo = create(other_user)
    path = f"/todos/{todo['id']}"
    hidden = assert_problem(user.todos.get(path), 404, "NOT_FOUND")
    unknown = assert_problem(user.todos.get(f"/todos/{UNKNOWN_ID}"), 404, "NOT_FOUND")
    assert without_request(hidden) == without_request(unknown), "the answer tells what exists"
    assert_problem(user.todos.patch(path, json={"done": True}), 404, "NOT_FOUND")
    assert_problem(user.todos.put(path, json={"title": "x"}), 404, "NOT_FOUND")
    assert_problem(user.todos.delete(path), 404, "NOT_FOUND")
    assert user.todos.get("/todos").json()["items"] == []
    assert other_user.todos.get(path).json() == todo


def test_text_of_any_script_survives(user: User) -> None:
    text = 'Ἁδα 爱达 👩🏽‍💻 "quote" \\ </script> line\nline'
    todo = create(user, title=text, notes=text)
    assert (todo["title"], todo["notes"]) == (text, text)
    assert user.todos.get(f"/todos/{todo['id']}").json() == todo
