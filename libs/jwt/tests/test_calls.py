"""The calls PyMacaron had: each thread and task has its own caller, and nobody another's."""

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from libs.errors import Forbidden, Unauthorized
from libs.jwt import (
    Caller,
    Identity,
    TokenIssuer,
    acting_as,
    backend_token,
    generate_token,
    get_token_issuer,
    get_user_token,
    get_user_token_data,
    get_userid,
    load_auth_token,
    requires_auth,
    running_as,
)
from libs.jwt.tests.forging import AUDIENCE, ISSUER, KEY, verifier

ADA = Caller(
    "ada", frozenset({"read", "write"}), "the.token", frozenset({"admin"}), {"iss": ISSUER, "email": "a@b"}
)


@pytest.fixture
def identity():
    with running_as(Identity(verifier().verify, TokenIssuer(KEY, ISSUER))):
        yield


def test_where_nobody_is_known_the_answers_are_empty():
    assert (get_userid(), get_userid("nobody")) == ("", "nobody")
    assert (get_user_token(), dict(get_user_token_data()), get_token_issuer()) == (None, {}, None)


def test_a_known_caller_is_told():
    with acting_as(ADA):
        assert (get_userid(), get_user_token(), get_token_issuer()) == ("ada", "the.token", ISSUER)
        assert get_user_token_data()["email"] == "a@b"
    assert get_userid() == ""


def test_a_task_acts_for_a_caller_without_a_token():
    with acting_as(Caller.from_json(ADA.to_json())):
        assert (get_userid(), get_user_token(), dict(get_user_token_data())) == ("ada", None, {})
        assert requires_auth(roles=["admin"], scopes=["read"])(get_userid)() == "ada"


def test_requires_auth_lets_a_known_caller_through():
    @requires_auth
    def hello(name: str) -> str:
        """Say hello."""
        return f"hello {name}"

    assert (hello.__name__, hello.__doc__) == ("hello", "Say hello.")
    with pytest.raises(Unauthorized) as caught:
        hello("x")
    assert caught.value.code == "AUTHENTICATION_REQUIRED"
    with acting_as(ADA):
        assert hello("x") == "hello x"


@pytest.mark.parametrize(
    ("needed", "missing"),
    [
        ({"scopes": ["read", "write"], "roles": ["admin"]}, None),
        ({"scopes": ["read", "delete"]}, "scope delete"),
        ({"roles": ["owner", "admin"]}, "role owner"),
    ],
)
def test_requires_auth_asks_for_scopes_and_roles(needed, missing):
    checked = requires_auth(**needed)(get_userid)
    with acting_as(ADA):
        if missing is None:
            assert checked() == "ada"
        else:
            with pytest.raises(Forbidden, match=missing):
                checked()


def test_a_running_service_makes_and_reads_tokens(identity):
    token = generate_token("ada", 60, {"email": "a@b"}, audience=[AUDIENCE], scopes=["read"])
    caller = load_auth_token(token)
    assert (caller.subject, caller.scopes, caller.claims["email"]) == ("ada", {"read"}, "a@b")
    assert caller.claims["exp"] - caller.claims["iat"] == 60
    assert get_userid() == "", "reading a token makes nobody the caller"
    with pytest.raises(Unauthorized):
        load_auth_token(token + "x")


def test_without_a_service_there_are_no_tokens():
    with pytest.raises(RuntimeError, match="no service is running"):
        load_auth_token("x")
    with running_as(Identity(verifier().verify)), pytest.raises(RuntimeError, match="signs no tokens"):
        generate_token("ada", audience=[AUDIENCE])


def test_eight_threads_of_ten_thousand_tokens_never_meet_anothers_caller():
    # One verifier and its memory are shared, as in a web process; a pool's threads are used again and again.
    shared, issuer, start = verifier(kept=256), TokenIssuer(KEY, ISSUER), threading.Barrier(8)
    tokens = {f"user-{n}": issuer.issue(f"user-{n}", audience=[AUDIENCE]) for n in range(100)}
    names = list(tokens)

    def serve(number):
        start.wait()
        wrong = 0
        for turn in range(10_000):
            name = names[(turn * 7 + number * 13) % 100]
            with acting_as(shared.verify(tokens[name])):
                wrong += get_userid() != name or get_user_token() != tokens[name]
                wrong += get_user_token_data()["sub"] != name
                if turn % 1000 == 0:
                    with backend_token(issuer, "auth", audience=[AUDIENCE]):
                        wrong += get_userid() != "service:auth"
                    wrong += get_userid() != name
        return wrong + (get_userid() != "")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(serve, range(8))) == 0


def test_what_a_request_starts_in_a_thread_does_not_outlive_it():
    with acting_as(ADA):
        copied = contextvars.copy_context()
    assert (copied.run(get_userid), get_userid()) == ("ada", "")
    with ThreadPoolExecutor(1) as pool, acting_as(ADA):
        assert pool.submit(get_userid).result() == "", "a thread is nobody until it is told"
