"""The command that gives and takes roles."""

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from services.auth.accounts import User
from services.auth.admin import main
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import RevokedTokens


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], running: Running) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("APP_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    yield
    running.service.database(running.settings)  # the command has made one of its own


@pytest.fixture
def email(sign_up: Callable[..., Any]) -> str:
    email = f"{uuid.uuid4().hex}@example.com"
    sign_up(email)
    return email


def test_what_an_operator_does_is_logged(email: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="services.auth.audit")
    assert main(["grant", email, "admin", "--unverified"]) is None
    assert main(["revoke", email, "admin"]) is None
    records = [one for one in caplog.records if one.name == "services.auth.audit" and hasattr(one, "role")]
    assert [(one.message, one.by, one.role) for one in records] == [  # type: ignore[attr-defined]
        ("role granted", "operator", "admin"),
        ("role revoked", "operator", "admin"),
    ]
    assert len({one.user for one in records}) == 1  # type: ignore[attr-defined]
    assert email not in str([one.__dict__ for one in records])


def test_who_loses_a_role_has_no_token_with_it_though_the_index_lags(
    email: str,
    log_in: Callable[..., Any],
    client: FlaskClient,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running.dependencies.make(RevokedTokens), "_cached", 0)
    assert main(["grant", email, "admin", "--unverified"]) is None
    headers = {"Authorization": f"Bearer {log_in(email).get_json()['access_token']}"}
    assert client.get("/auth/users", headers=headers).status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(Session.by_user, "query", lambda *args, **kwargs: iter(()))
        assert main(["revoke", email, "admin"]) is None
    assert client.get("/auth/users", headers=headers).status_code == 401


def test_an_account_that_is_deleted_meanwhile_is_not_made_again(
    email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.auth.accounts import Accounts

    find = Accounts.find_by_email

    def slowly(given: str) -> User | None:
        user = find(given)
        assert user is not None
        User(user.id).delete()
        return user

    monkeypatch.setattr(Accounts, "find_by_email", staticmethod(slowly))
    before = User.count()
    assert main(["grant", email, "admin", "--unverified"]) == "The account has just been deleted."
    assert User.count() == before - 1
