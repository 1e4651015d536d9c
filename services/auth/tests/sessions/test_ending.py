"""The end of a session, whatever fails or happens meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from flask.testing import FlaskClient
from pynamodb.exceptions import UpdateError

from libs.errors import deadline_scope
from libs.service import Running
from libs.service.testing import ISSUES
from services.auth.accounts import Accounts, User
from services.auth.sessions import ending
from services.auth.sessions.ending import end, end_oldest
from services.auth.sessions.models import Revocation, Session
from services.auth.sessions.sessions import Sessions
from services.auth.tests.sessions.looking import (
    JSON,
    Bearer,
    Refresh,
    away,
    let_rest,
    revoked,
    session_id,
    session_of,
    status,
)


@pytest.mark.parametrize("how", ["access token", "refresh token", "one of them", "all"])
def test_an_end_that_fails_is_completed_by_the_next_try(
    tokens: JSON,
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Refresh,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    def ask() -> int:
        headers = bearer_of(tokens)
        match how:
            case "access token":
                return client.post("/auth/logout", headers=headers).status_code
            case "refresh token":
                body = {"refresh_token": tokens["refresh_token"]}
                return client.post("/auth/logout", json=body).status_code
            case "one of them":
                return client.delete(f"/auth/sessions/{session_id(tokens)}", headers=headers).status_code
        return client.delete("/auth/sessions", headers=headers).status_code

    with monkeypatch.context() as patch:
        patch.setattr(Revocation, "save", away)
        assert ask() == 503
    assert not session_of(tokens).is_ended, "or nobody would try again"
    assert ask() == 204
    assert status(tokens, client, bearer_of) == 401
    assert refresh(tokens["refresh_token"]).status_code == 401


def test_an_end_that_cannot_be_stored_has_ended_the_access_tokens(
    tokens: JSON,
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Refresh,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = {"refresh_token": tokens["refresh_token"]}
    with monkeypatch.context() as patch:
        patch.setattr(
            Session, "update", lambda *args, **kwargs: (_ for _ in ()).throw(UpdateError("no answer"))
        )
        with pytest.raises(UpdateError):
            end(session_of(tokens), "logout")
    assert status(tokens, client, bearer_of) == 401
    assert client.post("/auth/logout", json=body).status_code == 204
    assert refresh(tokens["refresh_token"]).status_code == 401


def test_a_log_out_by_an_access_token_that_it_has_just_ended_is_completed(
    tokens: JSON, client: FlaskClient, bearer_of: Bearer, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise UpdateError("no answer", ReadTimeoutError(endpoint_url="http://dynamodb"))

    with monkeypatch.context() as patch:
        patch.setattr(Session, "update", away)
        assert client.post("/auth/logout", headers=bearer_of(tokens)).status_code == 503
    assert status(tokens, client, bearer_of) == 401
    for _ in range(2):
        assert client.post("/auth/logout", headers=bearer_of(tokens)).status_code == 204
    assert refresh(tokens["refresh_token"]).status_code == 401


@pytest.mark.parametrize("authorization", ["Bearer x", "Basic eDp5", "Bearer ", "x"])
def test_what_is_no_access_token_logs_nobody_out(
    tokens: JSON, client: FlaskClient, refresh: Refresh, authorization: str
) -> None:
    answer = client.post("/auth/logout", headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert refresh(tokens["refresh_token"]).status_code == 200


def test_a_session_that_is_used_while_it_ends_takes_the_new_token_along(
    tokens: JSON, client: FlaskClient, bearer_of: Bearer, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_rest(tokens)
    find, given = Sessions._find, list[JSON]()

    def slowly(self: Sessions, text: str, client_id: str) -> Any:
        found = find(self, text, client_id)
        if not given:
            given.append({})
            given[0] = refresh(tokens["refresh_token"]).get_json()
        return found

    monkeypatch.setattr(Sessions, "_find", slowly)
    answer = client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 204
    assert status(given[0], client, bearer_of) == 401
    assert refresh(given[0]["refresh_token"]).status_code == 401


def test_a_session_that_is_used_again_and_again_ends_all_the_same(
    tokens: JSON, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, get = session_of(tokens), Session.get

    def used(*args: Any, **kwargs: Any) -> Session:
        found = get(*args, **kwargs)
        Session(found.id).update([Session.used_at.set(datetime.now(UTC))])
        return found

    Session(session.id).update([Session.used_at.set(datetime.now(UTC))])
    with monkeypatch.context() as patch:
        patch.setattr(Session, "get", used)
        end(session, "logout")
    assert session_of(tokens).is_ended


@pytest.mark.parametrize("reads", [0, 1, 2])
def test_the_end_of_a_session_that_is_there_no_more_makes_none(
    tokens: JSON, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    session, get, seen = session_of(tokens), Session.get, [0]

    def used_or_deleted(*args: Any, **kwargs: Any) -> Session:
        found, seen[0] = get(*args, **kwargs), seen[0] + 1
        if seen[0] == reads:
            found.delete()
        else:
            Session(found.id).update([Session.used_at.set(datetime.now(UTC))])
        return found

    if reads == 0:
        session.delete()
    else:
        Session(session.id).update([Session.used_at.set(datetime.now(UTC))])
    with monkeypatch.context() as patch:
        patch.setattr(Session, "get", used_or_deleted)
        end(session, "logout")
    assert seen == [reads]
    assert list(Session.query(session.id, consistent_read=True)) == []


def test_of_a_session_that_has_ended_no_successor_is_left_and_soon_nothing(
    tokens: JSON, refresh: Refresh
) -> None:
    refresh(tokens["refresh_token"])
    assert session_of(tokens).successor is not None
    end(session_of(tokens), "logout")
    ended = session_of(tokens)
    assert ended.successor is None
    assert ended.expires_at - datetime.now(UTC) <= ending.ENDED_ROW_KEPT


def test_a_log_out_that_is_repeated_adds_nothing_to_the_list(tokens: JSON, client: FlaskClient) -> None:
    for _ in range(2):
        assert client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]}).status_code == 204
        rows = revoked(session_id(tokens))
        for row in rows:  # as if it had been a while ago: the next one is of another second
            Revocation("revoked", row).delete()
    assert rows == []


def test_a_log_out_does_its_work_though_the_access_token_has_expired(
    tokens: JSON, client: FlaskClient, refresh: Refresh
) -> None:
    expired = ISSUES.issue(tokens["user_id"], audience=["auth"], session=session_id(tokens), expires_in=-100)
    headers = {"Authorization": f"Bearer {expired}"}
    alone = client.post("/auth/logout", headers=headers)
    assert (alone.status_code, alone.get_json()["code"]) == (401, "TOKEN_EXPIRED")
    assert not session_of(tokens).is_ended
    body = {"refresh_token": tokens["refresh_token"]}
    assert client.post("/auth/logout", json=body, headers=headers).status_code == 204
    assert refresh(tokens["refresh_token"]).status_code == 401


@pytest.mark.parametrize("token", ["the good one", "the one before"])
def test_a_log_out_between_two_looks_of_a_refresh_is_final(
    tokens: JSON,
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Refresh,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
) -> None:
    if token == "the one before":
        refresh(tokens["refresh_token"])
    hashed = session_of(tokens).refresh_hash
    get = Accounts.get

    def slowly(user_id: str) -> User | None:
        end(session_of(tokens), "logout")
        return get(user_id)

    with monkeypatch.context() as patch:
        patch.setattr(Accounts, "get", staticmethod(slowly))
        assert refresh(tokens["refresh_token"]).status_code == 401
    assert (session_of(tokens).ended_why, session_of(tokens).refresh_hash) == ("logout", hashed)
    assert status(tokens, client, bearer_of) == 401


def test_of_a_session_that_has_ended_the_account_is_not_looked_at(
    tokens: JSON, refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(session_of(tokens), "logout")
    monkeypatch.setattr(Accounts, "get", staticmethod(lambda user_id: pytest.fail("it was")))
    assert refresh(tokens["refresh_token"]).status_code == 401


def test_a_password_that_is_replaced_while_it_is_looked_at_begins_nothing(
    log_in: Callable[..., Any], email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = Accounts.check_password

    def slowly(self: Accounts, *args: Any) -> User:
        user = check(self, *args)
        User(user.id).update([User.password_changed_at.set(datetime.now(UTC))])
        return user

    monkeypatch.setattr(Accounts, "check_password", slowly)
    answer = log_in(email)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "INVALID_CREDENTIALS")


def test_a_log_in_is_not_refused_because_there_is_no_time_to_end_the_oldest_session(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with deadline_scope(0):
        end_oldest("somebody")
    (line,) = [one for one in caplog.records if one.getMessage() == "cannot end the oldest sessions"]
    assert line.error == "DeadlineExceeded"  # type: ignore[attr-defined]
