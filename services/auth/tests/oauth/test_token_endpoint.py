"""The token endpoint: client credentials, refresh tokens of clients, and refusals as OAuth has them."""

import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from pynamodb.exceptions import PutError

from libs.jwt import Caller, TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER
from services.auth.accounts import User
from services.auth.clients import OAuthClient, create, delete, replace_secret
from services.auth.clients.registry import MOST_GRANTED, RefusedClient
from services.auth.sessions.models import Revocation, Session
from services.auth.sessions.revocations import RevokedTokens
from services.auth.sessions.sessions import Sessions

Ask = Callable[..., Any]
Register = Callable[..., tuple[str, str | None]]


@pytest.fixture
def verify(running: Running) -> Callable[..., Caller]:
    def verified(token: str, audience: str = "todos") -> Caller:
        return TokenVerifier(running.keys, issuer=ISSUER, audience=audience).verify(token)

    return verified


def assert_refused(answer: Any, error: str, status: int = 400) -> None:
    body = answer.get_json()
    assert (answer.status_code, body["error"]) == (status, error)
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(body) == {"error", "error_description"}
    assert body["error_description"].isascii()


@pytest.mark.parametrize("way", ["basic", "form"])
def test_a_client_gets_a_token_in_its_own_name(
    ask: Ask, register: Register, verify: Callable[..., Caller], way: str
) -> None:
    client_id, secret = register()
    assert secret is not None
    answer = (
        ask((client_id, secret), grant_type="client_credentials")
        if way == "basic"
        else ask(grant_type="client_credentials", client_id=client_id, client_secret=secret)
    )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert {name: body[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 900,
        "scope": "todos:read todos:write",
    }
    assert "refresh_token" not in body
    for audience in ("todos", "profiles"):
        caller = verify(body["access_token"], audience)
        assert (caller.subject, caller.scopes) == (f"service:{client_id}", {"todos:read", "todos:write"})
    assert caller.claims["client_id"] == client_id
    assert caller.session is None


def test_a_client_may_ask_for_less(ask: Ask, register: Register, verify: Callable[..., Caller]) -> None:
    body = ask(register(), grant_type="client_credentials", scope="todos:read", audience="todos").get_json()
    caller = verify(body["access_token"])
    assert (body["scope"], caller.scopes) == ("todos:read", {"todos:read"})
    assert list(caller.claims["aud"]) == ["todos"]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"scope": "todos:read users:admin"}, "invalid_scope"),
        ({"audience": "auth"}, "invalid_target"),
    ],
)
def test_a_client_does_not_get_more_than_it_may_have(
    ask: Ask, register: Register, more: dict[str, str], error: str
) -> None:
    assert_refused(ask(register(), grant_type="client_credentials", **more), error)


def test_who_it_is_not_gets_nothing_and_learns_nothing(ask: Ask, register: Register) -> None:
    client_id, secret = register()
    public, _ = register(
        public=True, grants=["authorization_code"], redirect_uris=["https://app.example.com/back"]
    )
    answers = [
        ask((client_id, "x" * 43), grant_type="client_credentials"),
        ask((client_id, ""), grant_type="client_credentials"),
        ask(("nobody", secret), grant_type="client_credentials"),
        ask(("../" * 30, secret), grant_type="client_credentials"),
        ask((public, secret), grant_type="client_credentials"),
        ask(grant_type="client_credentials", client_id=client_id),
        ask(grant_type="client_credentials", client_id="nobody", client_secret="x"),
        ask(grant_type="client_credentials"),
    ]
    for answer in answers:
        assert_refused(answer, "invalid_client", 401)
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.get_json() == answers[0].get_json()


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Bearer abc",
        f"Basic {b64encode(b'no-colon').decode()}",
        f"Basic {b64encode(bytes([255, 58, 255])).decode()}",
    ],
)
def test_an_odd_authorization_header_is_no_fault_of_ours(client: FlaskClient, header: str) -> None:
    answer = client.post(
        "/auth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert_refused(answer, "invalid_client", 401)


def test_basic_is_read_as_oauth_says(ask: Ask, register: Register) -> None:
    client_id, secret = register()
    assert secret is not None
    escaped = client_id.replace("-", "%2D"), secret.replace(secret[0], f"%{ord(secret[0]):02X}")
    assert ask(escaped, grant_type="client_credentials").status_code == 200


def test_a_client_says_in_one_way_who_it_is(ask: Ask, register: Register) -> None:
    client_id, secret = register()
    both = {"grant_type": "client_credentials", "client_id": client_id}
    assert ask((client_id, secret), **both).status_code == 200
    assert_refused(ask((client_id, secret), **both, client_secret=str(secret)), "invalid_request")
    assert_refused(ask((client_id, secret), **{**both, "client_id": "another"}), "invalid_request")


def test_each_grant_has_to_be_the_clients(ask: Ask, register: Register) -> None:
    assert_refused(ask(register(), grant_type="refresh_token", refresh_token="x"), "unauthorized_client")
    assert_refused(ask(register(), grant_type="password"), "unsupported_grant_type")
    assert_refused(ask(register(), grant_type="\u00fc" * 10), "unsupported_grant_type")


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"grant_type=client_credentials&grant_type=refresh_token", "application/x-www-form-urlencoded"),
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=%00", "application/x-www-form-urlencoded"),
        (b"grant_type=" + b"x" * 5000, "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_request_of_oauth_is_refused_as_oauth_says(
    client: FlaskClient, data: bytes, content_type: str
) -> None:
    assert_refused(client.post("/auth/token", data=data, content_type=content_type), "invalid_request")


