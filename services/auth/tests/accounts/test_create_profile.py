"""The task that makes the profile of a new user, against the real profiles service."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from libs.service import Running
from libs.service.testing import bearer
from libs.tasks import Operation

Post = Callable[..., Any]


def profile_task(user_id: str) -> Operation:
    """Return the operation that makes the profile of a user."""
    (found,) = [
        one
        for one in Operation.scan()
        if one.task == "services.auth.accounts.tasks.create_profile"
        and one.arguments.get("user_id") == user_id
    ]
    return found


@pytest.fixture
def operation(sign_up: Post, running: Running) -> Operation:
    """The operation that the sign-up of a new user stores."""
    user_id = sign_up(f"{uuid.uuid4().hex}@example.com", name="Ada").get_json()["user_id"]
    return profile_task(user_id)


@pytest.fixture(autouse=True)
def _good_wire(wire: Any) -> Iterator[None]:
    yield
    wire.instead.clear()
    wire.after.clear()


def run(running: Running, operation: Operation) -> Operation:
    """Run the operation, whether it is put off or not, and return what is stored then."""
    Operation(operation.id).update([Operation.not_before.set(0)])
    assert running.tasks is not None
    running.tasks.run(operation.id)
    return Operation.get(operation.id, consistent_read=True)


def profile_of(operation: Operation, profiles: Running) -> Any:
    headers = bearer(operation.arguments["user_id"], audience="profiles")
    return profiles.web_app().test_client().get("/profiles/me", headers=headers)


def test_the_profile_of_a_new_user_is_made(
    running: Running, profiles: Running, operation: Operation, wire: Any
) -> None:
    assert run(running, operation).status == "succeeded"
    assert profile_of(operation, profiles).get_json()["name"] == "Ada"
    assert wire.requests[-1].headers["X-Request-ID"] == operation.request_id


def test_a_profile_made_by_a_try_whose_answer_was_lost_counts_as_done(
    running: Running, profiles: Running, operation: Operation, wire: Any
) -> None:
    wire.after.append(httpx.Response(503))
    assert run(running, operation).status == "queued"
    row = run(running, operation)
    assert (row.status, row.attempts) == ("succeeded", 2)
    assert profile_of(operation, profiles).status_code == 200


@pytest.mark.parametrize("status", [503, 500, 401, 400])
def test_a_refusal_is_tried_again(
    running: Running, profiles: Running, operation: Operation, wire: Any, status: int
) -> None:
    wire.instead.append(httpx.Response(status))
    assert run(running, operation).status == "queued"
    assert profile_of(operation, profiles).status_code == 404
    assert run(running, operation).status == "succeeded"
    assert profile_of(operation, profiles).status_code == 200


def test_another_conflict_than_that_of_the_profile_does_not_count_as_done(
    running: Running, operation: Operation, wire: Any
) -> None:
    wire.instead.append(httpx.Response(409, json={"code": "SOMETHING_ELSE"}))
    assert run(running, operation).status == "queued"


def test_the_longest_email_makes_a_profile_too(running: Running, sign_up: Post) -> None:
    address = f"{uuid.uuid4().hex}{'x' * 32}@{'.'.join(['y' * 59] * 3)}.example"
    user_id = sign_up(address).get_json()["user_id"]
    assert run(running, profile_task(user_id)).status == "succeeded"
