"""Groups, statistics and samples of one's todos."""

from typing import Any

import pytest

from services.todos.tests.conftest import Todos

TODOS: tuple[dict[str, Any], ...] = (
    {"title": "a", "tags": ["garden", "weekly"], "estimate": 10, "priority": 1},
    {"title": "b", "tags": ["garden"], "estimate": 25, "done": True},
    {"title": "c", "tags": [], "due_at": "2026-03-01T00:00:00Z", "estimate": None},
    {"title": "d", "tags": ["phone"], "due_at": "2026-03-09T00:00:00Z", "state": "someday"},
)


@pytest.fixture
def some(todos: Todos) -> Todos:
    for todo in TODOS:
        todos.create(**todo)
    return todos


def grouped(todos: Todos, field: str, **query: Any) -> list[tuple[Any, int]]:
    found = todos.ask(f"/group/{field}", **query)
    assert found["meta"]["exact"] is True
    return [(one["value"], one["count"]) for one in found["items"]]


def test_groups_tell_how_many_have_each_value(some: Todos) -> None:
    assert grouped(some, "done") == [(False, 3), (True, 1)]
    assert grouped(some, "tags") == [("garden", 2), ("phone", 1), ("weekly", 1)]
    assert grouped(some, "priority") == [(1, 1), (3, 3)]
    assert grouped(some, "state", sort_by="-count") == [("active", 3), ("someday", 1)]


def test_groups_of_what_is_asked_for(some: Todos) -> None:
    assert grouped(some, "tags", where={"done": True}) == [("garden", 1)]
    assert grouped(some, "tags", where={"due_at": {"$exists": True}}) == [("phone", 1)]
    assert grouped(some, "state", where={"title": "z"}) == []


def test_groups_follow_every_change(some: Todos) -> None:
    ids = [todo["id"] for todo in some.ask()["items"]]
    some.send("PATCH", f"/{ids[0]}", json={"done": True, "tags": ["phone"]})
    some.send("PUT", f"/{ids[1]}", json={"title": "b"})
    some.send("DELETE", f"/{ids[3]}")
    assert grouped(some, "done") == [(False, 2), (True, 1)]
    assert grouped(some, "tags") == [("phone", 1)]
    assert some.ask(count="exact")["meta"]["total"] == 3
    assert some.ask("/stats", fields="estimate")["stats"]["estimate"]["sum"] == 10


def test_totals_make_groups_and_sums_cheap(todos: Todos) -> None:
    for number in range(25):
        todos.create(f"{number}", done=number % 2 == 0, estimate=number)
    for below in ("/group/done", "/stats"):
        query = {"fields": "estimate"} if below == "/stats" else {}
        by_totals = todos.ask(below, **query)
        by_reading = todos.ask(below, where={"title": {"$exists": True}}, **query)
        same = "items" if "items" in by_totals else "stats"
        assert by_totals[same] == by_reading[same]
        assert by_reading["meta"]["examined"] >= 25
    assert todos.ask("/group/done")["meta"]["examined"] <= 2


def test_statistics_are_of_what_has_a_value(some: Todos) -> None:
    assert some.ask("/stats", fields="estimate,due_at") == {
        "stats": {
            "estimate": {"min": 10, "max": 25, "sum": 35, "avg": 17.5, "count": 2},
            "due_at": {
                "min": "2026-03-01T00:00:00Z",
                "max": "2026-03-09T00:00:00Z",
                "sum": None,
                "avg": None,
                "count": 2,
            },
        },
        "meta": {"exact": True, "examined": some.ask("/stats", fields="estimate,due_at")["meta"]["examined"]},
    }
    assert some.ask("/stats", fields="estimate", where={"done": False})["stats"] == {
        "estimate": {"min": 10, "max": 10, "sum": 10, "avg": 10, "count": 1}
    }


def test_statistics_of_nothing_are_null(todos: Todos) -> None:
    assert todos.ask("/stats", fields="estimate")["stats"] == {
        "estimate": {"min": None, "max": None, "sum": 0, "avg": None, "count": 0}
    }


def test_a_sample_is_some_of_what_is_asked_for(some: Todos) -> None:
    everything = {todo["id"]: todo for todo in some.ask()["items"]}
    found = some.ask("/sample", limit=2)
    assert found["meta"] == {"exact": True, "examined": 4}
    assert len({todo["id"] for todo in found["items"]}) == 2
    assert all(everything[todo["id"]] == todo for todo in found["items"])
    assert [todo["title"] for todo in some.ask("/sample", where={"done": True})["items"]] == ["b"]
    drawn = {some.ask("/sample", limit=1)["items"][0]["id"] for _ in range(60)}
    assert drawn == set(everything)


def test_figures_of_other_fields_are_refused(todos: Todos) -> None:
    for field in ("owner", "title", "place_cell", "nothing"):
        assert todos.refused("GET", f"/group/{field}")[0] in (400, 404)
        assert todos.refused("GET", "/stats", query={"fields": field}) == (400, "INVALID_PARAMETERS")
    for query in ({}, {"fields": ""}, {"fields": "estimate", "limit": "2"}):
        assert todos.refused("GET", "/stats", query=query) == (400, "INVALID_PARAMETERS")


def test_figures_tell_how_they_were_found(some: Todos) -> None:
    soon = {"due_at": {"$lt": "2026-03-05T00:00:00Z"}}
    asked: tuple[tuple[str, dict[str, str]], ...] = (
        ("/group/tags", {}),
        ("/stats", {"fields": "estimate"}),
        ("/sample", {}),
    )
    for below, query in asked:
        how = some.ask(below, where=soon, explain=True, **query)["meta"]["explain"]
        assert (how["index"], how["examined"]) == ("by-due-date", 1)