def test_what_oauth_does_not_know_is_not_looked_at(ask: Ask, register: Register) -> None:
    assert ask(register(), grant_type="client_credentials", resource="x", colour="red").status_code == 200


def test_a_deleted_client_gets_nothing_and_its_tokens_are_over(
    ask: Ask,
    register: Register,
    verify: Callable[..., Caller],
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running.dependencies.make(RevokedTokens), "_cached", 0)
    client = register()
    token = ask(client, grant_type="client_credentials").get_json()["access_token"]
    assert delete(client[0])
    assert running.dependencies.make(RevokedTokens).revoked(verify(token))
    assert_refused(ask(client, grant_type="client_credentials"), "invalid_client", 401)
    assert not delete(client[0])


def test_a_client_that_is_made_again_gets_tokens_that_are_good_after_half_a_minute(
    ask: Ask, register: Register, verify: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    client_id, _ = register()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda real=time.time: real() - 31)
        delete(client_id)
    secret = create(client_id, "again", grants=["client_credentials"], audiences=["todos"])
    token = ask((client_id, secret), grant_type="client_credentials").get_json()["access_token"]
    assert not RevokedTokens().revoked(verify(token))


@pytest.mark.parametrize("end", [delete, partial(replace_secret, now=True)])
def test_tokens_of_a_client_end_by_a_clock_that_is_behind(
    ask: Ask,
    register: Register,
    verify: Callable[..., Caller],
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[str], object],
) -> None:
    client = register()
    token = ask(client, grant_type="client_credentials").get_json()["access_token"]
    with monkeypatch.context() as patch:  # that of an operator's machine
        patch.setattr(time, "time", lambda real=time.time: real() - 25)
        end(client[0])
    assert RevokedTokens().revoked(verify(token))


