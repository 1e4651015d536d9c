"""Logging in: a good token for the right password, and nothing to be learnt from a wrong one."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient

from libs.jwt import TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER

PASSWORD = "correct horse battery"
Post = Callable[..., Any]


@pytest.fixture(scope="module")
def hashing() -> None:
    """At the cost that everybody's hashes have."""


@pytest.fixture
def account(sign_up: Post) -> dict[str, str]:
    return dict(sign_up(f"{uuid.uuid4().hex}@example.com").get_json())


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that passwords are compared with."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, hashed: str, password: str) -> bool:
        seen.append(hashed)
        return bool(verify(self, hashed, password))

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    return seen


@pytest.mark.parametrize("audience", ["auth", "profiles", "todos"])
def test_the_right_password_gets_a_token_for_every_service(
    log_in: Post, account: dict[str, str], audience: str, running: Running
) -> None:
    answer = log_in(account["email"])
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert (body["token_type"], body["expires_in"], body["user_id"]) == ("Bearer", 900, account["user_id"])
    verifier = TokenVerifier(running.keys, issuer=ISSUER, audience=audience)
    caller = verifier.verify(body["access_token"])
    assert (caller.subject, caller.scopes) == (account["user_id"], frozenset())


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer_for_the_same_work(
    log_in: Post, account: dict[str, str], verifications: list[str]
) -> None:
    answers = [
        log_in(account["email"], "wrong horse battery").get_json(),
        log_in("nobody@example.com").get_json(),
    ]
    for answer in answers:
        del answer["request_id"]
    assert answers[0] == answers[1]
    assert (answers[0]["status"], answers[0]["code"]) == (401, "INVALID_CREDENTIALS")
    parameters = [hashed.split("$")[1:4] for hashed in verifications]
    assert len(parameters) == 2
    assert parameters[0] == parameters[1]


# The second grows to 3048 bytes in its canonical spelling: more than DynamoDB takes for a key.
@pytest.mark.parametrize("email", ["", "\U0001d160" * 254, "ada", "\x00"])
def test_what_is_no_email_is_refused(log_in: Post, email: str) -> None:
    answer = log_in(email)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/email")


@pytest.mark.parametrize(
    ("accepted", "language", "text"),
    [
        ("de-AT,de;q=0.9", "de", "E-Mail-Adresse oder Passwort stimmen nicht."),
        ("fr", "fr", "Adresse e-mail ou mot de passe incorrects."),
        ("it", "en", "E-mail address or password are wrong."),
    ],
)
def test_who_fails_is_told_so_in_their_language(
    client: FlaskClient, account: dict[str, str], accepted: str, language: str, text: str
) -> None:
    sent = {"email": account["email"], "password": "wrong horse battery"}
    answer = client.post("/auth/login", json=sent, headers={"Accept-Language": accepted})
    assert answer.status_code == 401
    assert answer.get_json()["user_message"] == text
    assert (answer.headers["Content-Language"], answer.headers["Vary"]) == (language, "Accept-Language")
