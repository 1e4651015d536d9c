"""Refresh tokens: good once, and a session ends where one is used twice."""

import base64
import string
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from pynamodb.exceptions import UpdateError

from libs.jwt import Caller, TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER
from services.auth.accounts import User
from services.auth.service import service
from services.auth.sessions import end_all, keep_in
from services.auth.sessions.models import Session
from services.auth.sessions.refresh_tokens import RefreshToken

JSON = dict[str, Any]
Refresh = Callable[[str], Any]


def session_of(tokens: JSON) -> Session:
    return Session.get(tokens["refresh_token"].partition(".")[0], consistent_read=True)


def caller_of(tokens: JSON, running: Running, audience: str = "todos") -> Caller:
    return TokenVerifier(running.keys, issuer=ISSUER, audience=audience).verify(tokens["access_token"])


def assert_refused(answer: Any) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (401, "REFRESH_TOKEN_INVALID")


def test_a_refresh_token_is_exchanged_for_both_tokens(
    refresh: Refresh, tokens: JSON, running: Running
) -> None:
    answer = refresh(tokens["refresh_token"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert body["refresh_token"] != tokens["refresh_token"]
    assert (body["token_type"], body["expires_in"], body["user_id"]) == ("Bearer", 900, tokens["user_id"])
    before, after = caller_of(tokens, running), caller_of(body, running)
    assert (after.subject, after.session) == (before.subject, before.session)
    assert after.token_id != before.token_id
    assert refresh(body["refresh_token"]).status_code == 200


def test_only_hashes_of_refresh_tokens_are_stored(refresh: Refresh, tokens: JSON) -> None:
    following = refresh(tokens["refresh_token"]).get_json()
    stored = str(session_of(tokens).serialize())
    for one in (tokens, following):
        assert one["refresh_token"].partition(".")[2] not in stored
        assert one["access_token"] not in stored
        assert RefreshToken.read(one["refresh_token"]).hash in stored  # type: ignore[union-attr]


def test_the_token_before_is_good_for_the_same_successor_for_ten_seconds(
    refresh: Refresh, tokens: JSON, clock: Any
) -> None:
    first = refresh(tokens["refresh_token"]).get_json()
    clock.go(seconds=9)
    again = refresh(tokens["refresh_token"]).get_json()
    assert again["refresh_token"] == first["refresh_token"]
    assert again["access_token"] != first["access_token"]
    assert refresh(first["refresh_token"]).status_code == 200


def test_used_again_after_ten_seconds_it_ends_the_session_and_its_access_tokens(
    refresh: Refresh,
    tokens: JSON,
    clock: Any,
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    head = refresh(tokens["refresh_token"]).get_json()
    clock.go(seconds=11)
    assert_refused(refresh(tokens["refresh_token"]))
    assert_refused(refresh(head["refresh_token"]))
    session = session_of(tokens)
    assert session.ended_why == "reuse"
    assert session.id in client.get("/.well-known/revoked.json").get_json()["sid"]
    (record,) = [one for one in caplog.records if "used again" in one.message]
    assert (record.levelname, record.user, record.session) == ("WARNING", tokens["user_id"], session.id)  # type: ignore[attr-defined]
    logged = str([one.__dict__ for one in caplog.records])
    for one in (tokens, head):
        assert one["refresh_token"].partition(".")[2] not in logged


def test_any_older_token_ends_the_session_at_once(refresh: Refresh, tokens: JSON) -> None:
    second = refresh(tokens["refresh_token"]).get_json()
    third = refresh(second["refresh_token"]).get_json()
    assert_refused(refresh(tokens["refresh_token"]))
    assert_refused(refresh(third["refresh_token"]))


def test_twenty_refreshes_at_once_leave_one_head(
    refresh: Refresh, tokens: JSON, running: Running, clock: Any
) -> None:
    app, start = running.web_app(), threading.Barrier(20)

    def send(_: int) -> JSON:
        client = app.test_client()
        start.wait()
        answer = client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert answer.status_code == 200
        return dict(answer.get_json())

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    (head,) = {one["refresh_token"] for one in answers}
    assert len({one["access_token"] for one in answers}) == 20
    clock.go(seconds=60)
    assert refresh(head).status_code == 200, "nobody is taken for a thief"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token.replace(".", ""),
        lambda token: token.partition(".")[0] + "." + "A" * 43,
        lambda token: "01J00000000000000000000000." + token.partition(".")[2],
        lambda token: token[:30] + ("A" if token[30] != "A" else "B") + token[31:],
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: token.replace(".", ". "),
        lambda token: f"{token}.{token}",
        lambda token: "ä" * 40,
        lambda token: "",
    ],
)
def test_what_was_never_a_token_is_refused_and_ends_nothing(
    refresh: Refresh, tokens: JSON, spoil: Callable[[str], str]
) -> None:
    assert_refused(refresh(spoil(tokens["refresh_token"])))
    assert refresh(tokens["refresh_token"]).status_code == 200


def test_a_token_has_one_spelling_and_a_length_that_can_be_looked_up() -> None:
    token = RefreshToken.new("01J00000000000000000000000", b"x" * 32)
    assert RefreshToken.read(token.text) == token
    spellings = {token.text[:-1] + last for last in f"{string.ascii_letters}{string.digits}-_"}
    same = [one for one in spellings if base64.urlsafe_b64decode(f"{one.partition('.')[2]}=") == token.secret]
    assert len(same) == 4, "two bits of the last character are of no byte"
    assert [one for one in same if RefreshToken.read(one)] == [token.text]
    assert RefreshToken.read(RefreshToken.new("A" * 2049, b"x" * 32).text) is None


def test_sessions_are_read_as_they_are_stored_now(
    refresh: Refresh, tokens: JSON, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = Session.get

    def consistently(*args: Any, **kwargs: Any) -> Session:
        assert kwargs["consistent_read"]
        return get(*args, **kwargs)

    monkeypatch.setattr(Session, "get", consistently)
    head = refresh(tokens["refresh_token"]).get_json()
    assert refresh(tokens["refresh_token"]).status_code == 200
    assert client.post("/auth/logout", json={"refresh_token": head["refresh_token"]}).status_code == 204


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(
    refresh: Refresh, tokens: JSON, client: FlaskClient
) -> None:
    assert refresh(tokens["access_token"]).status_code in (401, 422)
    answer = client.get("/auth/sessions", headers={"Authorization": f"Bearer {tokens['refresh_token']}"})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "TOKEN_INVALID")


def test_the_end_of_a_session_is_never_put_off(refresh: Refresh, tokens: JSON, clock: Any) -> None:
    expires_at, token = session_of(tokens).expires_at, tokens
    for _ in range(29):
        clock.go(days=1)
        token = refresh(token["refresh_token"]).get_json()
    assert session_of(tokens).expires_at == expires_at
    assert token["refresh_expires_in"] <= 24 * 3600
    clock.go(days=1)
    assert_refused(refresh(token["refresh_token"]))


def test_a_session_that_is_not_used_for_two_weeks_is_over(
    refresh: Refresh, begin: Callable[[], JSON], clock: Any
) -> None:
    used, unused = begin(), begin()
    assert unused["refresh_expires_in"] in range(14 * 24 * 3600 - 5, 14 * 24 * 3600 + 1)
    clock.go(days=13)
    used = refresh(used["refresh_token"]).get_json()
    clock.go(days=2)
    assert refresh(used["refresh_token"]).status_code == 200
    assert_refused(refresh(unused["refresh_token"]))


@pytest.mark.parametrize("what", ["disabled_at", "sessions_valid_from"])
def test_each_refresh_looks_at_the_account(refresh: Refresh, tokens: JSON, what: str) -> None:
    user = User.get(tokens["user_id"])
    user.update([getattr(User, what).set(datetime.now(UTC))])
    assert_refused(refresh(tokens["refresh_token"]))
    assert session_of(tokens).ended_why == "account"


def test_the_sessions_of_an_account_that_is_gone_are_over(refresh: Refresh, tokens: JSON) -> None:
    User.get(tokens["user_id"]).delete()
    assert_refused(refresh(tokens["refresh_token"]))


def test_a_new_role_is_in_the_next_token(refresh: Refresh, tokens: JSON, running: Running) -> None:
    assert caller_of(tokens, running).roles == set()
    User.get(tokens["user_id"]).update([User.roles.set({"admin"})])
    body = refresh(tokens["refresh_token"]).get_json()
    caller = caller_of(body, running)
    assert (caller.roles, caller.scopes) == ({"admin"}, {"tasks:admin", "users:admin"})
    assert body["scope"] == "tasks:admin users:admin"


def test_when_the_password_changes_all_other_sessions_are_over(
    refresh: Refresh, begin: Callable[[], JSON], clock: Any, running: Running
) -> None:
    own, other = begin(), begin()
    now = datetime.now(UTC)
    with service.database(running.settings).transaction() as transaction:
        transaction.update(User(own["user_id"]), [User.sessions_valid_from.set(now)])
        keep_in(transaction, session_of(own).id, own["user_id"])
    end_all(own["user_id"], "password", keep=session_of(own).id)
    assert_refused(refresh(other["refresh_token"]))
    assert session_of(other).ended_why == "password"
    for _ in range(2):
        own = refresh(own["refresh_token"]).get_json()
        clock.go(days=1)
    assert begin()["refresh_token"]


def test_a_log_in_with_the_old_password_while_it_changes_begins_nothing(
    log_in: Callable[..., Any], email: str, monkeypatch: pytest.MonkeyPatch, running: Running
) -> None:
    from services.auth.accounts import Accounts

    check = Accounts.check_password

    def slowly(self: Accounts, *args: Any) -> User:
        user = check(self, *args)
        User(user.id).update([User.sessions_valid_from.set(datetime.now(UTC))])
        return user

    monkeypatch.setattr(Accounts, "check_password", slowly)
    answer = log_in(email)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "INVALID_CREDENTIALS")


def test_a_database_that_does_not_answer_ends_no_session(
    refresh: Refresh, tokens: JSON, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ReadTimeoutError

    def away(*args: Any, **kwargs: Any) -> None:
        raise UpdateError("no answer", ReadTimeoutError(endpoint_url="http://dynamodb"))

    with monkeypatch.context() as patch:
        patch.setattr(Session, "update", away)
        assert refresh(tokens["refresh_token"]).status_code == 503
    assert refresh(tokens["refresh_token"]).status_code == 200