def test_a_deletion_that_is_broken_off_is_completed_by_the_next(
    ask: Ask, register: Register, verify: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = register()
    token = ask(client, grant_type="client_credentials").get_json()["access_token"]

    def away(*args: Any, **kwargs: Any) -> None:
        raise PutError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(Revocation, "save", away)
        with pytest.raises(PutError):
            delete(client[0])
    delete(client[0])
    assert RevokedTokens().revoked(verify(token))
    assert_refused(ask(client, grant_type="client_credentials"), "invalid_client", 401)


def test_a_secret_is_replaced_without_an_outage(
    ask: Ask, register: Register, verify: Callable[..., Caller]
) -> None:
    client_id, old = register()
    new = replace_secret(client_id)
    tokens = [ask((client_id, one), grant_type="client_credentials") for one in (old, new)]
    assert [one.status_code for one in tokens] == [200, 200]
    assert not RevokedTokens().revoked(verify(tokens[0].get_json()["access_token"]))
    OAuthClient(client_id).update([OAuthClient.previous_until.set(datetime.now(UTC))])
    assert_refused(ask((client_id, old), grant_type="client_credentials"), "invalid_client", 401)
    assert ask((client_id, new), grant_type="client_credentials").status_code == 200


def test_a_stolen_secret_is_replaced_at_once_and_its_tokens_are_over(
    ask: Ask, register: Register, verify: Callable[..., Caller]
) -> None:
    client_id, first = register()
    replace_secret(client_id)
    token = ask((client_id, first), grant_type="client_credentials").get_json()["access_token"]
    new = replace_secret(client_id, now=True)
    assert RevokedTokens().revoked(verify(token))
    assert_refused(ask((client_id, first), grant_type="client_credentials"), "invalid_client", 401)
    assert ask((client_id, new), grant_type="client_credentials").status_code == 200


def test_a_client_with_so_much_that_no_token_holds_it_is_refused(
    ask: Ask, register: Register, verify: Callable[..., Caller]
) -> None:
    scopes = [f"todos:scope-number-{number:03d}-of-many" for number in range(100)]
    with pytest.raises(RefusedClient, match="so many scopes"):
        register(scopes=scopes)
    client = register(scopes=["x" * (MOST_GRANTED - 40)])
    verify(ask(client, grant_type="client_credentials").get_json()["access_token"])


def test_secrets_are_stored_hashed_and_never_logged(
    ask: Ask, register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="services")
    caplog.set_level("DEBUG", logger="libs")
    client_id, secret = register()
    token = ask((client_id, secret), grant_type="client_credentials").get_json()["access_token"]
    logged = str([one.__dict__ for one in caplog.records if not one.name.startswith("botocore")])
    assert secret is not None
    for shown in (str(OAuthClient.get(client_id).serialize()), logged):
        assert secret not in shown
        assert token not in shown


@pytest.fixture
def session(running: Running, register: Register, sign_up: Callable[..., Any]) -> Any:
    """A session that a client has of a user."""
    client = register(
        grants=["authorization_code", "refresh_token"], redirect_uris=["https://a.example.com/b"]
    )
    user_id = sign_up(f"{client[0]}@example.com").get_json()["user_id"]
    user = User.get(user_id)
    user.update([User.roles.set({"admin"})])
    sessions = running.dependencies.make(Sessions)
    granted = sessions.begin(
        user,
        authenticated_at=datetime.now(UTC),
        client_id=client[0],
        scopes=["openid"],
        audience=["auth", "todos"],
    )
    return client, granted


def test_a_client_exchanges_its_own_refresh_tokens(
    ask: Ask, session: Any, verify: Callable[..., Caller]
) -> None:
    client, granted = session
    body = ask(client, grant_type="refresh_token", refresh_token=granted.refresh_token).get_json()
    caller = verify(body["access_token"])
    assert (caller.subject, caller.claims["client_id"]) == (granted.user.id, client[0])
    assert (caller.roles, caller.scopes) == (set(), {"openid"}), "nobody has let this client be an admin"
    assert caller.session == granted.session.id
    again = ask(client, grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert again.status_code == 200


def test_a_refresh_token_is_good_for_its_client_alone(
    ask: Ask, session: Any, register: Register, client: FlaskClient
) -> None:
    own, granted = session
    other = register(
        grants=["authorization_code", "refresh_token"], redirect_uris=["https://a.example.com/b"]
    )
    form = {"grant_type": "refresh_token", "refresh_token": granted.refresh_token}
    assert_refused(ask(other, **form), "invalid_grant")
    first_party = client.post("/auth/refresh", json={"refresh_token": granted.refresh_token})
    assert first_party.status_code == 401
    assert ask(own, **form).status_code == 200, "and nothing has come of that"


def test_a_refresh_token_that_is_used_again_ends_the_session(
    ask: Ask, session: Any, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, granted = session
    form = {"grant_type": "refresh_token", "refresh_token": granted.refresh_token}
    head = ask(client, **form).get_json()["refresh_token"]
    third = ask(client, grant_type="refresh_token", refresh_token=head).get_json()["refresh_token"]
    assert_refused(ask(client, **form), "invalid_grant")
    assert_refused(ask(client, grant_type="refresh_token", refresh_token=third), "invalid_grant")
    assert Session.get(granted.session.id).ended_why == "reuse"


@pytest.mark.parametrize("form", [{}, {"refresh_token": ""}, {"refresh_token": "x"}])
def test_a_refresh_needs_a_token(ask: Ask, session: Any, form: dict[str, str]) -> None:
    error = "invalid_grant" if form else "invalid_request"
    assert_refused(ask(session[0], grant_type="refresh_token", **form), error)
