"""There is no way to somebody else's todos: not by asking, not by changing, not by counting."""

import json
from typing import Any

import pytest

from services.todos.tests.conftest import Todos

PLACE = {"type": "Point", "coordinates": [13.4, 52.52]}
NEAR = {"place": {"$geo.dwithin": {"geometry": PLACE, "distance": 1000}}}


@pytest.fixture
def secret(others: Todos) -> dict[str, Any]:
    """A todo of somebody else's with a value in every field."""
    return others.create(
        "secret",
        tags=["secret"],
        estimate=42,
        due_at="2026-03-01T00:00:00Z",
        priority=1,
        place=PLACE,
        state="someday",
    )


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"title": "secret"},
        {"title": {"$exists": True}},
        {"$not": {"title": "x"}},
        {"$or": [{"title": "secret"}, {"done": {"$in": [True, False]}}]},
        {"due_at": {"$gt": "2000-01-01T00:00:00Z"}},
        {"priority": {"$lte": 5}},
        NEAR,
        {"tags": {"$contains": "secret"}},
    ],
)
def test_no_question_finds_it(todos: Todos, secret: dict[str, Any], where: dict[str, Any]) -> None:
    for sort_by in ("", "due_at", "-priority", "title"):
        query = {"where": where, "count": "exact", **({"sort_by": sort_by} if sort_by else {})}
        found = todos.ask(**query)
        # One's own total, which alone answers a count of everything, is examined, and no row.
        examined = 0 if where else 1
        assert (found["items"], found["meta"]["total"], found["meta"]["examined"]) == ([], 0, examined)
    for field in ("done", "tags", "priority", "state"):
        assert todos.ask(f"/group/{field}", where=where)["items"] == []
    stats = todos.ask("/stats", where=where, fields="estimate,priority,due_at")["stats"]
    assert [one["count"] for one in stats.values()] == [0, 0, 0]
    assert todos.ask("/sample", where=where)["items"] == []


def test_nor_does_its_id(todos: Todos, secret: dict[str, Any]) -> None:
    for where in ({"id": secret["id"]}, {"id": {"$in": [secret["id"]]}}, {"id": {"$gte": ""}}):
        assert todos.titles(where=where) == []
    for method in ("GET", "HEAD", "PATCH", "PUT", "DELETE"):
        for headers in ({}, {"If-Match": "*"}, {"If-None-Match": "*"}, {"If-Match": '"1"'}):
            answer = todos.send(method, f"/{secret['id']}", json={"title": "stolen"}, headers=headers)
            assert answer.status_code == 404


@pytest.mark.parametrize("below", ["", "/group/done", "/stats", "/sample"])
@pytest.mark.parametrize(
    "where",
    [
        {"owner": "ada"},
        {"owner": {"$exists": True}},
        {"$or": [{"owner": {"$ne": "x"}}]},
        {"$not": {"owner": "x"}},
        {"place_cell": {"$startswith": "u"}},
    ],
)
def test_nobody_can_ask_by_what_is_hidden(todos: Todos, below: str, where: dict[str, Any]) -> None:
    query = {"where": where, **({"fields": "estimate"} if below == "/stats" else {})}
    assert todos.refused("GET", below, query=query) == (400, "INVALID_PARAMETERS")


def test_a_cursor_is_good_for_its_caller_and_its_question(todos: Todos, others: Todos) -> None:
    for one in (todos, others):
        for number in range(3):
            one.create(f"{number}", due_at="2026-03-01T00:00:00Z")
    questions: list[dict[str, Any]] = [
        {},
        {"sort_by": "title"},
        {"sort_by": "-title"},
        {"sort_by": "priority"},
        {"where": {"done": False}},
        {"where": {"due_at": {"$exists": True}}, "sort_by": "due_at"},
    ]
    cursors = [todos.ask(limit=1, **question)["meta"]["next"] for question in questions]
    for number, cursor in enumerate(cursors):
        for other, question in enumerate(questions):
            answer = todos.send("GET", query={"limit": "1", "cursor": cursor, **question})
            assert answer.status_code == (200 if other == number else 400), (question, answer.text)
        assert others.refused("GET", query={"limit": "1", "cursor": cursor, **questions[number]}) == (
            400,
            "INVALID_PARAMETERS",
        )


@pytest.mark.parametrize("name", ["owner", "id", "version", "created_at", "updated_at", "place_cell"])
def test_nobody_can_write_what_is_not_theirs_to_write(todos: Todos, others: Todos, name: str) -> None:
    todo = todos.create()
    value = todo.get(name, "x")
    for method, below in (("POST", ""), ("PUT", f"/{todo['id']}"), ("PATCH", f"/{todo['id']}")):
        answer = todos.send(method, below, json={"title": "y", name: value})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "INVALID_BODY")
        assert [fault["pointer"] for fault in answer.get_json()["errors"]] == [f"/{name}"]
    assert todos.ask()["items"] == [todo]
    assert others.ask()["items"] == []


def test_what_explain_tells_is_of_ones_own(todos: Todos, others: Todos, secret: dict[str, Any]) -> None:
    todos.create()
    told = json.dumps(todos.ask(explain=True, sort_by="title")["meta"])
    assert "secret" not in told
    assert secret["id"] not in told
