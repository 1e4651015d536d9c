"""What clients see of operations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libs.api import Contract, Dependencies
from libs.dynamodb import Put, Table
from libs.errors import NotFound
from libs.jwt import Caller, acting_as, current_caller
from libs.tasks import Operation, accepted
from libs.tasks.following.events import EventStreams
from libs.tasks.following.handlers import cancel_operation, get_operation, operations_contribution

Store = Callable[..., Operation]

ADA = Caller("ada")


def test_what_was_started_is_answered_with_202_and_where_to_follow_it(stored: Store) -> None:
    operation = stored(owner="ada")
    with acting_as(ADA):
        answer = accepted(operation)
    assert answer.status == 202
    assert answer.headers == {"Location": f"/operations/{operation.id}", "Retry-After": "1"}
    assert answer.body["status"] == "queued"


@pytest.mark.parametrize(
    ("owner", "caller"),
    [("ada", Caller("eve")), ("ada", None), (None, Caller("eve")), (None, None)],
    ids=["another", "nobody", "of nobody", "nobody of nobody"],
)
def test_who_starts_what_another_has_started_learns_no_more_than_that(
    stored: Store, owner: str | None, caller: Caller | None
) -> None:
    operation = stored(owner=owner)
    operation.claim(30)
    operation.report(0.5, "Reading the notes of Ada")
    with acting_as(caller):
        answer = accepted(operation)
    assert (answer.status, answer.headers) == (202, {})
    assert answer.body == {
        "id": operation.id,
        "task": "some.task",
        "status": "running",
        "progress": 0,
        "created_at": operation.created_at,
        "updated_at": operation.created_at,
    }


def test_its_owner_learns_how_far_it_is(stored: Store) -> None:
    operation = stored(owner="ada")
    operation.claim(30)
    operation.report(0.5, "Reading the notes of Ada")
    with acting_as(ADA):
        answer = accepted(operation)
    assert answer.headers["Location"] == f"/operations/{operation.id}"
    assert answer.body["message"] == "Reading the notes of Ada"


def test_the_owner_sees_an_operation(stored: Store) -> None:
    operation = stored(owner="ada")
    operation.claim(30)
    operation.finish(result={"count": 0})
    body = get_operation(operation.id, Caller("ada")).body
    assert (body["id"], body["status"], body["result"]) == (operation.id, "succeeded", {"count": 0})


def test_who_looks_is_told_when_to_look_again_until_it_is_over(stored: Store) -> None:
    for status in ("queued", "running"):
        pending = stored(owner="ada", status=status)
        assert get_operation(pending.id, ADA).headers == {"Retry-After": "1"}
    for status in ("succeeded", "failed", "cancelled"):
        assert get_operation(stored(owner="ada", status=status).id, ADA).headers == {}


@pytest.mark.parametrize("owner", ["ada", None])
def test_to_everybody_else_an_operation_is_not_there(stored: Store, owner: str | None) -> None:
    operation = stored(owner=owner)
    with pytest.raises(NotFound):
        get_operation(operation.id, Caller("eve"))


@pytest.mark.usefixtures("database")
def test_an_unknown_operation_is_not_found() -> None:
    with pytest.raises(NotFound):
        get_operation("unknown", Caller("ada"))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("kind", ["unique", "schedule", "worker", "once"])
@pytest.mark.parametrize(
    "row",
    [
        {"holder": {"S": "another"}},
        {"status": {"S": "worker"}, "task": {"S": "worker"}, "owner": {"S": "ada"}},
        {"owner": {"S": "ada"}},
    ],
    ids=["lock", "status", "bare"],
)
def test_a_row_that_is_no_operation_is_not_found(kind: str, row: dict[str, Any]) -> None:
    row_id = f"{kind}:some.task:1"
    Table(Operation).write(Put({"id": {"S": row_id}, **row}))
    for ask in (get_operation, cancel_operation, EventStreams().follow_operation):
        with pytest.raises(NotFound):
            ask(row_id, ADA)


def test_each_contribution_is_a_document_of_its_own() -> None:
    operations_contribution().paths.clear()
    assert "/operations/{operation_id}" in operations_contribution().paths


@pytest.mark.parametrize("security", ["", "security: []", "security: [{}]", "security: [{key: []}]"])
def test_operations_are_for_callers_whatever_a_contract_says_of_its_own(
    tmp_path: Path, security: str
) -> None:
    path = tmp_path / "shop.yaml"
    cookie = "cookie: {type: apiKey, in: cookie, name: __Host-access}"
    schemes = f"components: {{securitySchemes: {{key: {{type: http, scheme: bearer}}, {cookie}}}}}"
    path.write_text(
        f"openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\npaths: {{}}\n{schemes}\n{security}"
    )
    dependencies = Dependencies([], {Caller: current_caller})
    operations = Contract.load(path, dependencies, [operations_contribution()]).operations
    assert {one.operation_id for one in operations} == {
        "get_operation",
        "cancel_operation",
        "follow_operation",
    }
    for operation in operations:
        assert set(operation.security.tokens) == {frozenset()}
        assert operation.security.known
