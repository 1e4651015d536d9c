"""No protected endpoint of any service takes a request without a good token for that service."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from testaccept.deployment import SERVICES, Clients, User, mint_token
from testaccept.endpoints import PROTECTED, Endpoint
from testaccept.problems import assert_problem, refused_before
from testaccept.tokens import GenuineToken

ELSEWHERE = "https://elsewhere.example"


@dataclass(frozen=True)
class Fault:
    """One way for a token to be bad: how to make it, and the code it is refused with."""

    name: str
    forge: Callable[[GenuineToken], str | bytes]
    code: str = "TOKEN_INVALID"


# Values of the whole Authorization header.
BAD_HEADERS = [
    Fault("basic", lambda _: "Basic YWRhOnBhc3N3b3Jk", "AUTHORIZATION_HEADER_INVALID"),
    Fault("empty", lambda _: "", "AUTHORIZATION_HEADER_INVALID"),
    Fault("bearer-alone", lambda _: "Bearer", "AUTHORIZATION_HEADER_INVALID"),
    Fault("token-alone", lambda genuine: genuine.token, "AUTHORIZATION_HEADER_INVALID"),
    Fault("two-tokens", lambda g: f"Bearer {g.token} {g.token}", "AUTHORIZATION_HEADER_INVALID"),
]

# What stands after `Bearer `. A token signed with the deployment's key but without `exp` cannot be had from
# outside, so here a stranger signs that one; the unit tests of libs/jwt have it signed with the right key.
BAD_TOKENS = [
    Fault("garbage", lambda _: "garbage"),
    Fault("garbage-bytes", lambda _: b"\xff\xfe\xfd"),
    Fault("three-empty-parts", lambda _: ".."),
    Fault("truncated", lambda genuine: genuine.truncated()),
    Fault("no-signature", lambda genuine: genuine.unsigned()),
    Fault("tampered", lambda genuine: genuine.with_claims(sub="somebody-else")),
    Fault("longer-life", lambda genuine: genuine.with_claims(exp=genuine.claims["exp"] + 3600)),
    Fault("more-scope", lambda genuine: genuine.with_claims(scope="profiles:create")),
    Fault("alg-none", lambda genuine: genuine.with_algorithm_none()),
    Fault("alg-NoNe", lambda genuine: genuine.with_algorithm_none("NoNe")),
    Fault("other-key", lambda genuine: genuine.signed_by_stranger()),
    Fault("unknown-kid", lambda genuine: genuine.signed_by_stranger(kid="testaccept-unknown")),
    Fault("kid-not-a-string", lambda genuine: genuine.with_header(kid=["a"])),
    Fault("key-in-header", lambda genuine: genuine.with_own_key_inside()),
    Fault("no-exp", lambda genuine: genuine.signed_by_stranger(without="exp")),
    Fault(
        "hs256-public-pem",
        lambda g: g.signed_with_public_key(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ),
    Fault("hs256-public-raw", lambda g: g.signed_with_public_key(Encoding.Raw, PublicFormat.Raw)),
]


def ask(clients: Clients, endpoint: Endpoint, *authorization: str | bytes, **options: Any) -> httpx.Response:
    """Call the endpoint with these Authorization headers and a body where it takes one."""
    headers = [
        (b"Authorization", value.encode() if isinstance(value, str) else value) for value in authorization
    ]
    if endpoint.takes_body and "content" not in options:
        options["json"] = {}
    else:
        headers.append((b"Content-Type", b"application/json"))
    return clients.of(endpoint.service).request(
        endpoint.method, endpoint.unknown_path, headers=headers, **options
    )


def assert_unauthorized(response: httpx.Response, code: str) -> None:
    """Assert the 401 with its code and the challenge that RFC 6750, 3 asks for."""
    assert_problem(response, 401, code)
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.split()[0] == "Bearer", challenge


every_protected_endpoint = pytest.mark.parametrize("endpoint", PROTECTED, ids=str)


@every_protected_endpoint
def test_no_token(anyone: Clients, endpoint: Endpoint) -> None:
    assert_unauthorized(ask(anyone, endpoint), "AUTHORIZATION_HEADER_MISSING")


@every_protected_endpoint
@pytest.mark.parametrize("fault", BAD_HEADERS, ids=lambda fault: fault.name)
def test_bad_header(anyone: Clients, endpoint: Endpoint, fault: Fault, genuine: GenuineToken) -> None:
    assert_unauthorized(ask(anyone, endpoint, fault.forge(genuine)), fault.code)


@every_protected_endpoint
def test_two_headers(anyone: Clients, endpoint: Endpoint, genuine: GenuineToken) -> None:
    # Both are good: a service that looked at the first or at the last alone would let this pass.
    good = f"Bearer {genuine.token}"
    response = ask(anyone, endpoint, good, good)
    if not refused_before(response):
        assert_unauthorized(response, "AUTHORIZATION_HEADER_INVALID")


@every_protected_endpoint
@pytest.mark.parametrize("fault", BAD_TOKENS, ids=lambda fault: fault.name)
def test_bad_token(anyone: Clients, endpoint: Endpoint, fault: Fault, genuine: GenuineToken) -> None:
    token = fault.forge(genuine)
    bearer = b"Bearer " + (token.encode() if isinstance(token, str) else token)
    assert_unauthorized(ask(anyone, endpoint, bearer), fault.code)


def audiences(*services: str) -> list[str]:
    """The command's arguments for a token that is meant for these services."""
    return [word for service in services for word in ("--audience", service)]


