"""Versions of todos: ETag, If-Match and If-None-Match (RFC 9110, 13.1)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from testaccept.deployment import User
from testaccept.problems import assert_problem, assert_refused


@pytest.fixture
def todo(user: User) -> dict[str, Any]:
    response = user.todos.post("/todos", json={"title": "Write tests"})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


@pytest.fixture
def path(todo: dict[str, Any]) -> str:
    return f"/todos/{todo['id']}"


def test_the_tag_begins_with_the_version(user: User, path: str) -> None:
    for number, method in enumerate(("GET", "PATCH", "PUT", "PATCH"), start=1):
        body = None if method == "GET" else {"title": str(number)}
        response = user.todos.request(method, path, json=body)
        assert response.status_code == 200, response.text
        version = response.json()["version"]
        assert (version, response.headers["ETag"].startswith(f'"{number}.')) == (number, True)


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("if_match", ['"1"', "*", '"9" , "1"'])
def test_a_change_of_what_was_seen_is_made(user: User, path: str, method: str, if_match: str) -> None:
    body = None if method == "DELETE" else {"title": "y"}
    response = user.todos.request(method, path, json=body, headers={"If-Match": if_match})
    assert response.status_code == (204 if method == "DELETE" else 200), response.text


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("if_match", ['"2"', 'W/"1"', '"one"'])
def test_a_change_of_something_else_is_not(
    user: User, todo: dict[str, Any], path: str, method: str, if_match: str
) -> None:
    body = None if method == "DELETE" else {"title": "y"}
    response = user.todos.request(method, path, json=body, headers={"If-Match": if_match})
    assert_problem(response, 412, "PRECONDITION_FAILED")
    assert user.todos.get(path).json() == todo


@pytest.mark.parametrize("if_match", ["1", '"1', "one, two"])
def test_a_condition_that_is_none_is_refused(user: User, path: str, if_match: str) -> None:
    response = user.todos.patch(path, json={"title": "y"}, headers={"If-Match": if_match})
    assert_refused(response, 400, "INVALID_PARAMETERS", "If-Match")


def test_of_changes_to_the_same_version_one_is_made(user: User, path: str) -> None:
    def change(number: int) -> int:
        body, match = {"notes": str(number)}, {"If-Match": '"1"'}
        return user.todos.patch(path, json=body, headers=match).status_code

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(change, range(5))) == [200, 412, 412, 412, 412]
    assert user.todos.get(path).json()["version"] == 2


def test_what_is_known_is_not_sent_again(user: User, path: str) -> None:
    tag = user.todos.get(path).headers["ETag"]
    for known in (tag, f"W/{tag}", "*", f'"0", {tag}'):
        for method in ("GET", "HEAD"):
            response = user.todos.request(method, path, headers={"If-None-Match": known})
            assert (response.status_code, response.content) == (304, b"")
            assert response.headers["ETag"] == tag
            assert "Content-Type" not in response.headers
    user.todos.patch(path, json={"done": True})
    response = user.todos.get(path, headers={"If-None-Match": tag})
    assert (response.status_code, response.json()["done"]) == (200, True)


def test_head_tells_what_get_would(user: User, path: str) -> None:
    for address in (path, "/todos?limit=1", "/todos/group/done", "/todos/stats?fields=estimate"):
        got, head = user.todos.get(address), user.todos.head(address)
        assert (head.status_code, head.content) == (got.status_code, b"") == (200, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Link"):
            assert head.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_a_condition_tells_nothing_about_somebody_elses(other_user: User, path: str, method: str) -> None:
    body = {"title": "y"} if method in ("PATCH", "PUT") else None
    for headers in ({"If-Match": '"1"'}, {"If-Match": '"7"'}, {"If-Match": "*"}, {"If-None-Match": "*"}):
        response = other_user.todos.request(method, path, json=body, headers=headers)
        assert_problem(response, 404, "NOT_FOUND")
