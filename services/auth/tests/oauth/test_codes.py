"""Codes: what they are good for, how long, and what comes of those that are sent twice."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from flask.testing import FlaskClient
from pynamodb.exceptions import PutError

from libs.errors import deadline
from libs.service import Running
from services.auth.accounts import User
from services.auth.clients import OAuthClient, create, delete
from services.auth.oauth.models import Code
from services.auth.sessions.models import Session
from services.auth.sessions.sessions import Sessions
from services.auth.tests.oauth.asking import BACK, CHALLENGE, VERIFIER, Query, Register, told


def row_of(code: str) -> Code:
    return Code.get(hashlib.sha256(code.encode()).hexdigest(), consistent_read=True)


def let_pass(code: str, **how_long: float) -> None:
    """Have a code, and its client, been made earlier."""
    row, earlier = row_of(code), timedelta(**how_long)
    row.update([Code.created_at.set(row.created_at - earlier)])
    client = OAuthClient.get(row.client_id)
    client.update([OAuthClient.created_at.set(client.created_at - earlier)])


def session_of(tokens: dict[str, Any]) -> Session:
    return Session.get(tokens["refresh_token"].partition(".")[0], consistent_read=True)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "x"},
        {"code": ""},
        {"redirect_uri": "https://app.example.com/other"},
        {"code_verifier": "w" * 43},
        {"code_verifier": "short"},
        {"code_verifier": CHALLENGE},
        {"code_verifier": f"{VERIFIER} "},
    ],
)
def test_a_code_is_good_for_the_client_that_asked_and_for_nobody_else(
    code: str, exchange: Callable[..., Any], change: dict[str, str]
) -> None:
    answer = exchange(**{"code": code, **change})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")
    assert exchange(code).status_code == 200, "and nothing has come of that"


def test_another_client_gets_nothing_for_it(
    code: str, ask: Callable[..., Any], register: Register, exchange: Callable[..., Any]
) -> None:
    other = register(grants=["authorization_code"], redirect_uris=[BACK], audiences=["todos"])
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    assert ask(other, **form, code=code).get_json()["error"] == "invalid_grant"
    assert exchange(code).status_code == 200


@pytest.mark.parametrize("missing", ["code", "code_verifier"])
def test_code_and_verifier_are_needed(code: str, ask: Callable[..., Any], app: Any, missing: str) -> None:
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "code": code,
    }
    del form[missing]
    assert ask(app, **form).get_json()["error"] == "invalid_request"


def test_a_code_that_is_used_twice_ends_the_session_of_the_first(
    code: str, exchange: Callable[..., Any], ask: Callable[..., Any], app: Any
) -> None:
    first = exchange(code).get_json()
    assert exchange(code).get_json()["error"] == "invalid_grant"
    session = Session.get(first["refresh_token"].partition(".")[0])
    assert session.ended_why == "code"
    refreshed = ask(app, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert refreshed.get_json()["error"] == "invalid_grant"


def test_ten_at_once_get_one_session(code: str, running: Running, app: Any) -> None:
    web_app = running.web_app()
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "code": code,
        "client_id": app[0],
        "client_secret": app[1],
    }

    def send(_: int) -> int:
        return web_app.test_client().post("/auth/token", data=form).status_code

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(send, range(10)))
    assert answers[1:] == [400] * 9
    assert answers[0] in (200, 400), "who is first is refused, too, if another comes before he has tokens"
    assert Session.get(row_of(code).session_id).ended_why == "code"


def test_a_code_is_over_after_a_minute(code: str, exchange: Callable[..., Any]) -> None:
    let_pass(code, seconds=61)
    assert exchange(code).get_json()["error"] == "invalid_grant"


def test_a_code_is_good_for_a_minute(code: str, exchange: Callable[..., Any]) -> None:
    let_pass(code, seconds=55)
    assert exchange(code).status_code == 200


def test_codes_are_stored_hashed(code: str) -> None:
    assert code not in str([one.serialize() for one in Code.scan()])


@pytest.mark.parametrize("what", ["disabled_at", "sessions_valid_from"])
def test_a_code_of_an_account_that_was_closed_since_is_good_for_nothing(
    code: str, exchange: Callable[..., Any], user: dict[str, str], what: str
) -> None:
    User.get(user["user_id"]).update([getattr(User, what).set(datetime.now(UTC))])
    assert exchange(code).get_json()["error"] == "invalid_grant"


def test_a_client_without_refresh_tokens_gets_none(
    register: Register, query: Query, log_in_for: Callable[..., Any], ask: Callable[..., Any]
) -> None:
    app = register(grants=["authorization_code"], redirect_uris=[BACK], audiences=["todos"])
    code = told(log_in_for({**query, "client_id": app[0]}))["code"]
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    assert "refresh_token" not in ask(app, **form, code=code).get_json()


def test_a_session_of_a_client_is_among_ones_sessions(
    code: str,
    exchange: Callable[..., Any],
    log_in: Callable[..., Any],
    user: dict[str, str],
    client: FlaskClient,
    app: Any,
) -> None:
    exchange(code)
    token = log_in(user["email"]).get_json()["access_token"]
    items = client.get("/auth/sessions", headers={"Authorization": f"Bearer {token}"}).get_json()["items"]
    assert [one["client_id"] for one in items] == ["polymacaron", app[0]]


def test_a_code_that_comes_again_before_its_session_has_begun_ends_it(
    code: str,
    exchange: Callable[..., Any],
    ask: Callable[..., Any],
    app: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin, others = Sessions.begin, list[Any]()

    def slowly(self: Sessions, *args: Any, **kwargs: Any) -> Any:
        if not others:
            others.append(None)
            others[0] = exchange(code)
        return begin(self, *args, **kwargs)

    monkeypatch.setattr(Sessions, "begin", slowly)
    assert exchange(code).get_json()["error"] == "invalid_grant"
    assert others[0].get_json()["error"] == "invalid_grant"
    assert Session.get(row_of(code).session_id).ended_why == "code"


def test_a_code_that_comes_again_when_it_is_over_ends_the_session_all_the_same(
    code: str, exchange: Callable[..., Any], caplog: pytest.LogCaptureFixture, user: dict[str, str]
) -> None:
    caplog.set_level("INFO", logger="services.auth.audit")
    tokens = exchange(code).get_json()
    let_pass(code, hours=1)
    assert exchange(code).get_json()["error"] == "invalid_grant"
    assert session_of(tokens).ended_why == "code"
    (told_of,) = [one for one in caplog.records if one.message == "authorization code used again"]
    assert told_of.user == user["user_id"]  # type: ignore[attr-defined]
    assert code not in str(told_of.__dict__)


def test_a_code_outlives_a_database_that_does_not_answer(
    code: str, exchange: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise PutError("no answer", ReadTimeoutError(endpoint_url="http://dynamodb"))

    with monkeypatch.context() as patch:
        patch.setattr(Session, "save", away)
        assert exchange(code).status_code == 503
    assert exchange(code).status_code == 200
    assert exchange(code).get_json()["error"] == "invalid_grant"


def test_a_code_outlives_a_request_whose_time_is_up(
    code: str, exchange: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*args: Any, **kwargs: Any) -> None:
        own = deadline._deadline.get()
        assert own is not None
        own.allow(-3600)
        deadline.check_deadline()

    with monkeypatch.context() as patch:
        patch.setattr(Session, "save", late)
        assert exchange(code).get_json()["code"] == "DEADLINE_EXCEEDED"
    assert exchange(code).status_code == 200


def test_a_code_of_an_earlier_password_is_good_for_nothing(
    code: str, exchange: Callable[..., Any], user: dict[str, str]
) -> None:
    User.get(user["user_id"]).update([User.password_changed_at.set(datetime.now(UTC))])
    assert exchange(code).get_json()["error"] == "invalid_grant"


def test_what_a_deleted_client_had_of_users_is_of_no_use_to_one_of_the_same_id(
    code: str,
    exchange: Callable[..., Any],
    log_in_for: Callable[..., Any],
    query: Query,
    ask: Callable[..., Any],
    app: Any,
    client: Any,
) -> None:
    tokens, second = exchange(code).get_json(), told(log_in_for(query))["code"]
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/auth/userinfo", headers=headers).status_code == 200
    assert delete(app[0])
    answer = client.get("/auth/userinfo", headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "TOKEN_REVOKED")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    secret = create(
        app[0],
        "another",
        grants=["authorization_code", "refresh_token"],
        redirect_uris=[BACK],
        audiences=["profiles"],
    )
    again = (app[0], secret)
    refreshed = ask(again, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refreshed.get_json()["error"] == "invalid_grant"
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
    assert ask(again, **form, code=second).get_json()["error"] == "invalid_grant"
    assert ask(again, **form, code=told(log_in_for(query))["code"]).status_code == 200
    assert client.get("/auth/userinfo", headers=headers).status_code == 401, "it is another client now"


def test_a_code_that_two_have_is_not_made_good_again(
    code: str, exchange: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        assert exchange(code).get_json()["error"] == "invalid_grant", "meanwhile, by somebody else"
        raise PutError("no answer", ReadTimeoutError(endpoint_url="http://dynamodb"))

    with monkeypatch.context() as patch:
        patch.setattr(Sessions, "begin", away)
        assert exchange(code).status_code == 503
    assert row_of(code).session_id is not None, "taken it stays"
    assert exchange(code).get_json()["error"] == "invalid_grant"


def test_codes_and_clients_are_read_as_they_are_stored_now(
    code: str, exchange: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in (Code, Session, OAuthClient):
        get = model.get

        def consistently(*args: Any, get: Callable[..., Any] = get, **kwargs: Any) -> Any:
            assert kwargs["consistent_read"]
            return get(*args, **kwargs)

        monkeypatch.setattr(model, "get", consistently)
    assert exchange(code).status_code == 200
    assert exchange(code).get_json()["error"] == "invalid_grant"
