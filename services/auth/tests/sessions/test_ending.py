"""The end of sessions, whatever fails or happens meanwhile, and how many of them there may be."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from flask.testing import FlaskClient
from pynamodb.exceptions import PutError, UpdateError

from libs.errors import Unauthorized
from libs.service import Running
from libs.service.testing import ISSUES
from services.auth.accounts import Accounts, User
from services.auth.service import service
from services.auth.sessions import ending, keep_in, sessions
from services.auth.sessions.ending import end, end_all
from services.auth.sessions.models import Revocation, Session
from services.auth.sessions.sessions import Sessions

JSON = dict[str, Any]
Bearer = Callable[[JSON], dict[str, str]]
Refresh = Callable[[str], Any]


def session_id(tokens: JSON) -> str:
    return str(tokens["refresh_token"]).partition(".")[0]


def session_of(tokens: JSON) -> Session:
    return Session.get(session_id(tokens), consistent_read=True)


def status(tokens: JSON, client: FlaskClient, bearer_of: Bearer) -> int:
    return client.get("/auth/version", headers=bearer_of(tokens)).status_code


def let_rest(tokens: JSON) -> None:
    """Have a session unused for so long that it has no access token."""
    session = session_of(tokens)
    session.update([Session.used_at.set(datetime.now(UTC) - timedelta(minutes=20))])


def revoked(what: str) -> list[str]:
    return [row.until_what for row in Revocation.query("revoked") if row.until_what.endswith(what)]


def away(*args: Any, **kwargs: Any) -> None:
    raise PutError("no answer", ReadTimeoutError(endpoint_url="http://dynamodb"))


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> Iterable[None]:
    """Have the index show nothing yet."""
    with monkeypatch.context() as patch:
        patch.setattr(Session.by_user, "query", lambda *args, **kwargs: iter(()))
        yield


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


def test_a_log_in_too_many_ends_the_oldest_session(
    begin: Callable[[], JSON], refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "MOST_SESSIONS", 3)
    everywhere = [begin() for _ in range(5)]
    assert [session_of(one).ended_why for one in everywhere] == ["many", "many", None, None, None]
    assert refresh(everywhere[2]["refresh_token"]).status_code == 200


def test_the_newest_sessions_end_first(begin: Callable[[], JSON], monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere, ended = [begin() for _ in range(3)], list[str]()
    monkeypatch.setattr(ending, "end", lambda session, why: ended.append(session.id))
    end_all(everywhere[0]["user_id"], "logout")
    assert ended == [session_id(one) for one in reversed(everywhere)]


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


def test_a_log_in_needs_no_old_session_ended(
    begin: Callable[[], JSON], client: FlaskClient, bearer_of: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Session.by_user, "query", away)
        tokens = begin()
    assert status(tokens, client, bearer_of) == 200


def test_a_log_in_reads_so_many_sessions_and_no_more(
    begin: Callable[[], JSON], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(ending, "MOST_SESSIONS", 2)
    read, query = list[str](), Session.by_user.query

    def counted(*args: Any, **kwargs: Any) -> Any:
        rows = list(query(*args, **kwargs))
        read.extend(row.id for row in rows)
        return iter(rows)

    everywhere = [begin() for _ in range(4)]
    monkeypatch.setattr(Session.by_user, "query", counted)
    everywhere.append(begin())
    assert len(read) == 3
    assert [session_of(one).ended_why for one in everywhere] == ["many"] * 3 + [None] * 2
