"""The end of all sessions of a user, and of the tokens that are of none, whatever happens meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.errors import Unauthorized
from libs.service import Running
from libs.service.testing import ISSUES
from services.auth.accounts import User
from services.auth.service import service
from services.auth.sessions import ending, keep_in, sessions
from services.auth.sessions.ending import end_all
from services.auth.sessions.models import Session
from services.auth.sessions.sessions import Sessions
from services.auth.tests.sessions.looking import JSON, Bearer, Refresh, let_rest, session_id, status


def test_what_the_index_showed_of_a_session_may_be_old(
    begin: Callable[[], JSON],
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Refresh,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, other = begin(), begin()
    let_rest(other)
    given, real = list[JSON](), ending.end

    def slowly(session: Session, why: str) -> None:
        if session.id == session_id(other):
            given.append(refresh(other["refresh_token"]).get_json())
        real(session, why)

    monkeypatch.setattr(ending, "end", slowly)
    end_all(own["user_id"], "password", keep=session_id(own))
    assert status(given[0], client, bearer_of) == 401
    assert status(own, client, bearer_of) == 200


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/sessions"])
def test_a_token_of_no_session_can_be_ended_too(
    tokens: JSON, client: FlaskClient, refresh: Refresh, path: str
) -> None:
    token = ISSUES.issue(tokens["user_id"], audience=["auth"])
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/auth/me", headers=headers).status_code == 200
    answer = client.open(path, method="POST" if path == "/auth/logout" else "DELETE", headers=headers)
    assert answer.status_code == 204
    assert client.get("/auth/me", headers=headers).status_code == 401
    assert (refresh(tokens["refresh_token"]).status_code == 200) is (path == "/auth/logout")


@pytest.mark.usefixtures("no_index")
def test_all_tokens_end_though_the_index_shows_no_session_and_later_ones_are_good(
    begin: Callable[[], JSON], client: FlaskClient, bearer_of: Bearer
) -> None:
    tokens = begin()
    User(tokens["user_id"]).update([User.sessions_valid_from.set(datetime.now(UTC))])
    end_all(tokens["user_id"], "disabled", tokens=True)
    assert status(tokens, client, bearer_of) == 401
    assert status(begin(), client, bearer_of) == 200, "even within the same second"


@pytest.mark.usefixtures("no_index")
def test_a_session_is_kept_by_the_transaction_that_ends_the_others(
    begin: Callable[[], JSON], refresh: Refresh, running: Running
) -> None:
    own, other = begin(), begin()

    def replace(session: str) -> None:
        now = datetime.now(UTC)
        with service.database(running.settings).transaction() as transaction:
            transaction.update(User(own["user_id"]), [User.sessions_valid_from.set(now)])
            keep_in(transaction, session, own["user_id"])

    replace(session_id(own))
    own = refresh(own["refresh_token"]).get_json()
    assert refresh(other["refresh_token"]).status_code == 401
    for nobodys in (session_id(other), "01J00000000000000000000000"):
        with pytest.raises(Unauthorized) as caught:
            replace(nobodys)
        assert caught.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert list(Session.query("01J00000000000000000000000")) == []
    assert refresh(own["refresh_token"]).status_code == 200, "nothing of that was stored"


def test_the_newest_sessions_end_first(begin: Callable[[], JSON], monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere, ended = [begin() for _ in range(3)], list[str]()
    monkeypatch.setattr(ending, "end", lambda session, why: ended.append(session.id))
    end_all(everywhere[0]["user_id"], "logout")
    assert ended == [session_id(one) for one in reversed(everywhere)]


@pytest.mark.usefixtures("no_index")
def test_a_log_in_that_an_end_of_all_tokens_overtakes_gets_one_that_is_over(
    begin: Callable[[], JSON], client: FlaskClient, bearer_of: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(user_id: str) -> None:  # after the account was read
        User(user_id).update([User.disabled_at.set(datetime.now(UTC))])
        end_all(user_id, "disabled", tokens=True)

    with monkeypatch.context() as patch:
        patch.setattr(sessions, "end_oldest", meanwhile)
        tokens = begin()
    assert status(tokens, client, bearer_of) == 401


@pytest.mark.usefixtures("no_index")
def test_a_refresh_that_an_end_of_all_tokens_overtakes_gets_one_that_is_over(
    tokens: JSON,
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Refresh,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rotate = Sessions._rotate

    def meanwhile(*args: Any) -> str | None:
        end_all(tokens["user_id"], "roles", tokens=True)
        return rotate(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Sessions, "_rotate", meanwhile)
        answer = refresh(tokens["refresh_token"])
    assert status(answer.get_json(), client, bearer_of) == 401
