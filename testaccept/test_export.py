"""An export of all one's todos, made by a worker while the client polls an operation."""

import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from testaccept.conftest import Eventually
from testaccept.deployment import User
from testaccept.endpoints import UNKNOWN_ID
from testaccept.problems import assert_problem, without_request

Operation = dict[str, Any]


def start(user: User) -> tuple[str, Operation]:
    """Start an export; the operation's address and what it looked like at first."""
    response = user.todos.post("/todos/export")
    assert response.status_code == 202, response.text
    operation: Operation = response.json()
    assert response.headers["Location"] == f"/operations/{operation['id']}"
    return response.headers["Location"], operation


def finish(user: User, address: str, eventually: Eventually) -> Operation:
    """The operation once it succeeded."""

    def read() -> Operation:
        response = user.todos.get(address)
        assert response.status_code == 200, response.text
        operation: Operation = response.json()
        assert operation["status"] == "succeeded", operation
        return operation

    return eventually(read)


def fetch(user: User, operation: Operation) -> httpx.Response:
    response = user.todos.get(operation["result"]["href"])
    assert response.status_code == 200, response.text
    return response


def test_an_export_holds_every_todo(user: User, eventually: Eventually) -> None:
    texts = ["Write tests", "Zwölf Boxkämpfer 👩🏽‍💻", 'a "quoted"\nline and \u2028 another']
    full = {
        "tags": ["a", "b"],
        "due_at": "2026-03-01T00:00:00Z",
        "estimate": 5,
        "place": {"type": "Point", "coordinates": [13.4, 52]},
        "state": "someday",
    }
    bodies = [{"title": text, "notes": text} for text in texts] + [{"title": "Plan", **full}]
    todos = [user.todos.post("/todos", json=body).json() for body in bodies]
    assert full.items() <= todos[-1].items()
    address, _ = start(user)
    operation = finish(user, address, eventually)
    assert operation["result"]["count"] == len(todos)
    export = fetch(user, operation)
    assert export.headers["Content-Type"].split(";")[0] == "application/x-ndjson"
    # Only \n ends a line of NDJSON: splitlines() would also break at \u2028.
    lines = export.content.decode().removesuffix("\n").split("\n")
    exported = sorted((json.loads(line) for line in lines), key=lambda todo: str(todo["id"]))
    assert exported == sorted(todos, key=lambda todo: str(todo["id"]))


def test_an_export_is_longer_than_a_page(user: User, eventually: Eventually) -> None:
    ids = {user.todos.post("/todos", json={"title": f"Todo {n}"}).json()["id"] for n in range(105)}
    address, _ = start(user)
    operation = finish(user, address, eventually)
    assert operation["result"]["count"] == 105
    assert {json.loads(line)["id"] for line in fetch(user, operation).content.splitlines()} == ids


def test_an_empty_list_makes_an_empty_export(user: User, eventually: Eventually) -> None:
    address, _ = start(user)
    operation = finish(user, address, eventually)
    assert operation["result"]["count"] == 0
    assert fetch(user, operation).content == b""


def test_what_an_operation_tells(user: User, eventually: Eventually) -> None:
    address, first = start(user)
    last = finish(user, address, eventually)
    for operation in (first, last):
        assert {"id", "task", "status", "progress", "created_at", "updated_at"} <= set(operation)
        assert operation["status"] in {"queued", "running", "succeeded"}
        assert 0 <= operation["progress"] <= 1
    assert last["progress"] == 1
    assert set(last["result"]) == {"href", "count"}
    assert last.get("problem") is None
    assert (last["id"], last["task"], last["created_at"]) == (first["id"], first["task"], first["created_at"])
    assert datetime.fromisoformat(last["updated_at"]) >= datetime.fromisoformat(first["updated_at"])


def test_two_exports_are_two_operations(user: User, eventually: Eventually) -> None:
    addresses = [start(user)[0] for _ in range(2)]
    hrefs = {finish(user, address, eventually)["result"]["href"] for address in addresses}
    assert len(set(addresses)) == len(hrefs) == 2


def test_others_see_neither_operation_nor_export(
    user: User, other_user: User, eventually: Eventually
) -> None:
    address, _ = start(other_user)
    href = finish(other_user, address, eventually)["result"]["href"]
    for path, unknown in ((address, f"/operations/{UNKNOWN_ID}"), (href, f"/todos/exports/{UNKNOWN_ID}")):
        hidden = assert_problem(user.todos.get(path), 404, "NOT_FOUND")
        missing = assert_problem(user.todos.get(unknown), 404, "NOT_FOUND")
        assert without_request(hidden) == without_request(missing), "the answer tells what exists"


@pytest.mark.parametrize("service", ["auth", "todos"])
def test_an_unknown_operation_is_not_found(user: User, service: str) -> None:
    assert_problem(user.of(service).get(f"/operations/{UNKNOWN_ID}"), 404, "NOT_FOUND")
