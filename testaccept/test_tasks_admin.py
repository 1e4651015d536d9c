"""What an operator sees of tasks that have failed, and does with them.

An export fails for good where everything of its user was erased: that is how there comes to be one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from testaccept.conftest import Eventually
from testaccept.deployment import User, mint_token, open_clients
from testaccept.endpoints import UNKNOWN_ID
from testaccept.problems import assert_problem

TASK = "services.todos.exports.write_export"
Details = dict[str, Any]


def operators_client(stack: ExitStack, scope: str) -> httpx.Client:
    """A client of todos with a token that has this scope."""
    token = mint_token("--subject", "testaccept-operator", "--audience", "todos", "--scope", scope)
    return open_clients(stack, token).todos


@pytest.fixture
def operator() -> Iterator[httpx.Client]:
    """Somebody who may look after tasks."""
    with ExitStack() as stack:
        yield operators_client(stack, "tasks:admin")


@pytest.fixture
def failed(user: User, eventually: Eventually) -> str:
    """The id of an operation of `user` that has failed."""
    with ExitStack() as stack:
        eraser = operators_client(stack, "todos:delete-all")
        erased = eraser.post("/todos/erasure", json={"owner": user.user_id})
        assert erased.status_code == 200, erased.text
    started = user.todos.post("/todos/export")
    assert started.status_code == 202, started.text

    def read() -> str:
        operation = user.todos.get(started.headers["Location"]).json()
        assert operation["status"] == "failed", operation
        return str(operation["id"])

    return eventually(read)


def details(operator: httpx.Client, operation_id: str) -> Details:
    response = operator.get(f"/admin/operations/{operation_id}")
    assert response.status_code == 200, response.text
    told: Details = response.json()
    return told


def parked(operator: httpx.Client) -> Iterator[Details]:
    """What is parked of the task, page by page: the latest comes first."""
    query = {"task": TASK, "limit": "100"}
    for _ in range(50):
        response = operator.get("/admin/operations", params=query)
        assert response.status_code == 200, response.text
        page = response.json()
        yield from page["items"]
        if "next" not in page:
            return
        query["after"] = page["next"]


@pytest.mark.operator
def test_what_has_failed_is_listed_and_shown(
    operator: httpx.Client, user: User, failed: str, eventually: Eventually
) -> None:
    def find() -> Details:
        found = [one for one in parked(operator) if one["id"] == failed]
        assert found, "the index lags behind"
        return found[0]

    listed = eventually(find)
    assert (listed["status"], listed["parked"], listed["code"]) == ("failed", True, "NOT_FOUND")
    assert listed["owner"] == user.user_id
    told = details(operator, failed)
    assert listed.items() <= told.items()
    assert told["arguments"]["owner"] == user.user_id
    assert (told["caller"]["subject"], told["problem"]["code"]) == (user.user_id, "NOT_FOUND")
    assert [one["code"] for one in told["history"]] == ["NOT_FOUND"]
    assert {"request_id", "created_at", "finished_at", "expires_at"} <= set(told)
    assert "result" not in told


@pytest.mark.operator
def test_it_is_replayed_and_then_discarded(
    operator: httpx.Client, user: User, failed: str, eventually: Eventually
) -> None:
    address = f"/admin/operations/{failed}"
    replayed = operator.post(f"{address}/replay")
    assert replayed.status_code == 200, replayed.text
    assert not replayed.json()["parked"]

    def failed_again() -> None:
        told = details(operator, failed)
        assert told["parked"], told
        assert [one["attempt"] for one in told["history"]] == [1, 1]

    eventually(failed_again)
    discarded = operator.post(f"{address}/discard")
    assert discarded.status_code == 200, discarded.text
    told = details(operator, failed)
    assert (told["status"], told["parked"], told["arguments"]) == ("failed", False, {})
    for action in ("replay", "discard"):
        assert_problem(operator.post(f"{address}/{action}"), 409, "NOT_PARKED")
    assert_problem(operator.post(f"{address}/cancel"), 409, "NOT_CANCELLABLE")
    assert user.todos.get(f"/operations/{failed}").json()["status"] == "failed", "to its owner it stays"

    def gone() -> None:
        assert failed not in {one["id"] for one in parked(operator)}

    eventually(gone)


@pytest.mark.operator
def test_what_is_not_there_is_not_found(operator: httpx.Client) -> None:
    for name in (UNKNOWN_ID, "unique:a:b", f"schedule:{TASK}", "worker:a:1"):
        assert_problem(operator.get(f"/admin/operations/{name}"), 404, "NOT_FOUND")
        for action in ("replay", "discard", "cancel"):
            assert_problem(operator.post(f"/admin/operations/{name}/{action}"), 404, "NOT_FOUND")


@pytest.mark.operator
@pytest.mark.parametrize(
    "query",
    [{"status": "succeeded"}, {"limit": "101"}, {"after": "made-up"}, {"task": ""}],
    ids=lambda q: next(iter(q)),
)
def test_a_list_that_there_is_not_is_refused(operator: httpx.Client, query: dict[str, str]) -> None:
    assert_problem(operator.get("/admin/operations", params=query), 400, "INVALID_PARAMETERS")


def test_users_may_do_none_of_it_not_even_to_their_own(user: User) -> None:
    started = user.todos.post("/todos/export").json()
    address = f"/admin/operations/{started['id']}"
    assert_problem(user.todos.get("/admin/operations"), 403, "FORBIDDEN")
    assert_problem(user.todos.get(address), 403, "FORBIDDEN")
    for action in ("replay", "discard", "cancel"):
        assert_problem(user.todos.post(f"{address}/{action}"), 403, "FORBIDDEN")
