"""Following and cancelling what a worker does for the client."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from testaccept.conftest import Eventually
from testaccept.deployment import User
from testaccept.endpoints import UNKNOWN_ID
from testaccept.problems import assert_problem, without_request

Operation = dict[str, Any]

OVER = {"succeeded", "failed", "cancelled"}
TRIES = 25
"""How often is tried what a fast worker may be faster than: less than a user may start in a minute."""


def start(user: User) -> str:
    """Start an export; the operation's address."""
    response = user.todos.post("/todos/export")
    assert response.status_code == 202, response.text
    assert int(response.headers["Retry-After"]) >= 1
    return response.headers["Location"]


def look(user: User, address: str) -> Operation:
    response = user.todos.get(address)
    assert response.status_code == 200, response.text
    operation: Operation = response.json()
    assert ("Retry-After" in response.headers) == (operation["status"] not in OVER)
    return operation


def end(user: User, address: str, eventually: Eventually) -> Operation:
    """The operation once it is over."""

    def read() -> Operation:
        operation = look(user, address)
        assert operation["status"] in OVER, operation
        return operation

    return eventually(read)


def cancel(user: User, address: str) -> httpx.Response:
    return user.todos.post(f"{address}/cancel")


def assert_cancelled(user: User, address: str) -> None:
    """Assert that it is cancelled and stays so, whatever is asked."""
    operation = look(user, address)
    assert operation["status"] == "cancelled"
    assert operation["finished_at"] >= operation["created_at"]
    assert not {"result", "problem"} & set(operation)
    for _ in range(2):
        again = cancel(user, address)
        assert (again.status_code, again.json()) == (200, operation)


@pytest.fixture
def busy_user(user: User) -> User:
    """Somebody whose todos take a while to be exported."""
    for number in range(150):
        body = {"title": f"Todo {number}", "notes": "x" * 1500}
        assert user.todos.post("/todos", json=body).status_code == 201
    return user


def cancelled_while_it_waits(user: User) -> str:
    """The address of an operation that was cancelled before a worker took it: there were others before it."""
    for _ in range(3):
        address = [start(user) for _ in range(TRIES // 3)][-1]
        answer = cancel(user, address)
        assert answer.status_code in {200, 202, 409}, answer.text
        if answer.status_code == 200:
            assert answer.json()["status"] == "cancelled"
            return address
    pytest.fail("the worker was faster each time")


def test_one_that_waits_is_cancelled_at_once(busy_user: User) -> None:
    assert_cancelled(busy_user, cancelled_while_it_waits(busy_user))


def test_one_that_runs_is_asked_to_stop(busy_user: User, eventually: Eventually) -> None:
    for _ in range(TRIES):
        address = start(busy_user)
        while look(busy_user, address)["status"] == "queued":
            pass
        asked = cancel(busy_user, address)
        if asked.status_code == 409:
            continue  # it was over before
        assert asked.status_code == 202, asked.text
        assert asked.headers["Location"] == address
        assert asked.json()["status"] == "running"
        again = cancel(busy_user, address)
        assert again.status_code in {200, 202, 409}
        if end(busy_user, address, eventually)["status"] == "cancelled":
            assert_cancelled(busy_user, address)
            return
    pytest.fail("the worker was faster each time")


def test_one_that_is_over_cannot_be_cancelled(user: User, eventually: Eventually) -> None:
    address = start(user)
    before = end(user, address, eventually)
    assert before["status"] == "succeeded"
    for _ in range(2):
        assert_problem(cancel(user, address), 409, "NOT_CANCELLABLE")
    assert look(user, address) == before


def test_nobody_else_cancels_or_follows_it(user: User, other_user: User, eventually: Eventually) -> None:
    address = start(other_user)
    for path, method in (("cancel", "POST"), ("events", "GET")):
        theirs = user.todos.request(method, f"{address}/{path}")
        nobodys = user.todos.request(method, f"/operations/{UNKNOWN_ID}/{path}")
        hidden, missing = (assert_problem(one, 404, "NOT_FOUND") for one in (theirs, nobodys))
        assert without_request(hidden) == without_request(missing), "the answer tells what exists"
    assert end(other_user, address, eventually)["status"] == "succeeded"


def events(user: User, address: str, last: str | None = None) -> Iterator[tuple[str, Operation]]:
    """Yield id and data of each event of one stream."""
    headers = {} if last is None else {"Last-Event-ID": last}
    with user.todos.stream("GET", f"{address}/events", headers=headers, timeout=60) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["Content-Type"].split(";")[0] == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if not line and "data" in fields:
                assert fields["event"] == "operation"
                yield fields["id"], json.loads(fields["data"])
            fields = {**fields, name: value} if line else {}


def followed(user: User, address: str) -> list[tuple[str, Operation]]:
    """Follow an operation to its end as a browser does, which comes back where a stream ends before."""
    told: list[tuple[str, Operation]] = []
    for _ in range(5):
        told += events(user, address, told[-1][0] if told else None)
        if told[-1][1]["status"] in OVER:
            return told
    pytest.fail(f"it was not over after five streams: {told[-1][1]}")


def test_the_owner_is_told_each_change_once_and_the_end(user: User) -> None:
    address = start(user)
    told = followed(user, address)
    ids = [event_id for event_id, _ in told]
    assert len(ids) == len(set(ids))
    assert told[-1][1] == look(user, address), "the data is what GET answers"
    order = ["queued", "running", "succeeded"]
    seen = [order.index(operation["status"]) for _, operation in told]
    assert seen == sorted(seen)
    over = user.todos.get(f"{address}/events", headers={"Last-Event-ID": ids[-1]})
    assert (over.status_code, over.content) == (204, b"")


def test_who_follows_is_told_that_it_was_cancelled(busy_user: User) -> None:
    ((_, operation),) = events(busy_user, cancelled_while_it_waits(busy_user))
    assert operation["status"] == "cancelled"
