"""Logging in for a client: what the page is, what is refused and to whom it is told, and codes."""

import base64
import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient

from libs.errors import TooManyRequests
from libs.jwt import TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER, bearer
from services.auth.accounts import Accounts, User
from services.auth.oauth.models import Code
from services.auth.sessions.models import Session

BACK = "https://app.example.com/back"
PASSWORD = "correct horse battery"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
Register = Callable[..., tuple[str, str | None]]
Query = dict[str, str]


@pytest.fixture
def app(register: Register) -> tuple[str, str | None]:
    """A client that has users log in."""
    return register(grants=["authorization_code", "refresh_token"], redirect_uris=[BACK], audiences=["todos"])


@pytest.fixture
def query(app: tuple[str, str | None]) -> Query:
    """A good authorization request."""
    return {
        "response_type": "code",
        "client_id": app[0],
        "redirect_uri": BACK,
        "scope": "openid email",
        "state": 'x"&<y>=é',
        "nonce": "n-0S6",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


@pytest.fixture
def user(sign_up: Callable[..., Any]) -> dict[str, str]:
    return dict(sign_up(f"{uuid.uuid4().hex}@example.com").get_json())


@pytest.fixture
def log_in_for(client: FlaskClient, user: dict[str, str]) -> Callable[..., Any]:
    """Send the form of the page."""

    def sent(query: Query, password: str = PASSWORD) -> Any:
        form = {"email": user["email"], "password": password}
        return client.post("/auth/authorize", query_string=query, data=form)

    return sent


@pytest.fixture
def code(log_in_for: Callable[..., Any], query: Query) -> str:
    """A code that the client was given."""
    return told(log_in_for(query))["code"]


@pytest.fixture
def exchange(ask: Callable[..., Any], app: tuple[str, str | None]) -> Callable[..., Any]:
    """Send a code to the token endpoint."""

    def sent(code: str, **changes: str) -> Any:
        form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER}
        return ask(app, **{**form, "code": code, **changes})

    return sent


def told(answer: Any) -> dict[str, str]:
    """Return what a client is told by a redirection."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK
    return {name: one for name, (one,) in parse_qs(parts.query, strict_parsing=True).items()}


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
    answer = client.open("/auth/authorize", method=method, query_string={**query, **change}, data=form)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "AUTHORIZATION_REFUSED")
    assert "Location" not in answer.headers


def test_a_client_of_another_grant_has_nobody_log_in(
    client: FlaskClient, query: Query, register: Register
) -> None:
    answer = client.get("/auth/authorize", query_string={**query, "client_id": register()[0]})
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
    assert (caller.claims["client_id"], caller.claims["aud"]) == (app[0], ["todos", "userinfo"])
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
        assert sorted(pool.map(send, range(10))) == [200] + [400] * 9


def test_a_code_is_over_after_a_minute(code: str, exchange: Callable[..., Any]) -> None:
    (row,) = [one for one in Code.scan() if one.code_hash == hashlib.sha256(code.encode()).hexdigest()]
    row.update([Code.created_at.set(row.created_at - timedelta(seconds=61))])
    assert exchange(code).get_json()["error"] == "invalid_grant"


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
