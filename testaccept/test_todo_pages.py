"""Lists of todos come in pages, and a cursor leads through all of them and nowhere else."""

import base64
from typing import Any

import pytest

from testaccept.deployment import User
from testaccept.problems import assert_problem, assert_refused

Todo = dict[str, Any]

META = {"next", "prev", "has_more", "examined", "truncated"}


def create_many(user: User, count: int) -> list[Todo]:
    """That many todos of the user's, as their creation answered."""
    responses = [user.todos.post("/todos", json={"title": f"Todo {number}"}) for number in range(count)]
    assert [response.status_code for response in responses] == [201] * count
    return [response.json() for response in responses]


def follow(user: User, **parameters: int) -> list[list[Todo]]:
    """All pages, from the first to the one whose `next` is null."""
    pages: list[list[Todo]] = []
    cursor: dict[str, str] = {}
    while True:
        response = user.todos.get("/todos", params={**parameters, **cursor})
        assert response.status_code == 200, response.text
        page = response.json()
        assert set(page) == {"items", "meta"}
        meta = page["meta"]
        assert set(meta) == META
        assert (
            meta["has_more"]
            == (meta["next"] is not None)
            == ('rel="next"' in response.headers.get("Link", ""))
        )
        assert (meta["prev"] is None) == (not pages)
        assert meta["truncated"] is False
        pages.append(page["items"])
        if meta["next"] is None:
            return pages
        assert len(pages) < 200, "the pages have no end"
        cursor = {"cursor": meta["next"]}


def first_cursor(user: User) -> str:
    """A cursor to the user's second page."""
    cursor: str = user.todos.get("/todos", params={"limit": 1}).json()["meta"]["next"]
    assert isinstance(cursor, str)
    return cursor


def by_id(todos: list[Todo]) -> list[Todo]:
    return sorted(todos, key=lambda todo: str(todo["id"]))


def test_an_empty_list_is_one_page(user: User) -> None:
    response = user.todos.get("/todos")
    assert response.json() == {
        "items": [],
        "meta": {"next": None, "prev": None, "has_more": False, "examined": 0, "truncated": False},
    }
    assert "Link" not in response.headers


@pytest.mark.parametrize(
    ("count", "limit", "sizes"),
    [(25, 7, [7, 7, 7, 4]), (12, 6, [6, 6]), (5, 5, [5]), (4, 1, [1, 1, 1, 1]), (3, 100, [3])],
)
def test_pages_hold_every_todo_once(user: User, count: int, limit: int, sizes: list[int]) -> None:
    todos = create_many(user, count)
    pages = follow(user, limit=limit)
    assert by_id([todo for page in pages for todo in page]) == by_id(todos)
    assert [len(page) for page in pages] == sizes


def test_a_page_has_20_items_unless_asked_otherwise(user: User) -> None:
    create_many(user, 21)
    assert [len(page) for page in follow(user)] == [20, 1]


def test_the_page_size_may_change_on_the_way(user: User) -> None:
    create_many(user, 6)
    page = user.todos.get("/todos", params={"limit": 2}).json()
    rest = user.todos.get("/todos", params={"limit": 10, "cursor": page["meta"]["next"]}).json()
    assert rest["meta"]["next"] is None
    assert len({todo["id"] for todo in page["items"] + rest["items"]}) == 6


def test_a_page_survives_the_deletion_of_what_it_stands_on(user: User) -> None:
    todos = create_many(user, 4)
    page = user.todos.get("/todos", params={"limit": 2}).json()
    assert user.todos.delete(f"/todos/{page['items'][-1]['id']}").status_code == 204
    rest = user.todos.get("/todos", params={"cursor": page["meta"]["next"]}).json()
    assert by_id(page["items"] + rest["items"]) == by_id(todos)


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1.5", "many", "", "1e1", "99999999999999999999"])
def test_a_limit_out_of_bounds_is_refused(user: User, limit: str) -> None:
    response = user.todos.get("/todos", params={"limit": limit})
    assert_refused(response, 400, "INVALID_PARAMETERS", "limit")


def test_an_unknown_parameter_is_refused(user: User) -> None:
    response = user.todos.get("/todos", params={"colour": "red", "limit": 0})
    assert_refused(response, 400, "INVALID_PARAMETERS", "colour", "limit")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "garbage",
        "💥",
        "a" * 3000,
        base64.urlsafe_b64encode(b'{"id": "0"}').decode(),
        base64.urlsafe_b64encode(b'{"owner": {"S": "x"}, "id": {"S": "0"}}').decode(),
    ],
    ids=lambda cursor: cursor[:10] or "empty",
)
def test_a_made_up_cursor_is_refused(user: User, cursor: str) -> None:
    response = user.todos.get("/todos", params={"cursor": cursor})
    assert_refused(response, 400, "INVALID_PARAMETERS", "cursor")


def test_a_changed_cursor_is_refused(user: User) -> None:
    create_many(user, 2)
    cursor = first_cursor(user)
    # Not the last character: in base64 some of its bits may stand for nothing.
    for place in (0, len(cursor) // 2, len(cursor) - 4):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert_refused(
            user.todos.get("/todos", params={"cursor": changed}), 400, "INVALID_PARAMETERS", "cursor"
        )
    assert_problem(user.todos.get("/todos", params={"cursor": cursor[:-4]}), 400, "INVALID_PARAMETERS")


def test_somebody_elses_cursor_is_refused(user: User, other_user: User) -> None:
    create_many(user, 2)
    create_many(other_user, 2)
    response = user.todos.get("/todos", params={"cursor": first_cursor(other_user)})
    assert_refused(response, 400, "INVALID_PARAMETERS", "cursor")
    assert user.todos.get("/todos", params={"cursor": first_cursor(user)}).status_code == 200
