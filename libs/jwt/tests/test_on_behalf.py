"""Tokens to act for a caller who has none here: what is in them, how long they are kept, who gets none."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from libs.errors import Forbidden, ServiceUnavailable, Unauthorized
from libs.jwt import (
    Caller,
    Identity,
    OnBehalf,
    RevocationList,
    ServiceAccount,
    TokenIssuer,
    acting_as,
    running_as,
    token_for_call,
    token_refused,
)
from libs.jwt.on_behalf import issued_here
from libs.jwt.service_account import ON_BEHALF_GRANT
from libs.jwt.tests.conftest import Clock
from libs.jwt.tests.forging import AUDIENCE, ISSUER, KEY, claims, header, signed, verifier

ISSUES = TokenIssuer(KEY, ISSUER)
ADA = Caller("ada", frozenset({"read", "write"}), roles=frozenset({"editor"}))
SECRET = "q8TzWm4yRb7Jn2Vd"


class Issuing:
    """Makes tokens that are numbered, and notes for whom."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def __call__(self, caller: Caller, audience: str) -> tuple[str, float]:
        self.asked.append((caller.subject, audience))
        return f"token-{len(self.asked)}", 60


@pytest.fixture
def issuing() -> Issuing:
    return Issuing()


@pytest.fixture
def on_behalf(issuing: Issuing, clock: Clock) -> OnBehalf:
    return OnBehalf(issuing, clock=clock)


def test_a_token_made_here_says_who_acts_for_whom_and_is_good_at_one_service_for_a_minute() -> None:
    token = OnBehalf(issued_here(ISSUES, "auth")).token(ADA, AUDIENCE)
    caller = verifier().verify(token)
    assert (caller.subject, caller.actor) == ("ada", "service:auth")
    assert (caller.scopes, caller.roles, caller.audience) == (ADA.scopes, ADA.roles, {AUDIENCE})
    assert caller.claims["act"] == {"sub": "service:auth"}
    assert caller.claims["exp"] - caller.claims["iat"] == pytest.approx(60)
    with pytest.raises(Unauthorized):
        verifier(audience="profiles").verify(token)


def test_a_token_is_kept_until_shortly_before_its_end(
    on_behalf: OnBehalf, issuing: Issuing, clock: Clock
) -> None:
    assert on_behalf.token(ADA, "todos") == "token-1"
    clock.advance(47)
    assert on_behalf.token(replace(ADA, audience=frozenset({"todos"})), "todos") == "token-1"
    clock.advance(1)
    assert on_behalf.token(ADA, "todos") == "token-2"
    assert len(issuing.asked) == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(ADA, subject="eve"),
        replace(ADA, scopes=frozenset({"read"})),
        replace(ADA, roles=frozenset()),
    ],
    ids=["subject", "scopes", "roles"],
)
def test_a_token_is_nobody_elses_and_has_nobody_elses_rights(on_behalf: OnBehalf, other: Caller) -> None:
    assert on_behalf.token(ADA, "todos") != on_behalf.token(other, "todos")
    assert on_behalf.token(ADA, "todos") != on_behalf.token(ADA, "profiles")


def test_only_so_many_are_kept(issuing: Issuing, clock: Clock) -> None:
    on_behalf = OnBehalf(issuing, kept=2, clock=clock)
    for subject in ("a", "b", "c", "c", "b", "a"):
        on_behalf.token(Caller(subject), "todos")
    assert [subject for subject, _ in issuing.asked] == ["a", "b", "c", "a"]


def test_a_service_is_acted_for_by_nobody(on_behalf: OnBehalf, issuing: Issuing) -> None:
    with pytest.raises(Forbidden) as refused:
        on_behalf.token(Caller("service:billing"), "todos")
    assert (refused.value.code, issuing.asked) == ("NOT_A_USER", [])


def test_where_the_callers_own_token_was_not_good_there_is_none(
    on_behalf: OnBehalf, issuing: Issuing
) -> None:
    ada = Caller.from_json(replace(ADA, audience=frozenset({"todos"})).to_json())
    assert on_behalf.token(ada, "todos")
    with pytest.raises(Forbidden) as refused:
        on_behalf.token(ada, "profiles")
    assert (refused.value.code, issuing.asked) == ("NOT_FOR_THIS_SERVICE", [("ada", "todos")])


@pytest.fixture
def running(on_behalf: OnBehalf) -> Iterator[None]:
    with running_as(Identity(verifier().verify, on_behalf=on_behalf)):
        yield


@pytest.mark.usefixtures("running")
def test_a_call_sends_the_callers_own_token_where_there_is_one(issuing: Issuing) -> None:
    assert token_for_call("todos") is None, "nobody is acted for where nobody is known"
    with acting_as(replace(ADA, token="their own")):
        assert token_for_call("todos") == "their own"
    assert issuing.asked == []
    with acting_as(ADA):
        assert token_for_call("todos") == "token-1"


@pytest.mark.usefixtures("running")
def test_after_a_refusal_there_is_another_token() -> None:
    with acting_as(ADA):
        sent = token_for_call("todos")
        assert sent is not None
        token_refused("of somebody else")
        assert token_for_call("todos") == sent
        token_refused(sent)
        assert token_for_call("todos") == "token-2"


def test_where_nothing_makes_tokens_a_call_goes_without() -> None:
    with running_as(Identity(verifier().verify)), acting_as(ADA):
        assert token_for_call("todos") is None
        token_refused("any")


