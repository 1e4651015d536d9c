"""Calling other services in one's own name."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from libs.errors import Forbidden, Unauthorized
from libs.jwt import (
    Caller,
    FixedKeySet,
    SigningKey,
    TokenIssuer,
    TokenVerifier,
    acting_as,
    backend_token,
    current_caller,
)

KEY = SigningKey.generate()
ISSUER = TokenIssuer(KEY, "http://auth.test")
ADA = Caller("ada", token="adas")


def verified(token, audience="profiles"):
    return TokenVerifier(FixedKeySet([KEY.jwk]), issuer="http://auth.test", audience=audience).verify(token)


def test_within_it_the_service_is_the_caller_and_its_token_is_good_there_alone():
    with (
        acting_as(ADA),
        backend_token(ISSUER, "auth", audience=["profiles"], scopes=["profiles:create"]) as token,
    ):
        caller = current_caller()
        assert (caller.subject, caller.scopes, caller.token) == ("service:auth", {"profiles:create"}, token)
        assert verified(token) == caller
        with pytest.raises(Unauthorized):
            verified(token, "todos")
        with pytest.raises(Forbidden):
            caller.require_scopes("profiles:delete")


@pytest.mark.parametrize("before", [ADA, None])
def test_after_it_the_caller_is_who_it_was_whatever_happened(before):
    def fail():
        with backend_token(ISSUER, "auth", audience=["profiles"]):
            raise RuntimeError

    with acting_as(before):
        with backend_token(ISSUER, "auth", audience=["profiles"]):
            pass
        assert current_caller() is before
        with pytest.raises(RuntimeError):
            fail()
        assert current_caller() is before


def test_one_within_another_is_restored_as_well():
    with backend_token(ISSUER, "auth", audience=["profiles"]):
        with backend_token(ISSUER, "todos", audience=["profiles"]):
            assert current_caller().subject == "service:todos"
        assert current_caller().subject == "service:auth"


def test_other_threads_keep_their_caller():
    with ThreadPoolExecutor(1) as pool, backend_token(ISSUER, "auth", audience=["profiles"]):
        assert pool.submit(current_caller).result() is None


def test_a_generator_consumed_within_it_makes_one_set_of_scopes():
    with backend_token(ISSUER, "auth", audience=["profiles"], scopes=iter(["a", "b"])) as token:
        assert verified(token).scopes == {"a", "b"} == current_caller().scopes


def test_it_expires():
    with backend_token(ISSUER, "auth", audience=["profiles"], expires_in=-60) as token:
        with pytest.raises(Unauthorized) as caught:
            verified(token)
        assert caught.value.code == "TOKEN_EXPIRED"
