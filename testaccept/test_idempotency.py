"""Requests that are sent again under an Idempotency-Key: done once, and answered as before."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from testaccept.deployment import User
from testaccept.problems import assert_problem, assert_refused

TODO = {"title": "Water the plants"}


def create(user: User, key: str, **body: object) -> httpx.Response:
    return user.todos.post("/todos", json={**TODO, **body}, headers={"Idempotency-Key": key})


def number_of_todos(user: User) -> int:
    return int(user.todos.get("/todos", params={"count": "exact"}).json()["meta"]["total"])


def test_the_same_request_is_done_once_and_has_the_same_answer(user: User) -> None:
    key = str(uuid4())
    first, again = create(user, key), create(user, f'"{key}"')
    assert first.status_code == again.status_code == 201, first.text
    assert again.content == first.content
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert number_of_todos(user) == 1
    assert create(user, str(uuid4())).json()["id"] != first.json()["id"]


def test_another_request_under_the_same_key_is_refused(user: User) -> None:
    key = str(uuid4())
    create(user, key)
    assert_problem(create(user, key, done=True), 422, "IDEMPOTENCY_KEY_REUSED")
    assert number_of_todos(user) == 1


def test_of_several_at_once_one_is_done(user: User) -> None:
    key = str(uuid4())
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: create(user, key), range(4)))
    made = [one for one in answers if one.status_code == 201]
    assert {one.content for one in made} == {made[0].content}
    for one in answers:
        if one not in made:
            assert_problem(one, 409, "IDEMPOTENCY_KEY_IN_USE")
            assert int(one.headers["Retry-After"]) > 0
    assert number_of_todos(user) == 1


def test_the_key_of_somebody_else_is_another(user: User, other_user: User) -> None:
    key = str(uuid4())
    mine, theirs = create(user, key), create(other_user, key, title="Feed the cat")
    assert theirs.status_code == 201, theirs.text
    assert theirs.json()["id"] != mine.json()["id"]
    assert "Idempotency-Replayed" not in theirs.headers


@pytest.mark.parametrize("key", ["", "two words", "a,b", '"open', "x" * 256])
def test_what_is_no_key_is_told(visitor: User, key: str) -> None:
    assert_refused(create(visitor, key), 400, "INVALID_PARAMETERS", "Idempotency-Key")


def test_an_export_is_started_once(user: User) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (user.todos.post("/todos/export", headers=key) for _ in range(2))
    assert first.status_code == again.status_code == 202, first.text
    assert again.headers["Location"] == first.headers["Location"]


def test_the_document_tells_of_the_header_and_its_refusals(visitor: User) -> None:
    paths = visitor.todos.get("/openapi.json").json()["paths"]
    for path in ("/todos", "/todos/export"):
        operation = paths[path]["post"]
        (header,) = (one for one in operation["parameters"] if one["name"] == "Idempotency-Key")
        assert (header["in"], header["required"]) == ("header", False)
        assert {"400", "409", "422"} <= operation["responses"].keys()
    assert "parameters" not in paths["/todos/erasure"]["post"]
