"""Logging in for a client: what the page is, what is refused and to whom it is told."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient

from libs.errors import TooManyRequests
from libs.jwt import TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER, bearer
from services.auth.accounts import Accounts, User
from services.auth.clients import OAuthClient
from services.auth.tests.oauth.asking import BACK, BROWSER, PASSWORD, Query, Register, told


def test_the_page_has_no_script_and_cannot_be_framed(client: FlaskClient, query: Query) -> None:
    answer = client.get("/auth/authorize", query_string=query)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    policy = dict(one.split(" ", 1) for one in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self' https://app.example.com"
    assert "script-src" not in policy
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy["style-src"] == f"'sha256-{digest}'"
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"


def test_nothing_that_was_sent_becomes_markup(client: FlaskClient, query: Query) -> None:
    nasty = '"><script>alert(1)</script>'
    answer = client.get("/auth/authorize", query_string={**query, "state": nasty, "login_hint": nasty})
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert nasty not in answer.text


def test_the_state_comes_back_as_it_was_and_says_who_answers(
    log_in_for: Callable[..., Any], query: Query
) -> None:
    answer = told(log_in_for(query))
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == (query["state"], ISSUER)
    del query["state"]
    assert told(log_in_for(query)).keys() == {"code", "iss"}


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "nobody"},
        {"client_id": ""},
        {"redirect_uri": "https://evil.example.com/"},
        {"redirect_uri": f"{BACK}/"},
        {"redirect_uri": f"{BACK}?x=1"},
        {"redirect_uri": f"{BACK}#"},
        {"redirect_uri": BACK.upper()},
        {"redirect_uri": "https://app.example.com:443/back"},
        {"redirect_uri": f"{BACK}/../back"},
        {"redirect_uri": ""},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_is_sent_where_the_client_is_not(
    client: FlaskClient, query: Query, user: dict[str, str], change: Query, method: str
) -> None:
    form = {"email": user["email"], "password": PASSWORD} if method == "POST" else None
    asked = {"method": method, "query_string": {**query, **change}, "data": form}
    answer = client.open("/auth/authorize", **asked)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "AUTHORIZATION_REFUSED")
    page = client.open("/auth/authorize", headers={"Accept": BROWSER}, **asked)
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert answer.get_json()["detail"] in page.text
    for one in (answer, page):
        assert "Location" not in one.headers
        assert "Accept" in one.headers["Vary"].split(", ")


def test_a_client_of_another_grant_has_nobody_log_in(
    client: FlaskClient, query: Query, register: Register
) -> None:
    client_id, _ = register()
    OAuthClient(client_id).update([OAuthClient.redirect_uris.set({BACK})])
    answer = client.get("/auth/authorize", query_string={**query, "client_id": client_id})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "ey"}, "request_not_supported"),
        ({"request_uri": "https://app.example.com/r"}, "request_uri_not_supported"),
        ({"prompt": "none"}, "login_required"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_client_is_told_what_is_wrong_with_its_request(
    client: FlaskClient,
    query: Query,
    user: dict[str, str],
    change: dict[str, str | None],
    error: str,
    method: str,
) -> None:
    sent = {name: value for name, value in {**query, **change}.items() if value is not None}
    form = {"email": user["email"], "password": PASSWORD} if method == "POST" else None
    answer = told(client.open("/auth/authorize", method=method, query_string=sent, data=form))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, query["state"], ISSUER)
    assert "code" not in answer


def test_what_openid_connect_has_beside_is_not_looked_at(client: FlaskClient, query: Query) -> None:
    more = {"display": "page", "ui_locales": "de", "acr_values": "x", "colour": "red"}
    assert client.get("/auth/authorize", query_string={**query, **more}).status_code == 200


def test_a_wrong_password_shows_the_page_again_and_tells_the_client_nothing(
    log_in_for: Callable[..., Any], query: Query, user: dict[str, str]
) -> None:
    answer = log_in_for(query, "wrong horse battery")
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "E-mail or password are wrong." in answer.text
    assert user["email"] in answer.text
    assert "wrong horse" not in answer.text
    assert "Location" not in answer.headers


def test_too_many_tries_are_told_on_the_page(
    log_in_for: Callable[..., Any], query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> None:
        raise TooManyRequests("Wait a little.", headers={"Retry-After": "7"})

    monkeypatch.setattr(Accounts, "check_password", refuse)
    answer = log_in_for(query)
    assert (answer.status_code, answer.mimetype) == (429, "text/html")
    assert answer.headers["Retry-After"] == "7"
    assert "Wait a little." in answer.text


def test_a_code_gets_tokens_that_are_good_for_what_was_granted_and_not_for_the_account(
    code: str,
    exchange: Callable[..., Any],
    running: Running,
    user: dict[str, str],
    app: Any,
    client: FlaskClient,
) -> None:
    User.get(user["user_id"]).update([User.roles.set({"admin"})])
    body = exchange(code).get_json()
    caller = TokenVerifier(running.keys, issuer=ISSUER, audience="todos").verify(body["access_token"])
    assert (caller.subject, caller.scopes, caller.roles) == (user["user_id"], {"openid", "email"}, set())
    assert (caller.claims["client_id"], set(caller.claims["aud"])) == (app[0], {"todos", "userinfo"})
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert client.get("/auth/sessions", headers=headers).status_code == 401
    assert client.delete("/auth/sessions", headers=headers).status_code == 401
    assert client.get("/auth/userinfo", headers=headers).status_code == 200


def test_the_id_token_says_who_and_when_and_is_no_access_token(
    code: str, exchange: Callable[..., Any], client: FlaskClient, app: Any, user: dict[str, str]
) -> None:
    token = exchange(code).get_json()["id_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == {"iss", "sub", "aud", "iat", "exp", "auth_time", "nonce"}
    assert (claims["sub"], claims["aud"], claims["nonce"]) == (user["user_id"], app[0], "n-0S6")
    assert abs(claims["auth_time"] - claims["iat"]) < 30
    for path in ("/auth/userinfo", "/auth/sessions"):
        assert client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_without_openid_there_is_no_id_token_and_nothing_to_ask(
    log_in_for: Callable[..., Any], query: Query, exchange: Callable[..., Any], client: FlaskClient
) -> None:
    body = exchange(told(log_in_for({**query, "scope": "email"}))["code"]).get_json()
    assert "id_token" not in body
    answer = client.get("/auth/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert answer.status_code == 403


def test_userinfo_takes_no_token_of_ours(client: FlaskClient) -> None:
    assert client.get("/auth/userinfo").status_code == 401
    for audience in ("auth", "todos"):
        headers = bearer("ada", audience=audience, scopes=("openid",))
        assert client.get("/auth/userinfo", headers=headers).status_code == 401