# One token for all three: the command is slow to start.
FOR_ALL_SERVICES = audiences(*SERVICES)


def operator_token(*arguments: str) -> str:
    """A token for nobody in particular, signed by the deployment."""
    return f"Bearer {mint_token('--subject', 'testaccept-nobody', *arguments)}"


@pytest.mark.operator
@every_protected_endpoint
def test_expired_token(anyone: Clients, endpoint: Endpoint) -> None:
    token = operator_token(*FOR_ALL_SERVICES, "--expires-in", "-3600")
    assert_unauthorized(ask(anyone, endpoint, token), "TOKEN_EXPIRED")


@pytest.mark.operator
@every_protected_endpoint
def test_token_for_other_services(anyone: Clients, endpoint: Endpoint) -> None:
    others = [name for name in SERVICES if name != endpoint.service]
    assert_unauthorized(ask(anyone, endpoint, operator_token(*audiences(*others))), "TOKEN_INVALID")


@pytest.mark.operator
@every_protected_endpoint
def test_token_of_another_issuer(anyone: Clients, endpoint: Endpoint) -> None:
    token = operator_token(*FOR_ALL_SERVICES, "--issuer", ELSEWHERE)
    assert_unauthorized(ask(anyone, endpoint, token), "TOKEN_INVALID")


@pytest.mark.operator
@pytest.mark.parametrize("service", SERVICES)
def test_the_operators_tokens_are_good_unless_made_bad(anyone: Clients, service: str) -> None:
    # Without this, the tests above would pass with a command that signs with a wrong key.
    token = operator_token(*FOR_ALL_SERVICES)
    assert anyone.of(service).get("/auth/version", headers={"Authorization": token}).status_code == 200


@every_protected_endpoint
def test_a_good_token_is_let_in(user: User, endpoint: Endpoint) -> None:
    assert ask(user, endpoint).status_code != 401


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_schemes_case_does_not_matter(
    anyone: Clients, genuine: GenuineToken, service: str, scheme: str
) -> None:
    # RFC 9110, 11.1
    headers = {"Authorization": f"{scheme} {genuine.token}"}
    assert anyone.of(service).get("/auth/version", headers=headers).status_code == 200


@every_protected_endpoint
def test_a_token_in_the_address_does_not_count(
    anyone: Clients, endpoint: Endpoint, genuine: GenuineToken
) -> None:
    response = ask(anyone, endpoint, params={"access_token": genuine.token, "token": genuine.token})
    assert_unauthorized(response, "AUTHORIZATION_HEADER_MISSING")


@pytest.mark.parametrize("endpoint", [each for each in PROTECTED if each.takes_body], ids=str)
@pytest.mark.parametrize("body", [b'{"title": ', b"\xff\xfe", b""], ids=["malformed", "not-utf8", "empty"])
def test_strangers_get_401_before_their_body_is_read(
    anyone: Clients, endpoint: Endpoint, body: bytes
) -> None:
    assert_unauthorized(ask(anyone, endpoint, content=body), "AUTHORIZATION_HEADER_MISSING")
    assert_unauthorized(ask(anyone, endpoint, "Bearer garbage", content=body), "TOKEN_INVALID")


def test_strangers_get_401_before_their_parameters_are_read(anyone: Clients) -> None:
    response = anyone.todos.get("/todos", params={"limit": "many", "colour": "red"})
    assert_unauthorized(response, "AUTHORIZATION_HEADER_MISSING")
