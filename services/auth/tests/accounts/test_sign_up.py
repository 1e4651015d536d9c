"""Signing up: an account, its e-mail and the task that makes its profile, all or none."""

import json
import unicodedata
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from libs.tasks import Operation
from services.auth.accounts import Email, User, canonical

PASSWORD = "correct horse battery"
Post = Callable[..., Any]


@pytest.fixture(scope="module")
def hashing() -> None:
    """At the cost that everybody's hashes have."""


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def rows() -> tuple[int, int, int]:
    return len(list(User.scan())), len(list(Email.scan())), len(list(Operation.scan()))


def profile_task(user_id: str) -> Operation:
    (found,) = [
        one
        for one in Operation.scan()
        if one.task == "services.auth.accounts.tasks.create_profile"
        and one.arguments.get("user_id") == user_id
    ]
    return found


def test_an_account_its_email_and_its_task_are_stored(sign_up: Post, email: str) -> None:
    answer = sign_up(email, name="Ada")
    assert answer.status_code == 201
    user_id = answer.get_json()["user_id"]
    assert answer.get_json() == {"user_id": user_id, "email": email}
    assert User.get(user_id).email == email
    assert Email.get(email).user_id == user_id
    operation = profile_task(user_id)
    assert operation.arguments == {"user_id": user_id, "name": "Ada"}
    assert operation.request_id == answer.headers["X-Request-ID"]


def test_all_of_them_are_stored_by_one_write(
    sign_up: Post, email: str, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, writes = running.database.connection, []
    write = connection.transact_write_items

    def spy(**items: Any) -> Any:
        writes.append([put["TableName"] for put in items["put_items"]])
        return write(**items)

    monkeypatch.setattr(connection, "transact_write_items", spy)
    assert sign_up(email).status_code == 201
    tables = [model.Meta.table_name for model in (Email, User, Operation, Operation)]
    assert writes == [tables], "the account, its address, and the tasks that make its profile and send a mail"


def test_without_a_name_the_profile_starts_with_the_part_before_the_at(sign_up: Post, email: str) -> None:
    user_id = sign_up(email).get_json()["user_id"]
    operation = profile_task(user_id)
    assert operation.arguments["name"] == email.partition("@")[0]


@pytest.mark.parametrize("spelling", [str.upper, str.title, str])
def test_an_email_is_taken_in_every_spelling_and_a_refusal_stores_nothing(
    sign_up: Post, email: str, spelling: Callable[[str], str]
) -> None:
    sign_up(email)
    before = rows()
    answer = sign_up(spelling(email))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "EMAIL_TAKEN")
    assert rows() == before


def test_an_account_keeps_the_canonical_spelling(sign_up: Post, log_in: Post, email: str) -> None:
    assert sign_up(email.upper()).get_json()["email"] == email
    assert log_in(email.title()).status_code == 200


def test_two_forms_of_one_letter_are_one_address() -> None:
    composed = "adél@example.com"
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert canonical(decomposed.upper()) == canonical(composed) == composed
    assert canonical("STRASSE@example.com") == canonical("straße@example.com")


def test_the_password_is_hashed_with_argon2id_and_never_told_or_logged(
    sign_up: Post, log_in: Post, email: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="libs")
    caplog.set_level("DEBUG", logger="services")
    signed_up, logged_in = sign_up(email), log_in(email)
    user = User.get(signed_up.get_json()["user_id"])
    assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    stored = json.dumps([one.serialize() for one in (*User.scan(), *Operation.scan())])
    logged = str([record.__dict__ for record in caplog.records if not record.name.startswith("botocore")])
    for shown in (signed_up.text, logged_in.text, stored, logged):
        assert PASSWORD not in shown
    for shown in (signed_up.text, logged_in.text, logged):
        assert user.password_hash not in shown
        assert "$argon2" not in shown


@pytest.mark.parametrize("password", ["x" * 11, "x" * 257, "", 123456789012])
def test_a_password_of_the_wrong_length_is_refused(client: FlaskClient, email: str, password: object) -> None:
    answer = client.post("/auth/signup", json={"email": email, "password": password})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/password")
