"""Asking a list for what is so: `GET /todos?where=…`."""

import json
from typing import Any

import pytest

from testaccept.deployment import User
from testaccept.problems import assert_problem

TITLES = ["Water the plants", "Call Ada", "Plant a tree", "Read", "100% done"]


@pytest.fixture
def writer(user: User) -> User:
    """A user with five todos, of which the last two are done."""
    for title in TITLES:
        answer = user.todos.post("/todos", json={"title": title, "done": title in TITLES[3:]})
        assert answer.status_code == 201, answer.text
    return user


def titles(user: User, where: Any, **parameters: Any) -> list[str]:
    answer = user.todos.get("/todos", params={"where": json.dumps(where), **parameters})
    assert answer.status_code == 200, answer.text
    return [item["title"] for item in answer.json()["items"]]


def test_what_is_so_is_listed(writer: User) -> None:
    for where, expected in [
        ({"done": True}, TITLES[3:]),
        ({"done": {"$ne": True}}, TITLES[:3]),
        ({"title": {"$icontains": "PLANT"}}, [TITLES[0], TITLES[2]]),
        ({"title": {"$startswith": "Plant"}}, [TITLES[2]]),
        ({"title": {"$like": "%a%"}, "done": False}, TITLES[:3]),
        ({"$or": [{"title": "Read"}, {"$not": {"title": {"$gt": "Call Ada"}}}]}, [TITLES[1], *TITLES[3:]]),
        ({"created_at": {"$gt": "2020-01-01T00:00:00+05:30"}}, TITLES),
        ({"created_at": {"$lt": "2020-01-01T00:00:00Z"}}, []),
        ({"title": {"$in": []}}, []),
        ({}, TITLES),
    ]:
        assert titles(writer, where) == expected, where


def test_pages_of_what_is_so_are_full_to_the_last(writer: User) -> None:
    where = json.dumps({"done": False})
    first = writer.todos.get("/todos", params={"where": where, "limit": 2}).json()
    assert [item["title"] for item in first["items"]] == TITLES[:2]
    second = writer.todos.get(
        "/todos", params={"where": where, "limit": 2, "cursor": first["meta"]["next"]}
    ).json()
    assert ([item["title"] for item in second["items"]], second["meta"]["next"]) == (TITLES[2:3], None)
    exact = writer.todos.get("/todos", params={"where": where, "limit": 3}).json()
    assert (len(exact["items"]), exact["meta"]["next"]) == (3, None)


def test_a_cursor_is_good_for_its_own_question_only(writer: User) -> None:
    asked: dict[str, str | int] = {"where": json.dumps({"done": False}), "limit": 1}
    cursor = writer.todos.get("/todos", params=asked).json()["meta"]["next"]
    for other in ({"where": json.dumps({"done": True})}, {}):
        answer = writer.todos.get("/todos", params={**other, "cursor": cursor})
        assert_problem(answer, 400, "INVALID_PARAMETERS")


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ('{"owner": "me"}', "where.owner"),
        ('{"place_cell": {"$startswith": "u"}}', "where.place_cell"),
        ('{"$or": [{"done": true}, {"title": {"$foo": 1}}]}', "where.$or[1].title.$foo"),
        ('{"done": "yes"}', "where.done"),
        ('{"$or": []}', "where.$or"),
        ("{", "where"),
        ("[]", "where"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_path(visitor: User, where: str, path: str) -> None:
    problem = assert_problem(visitor.todos.get("/todos", params={"where": where}), 400, "INVALID_PARAMETERS")
    assert [one["detail"].split(" ")[0] for one in problem["errors"]] == [path]


def test_others_todos_are_not_found_by_asking_for_them(writer: User, other_user: User) -> None:
    assert titles(other_user, {"title": {"$exists": True}}) == []
