"""Whatever is sent as a token, the answer is a caller or a 401, never another exception."""

import json
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import Unauthorized
from libs.jwt import Caller
from libs.jwt.tests.forging import KEY, claims, header, segment, signed, verifier

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def outcome(token):
    """Return the caller `token` stands for, or the code it is refused with; all else fails the test."""
    try:
        return verifier().verify(token)
    except Unauthorized as problem:
        return problem.code


def refused(token):
    """Tell whether `token` is refused as invalid."""
    return outcome(token) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "é.é.é",
        "\ud800.\ud800.\ud800",
        "null",
        "a" * 4096,
        "." * 4096,
        "=.=.=",
        f"{segment(b'null')}.{segment(b'{}')}.{segment(b'x')}",
        f"{segment(b'[]')}.{segment(b'{}')}.{segment(b'x')}",
        f"{segment(b'[' * 2000)}.{segment(b'{}')}.{segment(b'x')}",
        f"{segment(bytes([255]))}.{segment(b'{}')}.",
        signed(header(), claims()) + ".x",
        signed(header(), claims()) + "\n",
        " " + signed(header(), claims()),
    ],
)
def test_garbage_is_refused(token):
    assert refused(token)


@pytest.mark.parametrize(
    "payload", ["", "null", "[]", '"x"', "5", "{", "[" * 2000, "\x00", '{"a":' * 500 + "1" + "}" * 500]
)
def test_a_signed_payload_that_is_no_object_of_claims_is_refused(payload):
    assert refused(signed(header(), payload))


@given(st.text(max_size=60) | st.text(string.ascii_letters + "._-=", max_size=200))
def test_any_text_is_refused(token):
    assert refused(token)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "x"]), JSON_VALUES))
def test_any_header_but_a_good_one_is_refused(members):
    changed = {**header(), **members}
    still_good = all(changed[name] == header()[name] for name in header())
    assert still_good or refused(signed(changed, claims()))


@given(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scope"]), JSON_VALUES)
def test_any_value_of_a_claim_is_a_caller_or_a_refusal(claim, value):
    found = outcome(signed(header(), claims(**{claim: value})))
    assert found in ("TOKEN_INVALID", "TOKEN_EXPIRED") or isinstance(found, Caller)


@given(st.data())
def test_a_token_with_one_changed_character_is_refused(data):
    token = signed(header(), claims())
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.").filter(token[at].__ne__))
    assert refused(token[:at] + other + token[at + 1 :])


def mutated(token, draw):
    """Return `token` with one to fifty characters changed, put in, taken out or changed over."""
    made = list(token)
    for _ in range(draw.choice([1, 1, 2, 5, 50])):
        at, other = draw.randrange(len(made)), draw.choice(string.ascii_letters + string.digits + "-_.")
        change = draw.choice(["replace", "insert", "remove", "swap"])
        if change == "replace":
            made[at] = other
        elif change == "insert":
            made.insert(at, other)
        elif change == "remove":
            del made[at]
        else:
            made[at], made[-at] = made[-at], made[at]
    return "".join(made)


def test_of_ten_thousand_mutated_tokens_none_is_good():
    draw = random.Random(1)  # noqa: S311 - the same in every run
    token, verifies = signed(header(), claims()), verifier()
    for one in (mutated(token, draw) for _ in range(10_000)):
        if one != token:
            with pytest.raises(Unauthorized):
                verifies.verify(one)


def test_a_refusal_tells_neither_what_was_wrong_nor_what_was_sent():
    details = set()
    for token in ("hunter2", signed(header(typ="JWT"), claims()), signed(header(), claims(aud="hunter2"))):
        with pytest.raises(Unauthorized) as caught:
            verifier().verify(token)
        assert caught.value.__cause__ is None
        details.add(json.dumps(caught.value.to_json()))
    assert len(details) == 1
    assert "hunter2" not in details.pop()
    assert KEY.kid not in str(caught.value)
