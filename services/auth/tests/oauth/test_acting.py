"""The right of a service to act for users who are not there: who has it, for whom, where, and with what."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.errors import Forbidden
from libs.jwt import Caller, OnBehalf, RevocationList, TokenIssuer, TokenVerifier
from libs.jwt.cookies import ACCESS_COOKIE, csrf_claim
from libs.jwt.service_account import ON_BEHALF_GRANT
from libs.service import Running
from libs.service.testing import ISSUER, ISSUES
from services.auth.accounts import User
from services.auth.clients import OAuthClient, create, delete, replace_secret
from services.auth.clients.registry import RefusedClient
from services.auth.oauth.acting import Acting
from services.auth.sessions.revocations import RevokedTokens
from services.auth.tests.oauth.asking import BACK

Ask = Callable[..., Any]
Register = Callable[..., tuple[str, str | None]]


@pytest.fixture
def todos(register: Register) -> tuple[str, str | None]:
    """A service that may act for users."""
    return register(
        grants=[],
        acts_for_users=True,
        scopes=["users:admin", "todos:read"],
        roles=["admin", "editor"],
        audiences=["profiles"],
    )


@pytest.fixture
def act(ask: Ask, todos: tuple[str, str | None], user: dict[str, str]) -> Ask:
    """Ask for a token to act for the user with."""

    def asked(client: tuple[str, str | None] | None = None, **changes: str | None) -> Any:
        form = {"requested_subject": user["user_id"], "audience": "profiles", **changes}
        sent = {name: text for name, text in form.items() if text is not None}
        return ask(client or todos, grant_type=ON_BEHALF_GRANT, **sent)

    return asked


@pytest.fixture
def verify(running: Running) -> Callable[[str], Caller]:
    return TokenVerifier(running.keys, issuer=ISSUER, audience="profiles").verify


def has(user: dict[str, str], *roles: str) -> None:
    """Give the user these roles."""
    User(user["user_id"]).update([User.roles.set(set(roles))])


def assert_refused(answer: Any, error: str, status: int = 400) -> None:
    assert (answer.status_code, answer.get_json()["error"]) == (status, error)


def test_a_service_with_the_right_gets_a_users_token_that_says_so(
    act: Ask, todos: tuple[str, str], user: dict[str, str], verify: Callable[[str], Caller]
) -> None:
    body = act().get_json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 60, "")
    assert "refresh_token" not in body
    caller = verify(body["access_token"])
    assert (caller.subject, caller.actor) == (user["user_id"], f"service:{todos[0]}")
    assert (caller.audience, caller.session) == ({"profiles"}, None)
    assert caller.claims["client_id"] == todos[0]


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ({}, (set(), set())),
        ({"scope": "users:admin todos:read", "roles": "admin editor owner"}, ({"users:admin"}, {"admin"})),
        ({"scope": "users:admin"}, ({"users:admin"}, set())),
        ({"scope": "tasks:admin todos:read openid", "roles": "owner editor"}, (set(), set())),
    ],
    ids=["nothing", "all", "a scope", "what it may not"],
)
def test_it_has_what_is_asked_for_and_client_and_user_both_have(
    act: Ask,
    user: dict[str, str],
    verify: Callable[[str], Caller],
    asked: dict[str, str],
    held: tuple[set[str], set[str]],
) -> None:
    has(user, "admin", "owner")
    body = act(**asked).get_json()
    caller = verify(body["access_token"])
    assert (caller.scopes, caller.roles) == held
    assert set(body["scope"].split()) == held[0]


def test_what_the_user_has_lost_since_then_the_token_has_not(
    act: Ask, user: dict[str, str], verify: Callable[[str], Caller]
) -> None:
    has(user, "owner")
    caller = verify(act(scope="users:admin", roles="admin").get_json()["access_token"])
    assert (caller.scopes, caller.roles) == (set(), set())


def test_without_the_right_there_is_none(act: Ask, register: Register) -> None:
    assert_refused(act(register(audiences=["profiles"])), "unauthorized_client")
    page = register(public=True, grants=["authorization_code"], redirect_uris=[BACK], audiences=["profiles"])
    for client, error in ((page, "invalid_request"), ((page[0], "x" * 43), "invalid_client")):
        assert act(client).status_code in (400, 401), error
    assert_refused(act(("nobody", "x" * 43)), "invalid_client", 401)


def test_the_right_is_none_to_ask_in_ones_own_name(ask: Ask, todos: tuple[str, str]) -> None:
    assert_refused(ask(todos, grant_type="client_credentials"), "unauthorized_client")


@pytest.mark.parametrize("audience", ["todos", "auth", "userinfo", "profiles todos", "profiles ", "*"])
def test_it_is_for_one_service_that_was_named(act: Ask, audience: str) -> None:
    assert_refused(act(audience=audience), "invalid_target")


def test_nobody_acts_at_auth_though_a_row_says_so(act: Ask, todos: tuple[str, str]) -> None:
    OAuthClient(todos[0]).update([OAuthClient.audiences.set({"auth", "userinfo", "profiles"})])
    for audience in ("auth", "userinfo"):
        assert_refused(act(audience=audience), "invalid_target")
    assert act().status_code == 200


@pytest.mark.parametrize("missing", ["requested_subject", "audience"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_missing_is_no_wildcard(act: Ask, missing: str, value: str | None) -> None:
    assert_refused(act(**{missing: value}), "invalid_request")


@pytest.mark.parametrize("subject", ["nobody", "service:billing", "me", "*", "../users"])
def test_there_has_to_be_such_a_user(act: Ask, subject: str) -> None:
    assert_refused(act(requested_subject=subject), "invalid_grant")


def test_a_closed_account_is_acted_for_by_nobody(act: Ask, user: dict[str, str]) -> None:
    row = User(user["user_id"])
    row.update([User.disabled_at.set(datetime.now(UTC))])
    closed = act()
    row.delete()
    gone = act()
    assert_refused(closed, "invalid_grant")
    assert closed.get_json() == gone.get_json(), "which of them it is is not told"


def test_nor_is_one_that_nobody_has_confirmed(
    act: Ask, running: Running, monkeypatch: pytest.MonkeyPatch, user: dict[str, str]
) -> None:
    monkeypatch.setattr(running.dependencies.make(Acting)._accounts, "verified_only", True)
    assert_refused(act(), "invalid_grant")
    User(user["user_id"]).update([User.email_verified_at.set(datetime.now(UTC))])
    assert act().status_code == 200


def test_ended_sessions_stop_no_task_and_end_the_tokens_before(
    act: Ask,
    client: FlaskClient,
    log_in: Callable[..., Any],
    user: dict[str, str],
    verify: Callable[[str], Caller],
) -> None:
    before = verify(act().get_json()["access_token"])
    own = log_in(user["email"]).get_json()["access_token"]
    ended = client.delete("/auth/sessions", headers={"Authorization": f"Bearer {own}"})
    assert ended.status_code == 204
    revoked = RevokedTokens(cached=0)
    assert revoked.revoked(before)
    assert not revoked.revoked(verify(act().get_json()["access_token"]))


def test_a_stolen_secret_that_is_replaced_ends_the_tokens_it_got(
    act: Ask, todos: tuple[str, str], verify: Callable[[str], Caller]
) -> None:
    caller = verify(act().get_json()["access_token"])
    assert not RevokedTokens(cached=0).revoked(caller)
    secret = replace_secret(todos[0], now=True)
    assert RevokedTokens(cached=0).revoked(caller)
    assert_refused(act(), "invalid_client", 401)
    assert act((todos[0], secret)).status_code == 200
    delete(todos[0])
    assert_refused(act((todos[0], secret)), "invalid_client", 401)


def test_a_token_says_that_it_was_made_before_the_account_was_looked_at(
    act: Ask, monkeypatch: pytest.MonkeyPatch, running: Running, verify: Callable[[str], Caller]
) -> None:
    acting = running.dependencies.make(Acting)
    looked: list[float] = []
    find = acting._accounts.get

    def slow(user_id: str) -> User | None:
        looked.append(datetime.now(UTC).timestamp())
        return find(user_id)

    monkeypatch.setattr(acting._accounts, "get", slow)
    caller = verify(act().get_json()["access_token"])
    assert caller.claims["iat"] < looked[0]
    assert RevocationList(subjects={caller.subject: looked[0]}).revoked(caller)


def test_a_client_gets_so_many_in_a_minute_and_then_waits(
    act: Ask, running: Running, monkeypatch: pytest.MonkeyPatch, todos: tuple[str, str], register: Register
) -> None:
    acting = running.dependencies.make(Acting)
    monkeypatch.setattr(acting, "_window", replace(acting._window, tries=2))
    answers = [act(), act(requested_subject="nobody"), act()]
    assert [one.status_code for one in answers] == [200, 400, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60
    other = register(grants=[], acts_for_users=True, audiences=["profiles"])
    assert act(other).status_code == 200, "another client has its own"


def test_each_token_and_each_refusal_is_in_the_audit(
    act: Ask, todos: tuple[str, str], user: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="services.auth.audit")
    token = act().get_json()["access_token"]
    act(requested_subject="nobody-who-is-here")
    User(user["user_id"]).update([User.disabled_at.set(datetime.now(UTC))])
    act()
    lines = [vars(one) for one in caplog.records if one.name == "services.auth.audit"]
    assert [(one["message"], one.get("user")) for one in lines] == [
        ("token to act for a user", user["user_id"]),
        ("acting for a user refused", None),
        ("acting for a user refused", user["user_id"]),
    ]
    assert {(one["client"], one["audience"]) for one in lines} == {(todos[0], "profiles")}
    assert token not in caplog.text
    assert "nobody-who" not in str(lines), "ids that are none are not kept"


@pytest.mark.parametrize(
    "options",
    [
        {"audiences": ["auth"]},
        {"audiences": ["profiles", "userinfo"]},
        {"audiences": []},
        {"public": True},
        {"grants": ["authorization_code"], "redirect_uris": [BACK]},
        {"roles": ["Not a role"]},
        {"acts_for_users": False, "grants": ["client_credentials"], "roles": ["admin"]},
    ],
    ids=["auth", "userinfo", "nowhere", "public", "program", "role", "roles of nobody"],
)
def test_what_does_not_go_with_the_right_is_refused(options: dict[str, Any]) -> None:
    given = {"grants": [], "audiences": ["profiles"], "acts_for_users": True, **options}
    with pytest.raises(RefusedClient):
        create(f"client-{uuid.uuid4().hex}", "x", **given)


METHODS = ("get", "put", "post", "patch", "delete")


def operations(client: FlaskClient) -> list[tuple[str, str]]:
    """Return method and path of every operation that asks for a token."""
    document = client.get("/openapi.json").get_json()
    return [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, item in document["paths"].items()
        for method, node in item.items()
        if method in METHODS and any("bearer" in one for one in node.get("security", document["security"]))
    ]


def test_no_operation_of_auth_is_done_for_a_user_by_a_service(running: Running, user: dict[str, str]) -> None:
    client = running.web_app().test_client(use_cookies=False)
    claims = {"csrf": csrf_claim("x")}
    token = running.dependencies.make(TokenIssuer).issue(
        user["user_id"],
        audience=["auth", "userinfo"],
        scopes=["users:admin", "openid"],
        claims=claims,
        actor="service:todos",
    )
    bearer = {"Authorization": f"Bearer {token}"}
    cookie = {"Cookie": f"{ACCESS_COOKIE}={token}", "X-CSRF-Token": "x"}
    tried = operations(client)
    assert {("POST", "/auth/password"), ("DELETE", "/auth/sessions"), ("GET", "/auth/users")} <= set(tried)
    ways = [(method, path, one) for method, path in tried for one in (bearer, cookie)]
    ways += [("POST", "/auth/logout", bearer), ("GET", "/auth/userinfo", bearer)]
    for method, path, headers in ways:
        answer = client.open(path, method=method, headers=headers, json=None if method == "GET" else {})
        assert (answer.status_code, answer.get_json()["code"]) == (403, "ACTOR_REFUSED"), f"{method} {path}"
    assert User.get(user["user_id"]).sessions_valid_from is None


def test_the_same_token_without_an_actor_is_good_there(client: FlaskClient, user: dict[str, str]) -> None:
    token = ISSUES.issue(user["user_id"], audience=["auth"])
    assert client.get("/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_tasks_of_auth_itself_act_for_users_who_are_there(
    running: Running, user: dict[str, str], verify: Callable[[str], Caller]
) -> None:
    on_behalf = running.identity.on_behalf
    assert on_behalf is running.dependencies.make(OnBehalf)
    has(user, "owner")
    asks = Caller(user["user_id"], frozenset({"users:admin"}), roles=frozenset({"admin", "owner"}))
    caller = verify(on_behalf.token(asks, "profiles"))
    assert (caller.subject, caller.actor) == (user["user_id"], "service:auth")
    assert (caller.scopes, caller.roles) == (set(), {"owner"})
    User(user["user_id"]).update([User.disabled_at.set(datetime.now(UTC))])
    with pytest.raises(Forbidden) as refused:
        on_behalf.token(replace(asks, roles=frozenset()), "profiles")
    assert refused.value.code == "ACCOUNT_CLOSED"
