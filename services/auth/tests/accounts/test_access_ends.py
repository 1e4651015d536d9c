"""What ends sessions ends their access tokens as well, before they expire."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from libs.service.testing import bearer
from services.auth.accounts import User, mail_tokens
from services.auth.accounts.mail_tokens import Purpose
from services.auth.sessions.revocations import RevokedTokens

PASSWORD = "correct horse battery"
OTHER = "another horse battery"
ADMIN = bearer("boss", audience="auth", scopes=("users:admin",))
Post = Callable[..., Any]


def change(client: FlaskClient, user_id: str, token: str) -> Any:
    body = {"current_password": PASSWORD, "new_password": OTHER}
    return client.post("/auth/password", json=body, headers={"Authorization": f"Bearer {token}"})


def reset(client: FlaskClient, user_id: str, token: str) -> Any:
    mailed = mail_tokens.make(User.get(user_id), Purpose.RESET)
    return client.post("/auth/password/reset", json={"token": mailed, "password": OTHER})


def disable(client: FlaskClient, user_id: str, token: str) -> Any:
    return client.post(f"/auth/users/{user_id}/disable", headers=ADMIN)


def take_role(client: FlaskClient, user_id: str, token: str) -> Any:
    return client.put(f"/auth/users/{user_id}/roles", json={"roles": []}, headers=ADMIN)


def delete(client: FlaskClient, user_id: str, token: str) -> Any:
    return client.delete(f"/auth/users/{user_id}", headers=ADMIN)


def delete_me(client: FlaskClient, user_id: str, token: str) -> Any:
    own = {"Authorization": f"Bearer {token}"}
    return client.post("/auth/me/deletion", json={"password": PASSWORD}, headers=own)


@pytest.mark.parametrize(
    ("what", "own"),
    [(change, 200), (reset, 401), (disable, 401), (take_role, 401), (delete, 401), (delete_me, 401)],
)
def test_access_ends_with_what_it_was_given_for(
    client: FlaskClient,
    post: Post,
    address: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    what: Callable[[FlaskClient, str, str], Any],
    own: int,
) -> None:
    monkeypatch.setattr(running.dependencies.make(RevokedTokens), "_cached", 0)
    user_id = post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"]
    client.put(f"/auth/users/{user_id}/roles", json={"roles": ["editor"]}, headers=ADMIN)
    credentials = {"email": address, "password": PASSWORD}
    tokens = [post("/auth/login", credentials).get_json()["access_token"] for _ in range(2)]

    def seen() -> list[int]:
        headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
        return [client.get("/auth/me", headers=one).status_code for one in headers]

    assert seen() == [200, 200]
    assert what(client, user_id, tokens[0]).status_code < 300
    assert seen() == [own, 401]
