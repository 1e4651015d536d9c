"""What is in the tokens we make (RFC 9068)."""

import time

import jwt
import pytest

from libs.jwt import FixedKeySet, TokenIssuer, TokenVerifier
from libs.jwt.tests.forging import KEY

ISSUES = TokenIssuer(KEY, "http://auth.test")


def read(token):
    return jwt.decode(token, KEY.private.public_key(), ["EdDSA"], options={"verify_aud": False})


def test_a_token_names_its_key_its_type_and_the_algorithm():
    token = ISSUES.issue("ada", audience=["todos"])
    assert jwt.get_unverified_header(token) == {"alg": "EdDSA", "typ": "at+jwt", "kid": KEY.kid}


def test_the_claims_are_those_a_verifier_needs():
    before = int(time.time())
    found = read(ISSUES.issue("ada", audience=["todos", "profiles"], expires_in=60, scopes=["b", "a"]))
    assert before <= found.pop("iat") <= time.time()
    assert before + 60 <= found.pop("exp") <= time.time() + 60
    assert found.pop("jti")
    assert found == {
        "iss": "http://auth.test",
        "sub": "ada",
        "aud": ["profiles", "todos"],
        "client_id": "polymacaron",
        "scope": "a b",
    }


def test_every_token_has_an_id_of_its_own():
    ids = {read(ISSUES.issue("ada", audience=["todos"]))["jti"] for _ in range(10)}
    assert len(ids) == 10


@pytest.mark.parametrize(
    "asked",
    [
        {"subject": ""},
        {"audience": []},
        {"audience": "todos"},
        {"expires_in": 24 * 3600 + 1},
        {"roles": "admin"},
        {"scopes": "read"},
        {"scopes": ["todos:read admin"]},
        {"scopes": [""]},
        {"scopes": ["a\u00a0b"]},
        {"scopes": ['a"b']},
        {"scopes": [f"a-scope-that-has-its-length-{n}" for n in range(130)]},
        {"claims": {"x": "x" * 4000}},
    ],
    ids=lambda asked: " ".join(asked),
)
def test_what_every_verifier_would_refuse_is_not_signed(asked):
    good = {"subject": "ada", "audience": ["todos"]}
    with pytest.raises(ValueError, match=" "):
        ISSUES.issue(**{**good, **asked})


def test_what_is_signed_at_the_limits_is_taken():
    by = TokenVerifier(FixedKeySet([KEY.jwk]), issuer="http://auth.test", audience="todos")
    scopes = {f"a-scope-that-has-its-length-{n}" for n in range(75)}
    token = ISSUES.issue("a", audience=("todos",), expires_in=24 * 3600, scopes=scopes, roles={"admin"})
    caller = by.verify(token)
    assert (caller.scopes, caller.roles) == (scopes, {"admin"})
    assert len(token) > 3500


def test_a_token_is_never_over_before_it_was_made():
    options = {"verify_aud": False, "verify_exp": False}
    token = ISSUES.issue("ada", audience=["todos"], expires_in=-60)
    found = jwt.decode(token, KEY.private.public_key(), ["EdDSA"], options=options)
    assert found["iat"] <= found["exp"]


def test_a_token_can_be_made_that_has_expired():
    with pytest.raises(jwt.ExpiredSignatureError):
        read(ISSUES.issue("ada", audience=["todos"], expires_in=-1))


def test_a_token_is_made_at_the_moment_that_is_given():
    found = read(ISSUES.issue("ada", audience=["todos"], expires_in=900, issued_at=time.time() - 0.25))
    assert found["exp"] - found["iat"] == 900
    assert 0.25 <= time.time() - found["iat"] < 30
    moments = [read(ISSUES.issue("ada", audience=["todos"]))["iat"] for _ in range(3)]
    assert any(one % 1 for one in moments), "with fractions"