def test_who_it_is_goes_through_a_queue_and_the_token_does_not() -> None:
    token = ISSUES.issue("ada", audience=[AUDIENCE, "profiles"], scopes=["read"], actor="service:other")
    caller = verifier().verify(token)
    stored = caller.to_json()
    assert stored == {
        "subject": "ada",
        "scopes": ["read"],
        "roles": [],
        "audience": ["profiles", "todos"],
        "actor": "service:other",
    }
    again = Caller.from_json(stored)
    assert (again.actor, again.audience, again.token) == ("service:other", caller.audience, None)


def test_rows_from_before_there_were_audiences_are_read() -> None:
    assert Caller.from_json({"subject": "ada", "scopes": ["read"]}) == Caller("ada", frozenset({"read"}))


@pytest.mark.parametrize(
    "act",
    [
        None,
        "service:other",
        [],
        {},
        {"sub": ""},
        {"sub": 1},
        {"sub": ["service:other"]},
        {"sub": "service:other", "iss": ISSUER},
        {"sub": "service:other", "act": {"sub": "service:first"}},
    ],
    ids=repr,
)
def test_an_actor_is_a_name_and_has_no_actor_itself(act: Any) -> None:
    with pytest.raises(Unauthorized) as refused:
        verifier().verify(signed(header(), claims(act=act)))
    assert refused.value.code == "TOKEN_INVALID"


def test_an_actor_is_nothing_that_claims_can_say() -> None:
    with pytest.raises(ValueError, match="act"):
        ISSUES.issue("ada", audience=["todos"], claims={"act": {"sub": "service:other"}})


def test_the_tokens_a_service_acts_with_end_with_its_own() -> None:
    caller = verifier().verify(ISSUES.issue("ada", audience=[AUDIENCE], actor="service:stolen"))
    later = caller.claims["iat"] + 1
    assert RevocationList(subjects={"service:stolen": later}).revoked(caller)
    assert not RevocationList(subjects={"service:stolen": later - 2}).revoked(caller)
    assert not RevocationList(subjects={"service:other": later}).revoked(caller)


class Endpoint:
    """A token endpoint that answers what is set here."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        body = {"access_token": "x", "token_type": "Bearer", "expires_in": 60, "scope": "read"}
        self.answer: httpx.Response | Exception = httpx.Response(200, json=body)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
def account(endpoint: Endpoint) -> ServiceAccount:
    transport = httpx.MockTransport(endpoint)
    return ServiceAccount("http://auth.test/auth/token", "billing", SECRET, transport=transport)


def test_an_account_asks_for_the_callers_rights_and_no_more(
    account: ServiceAccount, endpoint: Endpoint
) -> None:
    assert account.acting_for(ADA, "todos") == ("x", 60)
    (request,) = endpoint.requests
    assert parse_qs(request.content.decode()) == {
        "grant_type": [ON_BEHALF_GRANT],
        "requested_subject": ["ada"],
        "audience": ["todos"],
        "scope": ["read write"],
        "roles": ["editor"],
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("invalid_grant", "ACCOUNT_CLOSED"),
        ("unauthorized_client", "MAY_NOT_ACT"),
        ("unsupported_grant_type", "MAY_NOT_ACT"),
        ("invalid_target", "MAY_NOT_ACT"),
        ("x" * 1000, "MAY_NOT_ACT"),
    ],
    ids=["grant", "client", "type", "target", "unknown"],
)
def test_a_refusal_is_final(
    account: ServiceAccount, endpoint: Endpoint, error: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = httpx.Response(400, json={"error": error, "error_description": "hunter2"})
    with pytest.raises(Forbidden) as refused:
        account.acting_for(ADA, "todos")
    assert refused.value.code == code
    assert "hunter2" not in f"{refused.value.detail} {caplog.text}"
    assert not any(len(str(vars(one).get("error", ""))) > 50 for one in caplog.records)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("hunter2"),
        httpx.Response(401, json={"error": "invalid_client"}),
        httpx.Response(429, json={"code": "TOO_MANY_REQUESTS"}),
        httpx.Response(503, json={"code": "UNAVAILABLE"}),
        httpx.Response(302, headers={"Location": "http://evil.test"}),
        httpx.Response(400, text="a proxy's page"),
        httpx.Response(400, json={"error": 1}),
        httpx.Response(400, json=[]),
        httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "expires_in": -1}),
    ],
    ids=["away", "secret", "too many", "down", "moved", "page", "number", "list", "lapsed"],
)
def test_what_may_pass_is_tried_again(
    account: ServiceAccount,
    endpoint: Endpoint,
    answer: httpx.Response | Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    endpoint.answer = answer
    with pytest.raises(ServiceUnavailable):
        account.acting_for(ADA, "todos")
    assert SECRET not in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "told"),
    [("42", "42"), (None, "1"), ("Wed, 21 Oct 2026 07:28:00 GMT", "1"), ("-1", "1"), ("9" * 5000, "999999")],
    ids=["seconds", "nothing", "date", "negative", "digits"],
)
def test_how_long_to_wait_is_told(
    account: ServiceAccount, endpoint: Endpoint, status: int, asked: str | None, told: str
) -> None:
    headers = {} if asked is None else {"Retry-After": asked}
    endpoint.answer = httpx.Response(status, text="a proxy's page", headers=headers)
    with pytest.raises(ServiceUnavailable) as refused:
        account.acting_for(ADA, "todos")
    assert refused.value.headers["Retry-After"] == told
