"""What is told of accounts to whom: nothing secret to logs and rows, nothing of anybody to anybody else."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from libs.service.testing import ISSUES, bearer
from services.auth.accounts import Accounts, User
from services.auth.tests.accounts.conftest import Mailboxes
from services.auth.throttle import Limits

PASSWORD = "correct horse battery"
OTHER = "another horse battery"
THIRD = "a third horse battery"
Post = Callable[..., Any]
Work = Callable[[], list[str]]

OWN: list[tuple[str, str, Any]] = [
    ("GET", "/auth/me", None),
    ("POST", "/auth/password", {"current_password": PASSWORD, "new_password": OTHER}),
    ("POST", "/auth/me/deletion", {"password": PASSWORD}),
]
OPEN: list[tuple[str, Any]] = [
    ("/auth/signup", {"email": "new@example.com", "password": PASSWORD}),
    ("/auth/email/verify", {"token": "x"}),
    ("/auth/email/verification", {"email": "new@example.com"}),
    ("/auth/password/forgot", {"email": "new@example.com"}),
    ("/auth/password/reset", {"token": "x", "password": PASSWORD}),
    ("/auth/password", {"current_password": PASSWORD, "new_password": OTHER}),
    ("/auth/me/deletion", {"password": PASSWORD}),
]


@pytest.mark.parametrize(("method", "path", "body"), OWN)
def test_ones_own_account_takes_ones_own_token(
    client: FlaskClient, method: str, path: str, body: Any
) -> None:
    over = ISSUES.issue("ada", audience=["auth"], expires_in=-60)
    callers = {
        "nobody": {},
        "over": {"Authorization": f"Bearer {over}"},
        "another service's": bearer("ada", audience="todos"),
        "without an account": bearer("nobody", audience="auth"),
        "a service": bearer("service:todos", audience="auth", scopes=("users:admin",)),
    }
    for who, headers in callers.items():
        answer = client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code == 401, who


@pytest.mark.parametrize(("path", "body"), OPEN)
@pytest.mark.parametrize("extra", ["user_id", "id", "roles", "email_verified_at", "disabled_at", "version"])
def test_nothing_can_be_set_that_the_contract_does_not_have(
    client: FlaskClient, path: str, body: dict[str, Any], extra: str
) -> None:
    headers = bearer("ada", audience="auth")
    answer = client.post(path, json={**body, extra: "admin"}, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "INVALID_BODY")
    assert [one["pointer"] for one in answer.get_json()["errors"]] == [f"/{extra}"]


def test_no_password_hash_or_token_is_logged_stored_or_answered(
    running: Running,
    post: Post,
    address: str,
    work: Work,
    mailboxes: Mailboxes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    answers = [post("/auth/signup", {"email": address, "password": PASSWORD})]
    user_id = answers[0].get_json()["user_id"]
    hashes = [User.get(user_id).password_hash]
    work()
    tokens = [mailboxes.of(address)[-1].token]
    answers.append(post("/auth/email/verify", {"token": tokens[0]}))
    session = post("/auth/login", {"email": address, "password": PASSWORD}).get_json()
    tokens += [session["access_token"], session["refresh_token"]]
    own = {"token": session["access_token"]}
    change = {"current_password": PASSWORD, "new_password": OTHER}
    answers += [post("/auth/password", change, **own), post("/auth/password", change, **own)]
    hashes.append(User.get(user_id).password_hash)
    answers.append(post("/auth/password/forgot", {"email": address}))
    work()
    tokens.append(next(one for one in mailboxes.of(address) if one.subject.startswith("Choose")).token)
    answers.append(post("/auth/password/reset", {"token": tokens[-1], "password": THIRD}))
    answers.append(post("/auth/login", {"email": address, "password": PASSWORD}))
    hashes.append(User.get(user_id).password_hash)
    assert [one.status_code for one in answers] == [201, 204, 204, 403, 202, 204, 401]

    ours = [one for one in caplog.records if one.name.startswith(("libs", "services", "celery"))]
    logged = str([one.__dict__ for one in ours if one.name != "services.auth.mail.senders"])
    stored = str([row.serialize() for model in running.database.models for row in model.scan()])
    answered = str([one.text for one in answers])
    assert "request" in logged
    assert user_id in stored
    for secret in (PASSWORD, OTHER, THIRD, *tokens):
        assert secret not in logged
        assert secret not in stored
        assert secret not in answered
    for secret in hashes:
        assert secret not in logged
        assert secret not in answered


def test_of_whoever_tries_to_get_in_the_address_is_logged_and_never_an_email(
    post: Post, address: str, work: Work, mailboxes: Mailboxes, caplog: pytest.LogCaptureFixture
) -> None:
    """What is typed for an e-mail may be a password, or the address of somebody without an account."""
    caplog.set_level("INFO", logger="services.auth.audit")
    user_id = post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"]
    for email, password in ((address, OTHER), (f"x{address}", PASSWORD), (address, PASSWORD)):
        post("/auth/login", {"email": email, "password": password})
    token = post("/auth/login", {"email": address, "password": PASSWORD}).get_json()["access_token"]
    post("/auth/password", {"current_password": PASSWORD, "new_password": OTHER}, token=token)
    post("/auth/password/forgot", {"email": address})
    work()
    link = next(one for one in mailboxes.of(address) if one.subject.startswith("Choose")).token
    post("/auth/password/reset", {"token": link, "password": THIRD})
    own = [one for one in caplog.records if one.name == "services.auth.audit"]
    events = ("password wrong", "password right", "password changed", "password reset")
    seen = [(one.message, one.__dict__.get("user")) for one in own if one.message in events]
    assert seen == [
        ("password wrong", user_id),
        ("password wrong", None),
        ("password right", user_id),
        ("password right", user_id),
        ("password right", user_id),
        ("password changed", user_id),
        ("password reset", user_id),
    ]
    assert {one.__dict__["address"] for one in own if one.message in events} == {"127.0.0.1"}
    told = str([one.__dict__ for one in own])
    for hidden in (address, PASSWORD, OTHER, THIRD, token, link):
        assert hidden not in told


def test_tries_that_come_too_soon_are_logged(
    post: Post,
    address: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="services.auth.audit")
    monkeypatch.setattr(running.dependencies.make(Accounts), "_limits", Limits(account=1, address=1000))
    for _ in range(2):
        post("/auth/login", {"email": address, "password": PASSWORD})
    assert [one.message for one in caplog.records if one.name == "services.auth.audit"] == [
        "password wrong",
        "password not looked at",
    ]
