"""Reading the Authorization header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import Unauthorized
from libs.jwt import bearer_token

TOKEN = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=1)


def code(headers):
    with pytest.raises(Unauthorized) as caught:
        bearer_token(headers)
    assert caught.value.headers["WWW-Authenticate"] == "Bearer"
    return caught.value.code


def test_a_request_without_the_header_is_told_to_send_it():
    assert code([]) == "AUTHORIZATION_HEADER_MISSING"


@pytest.mark.parametrize(
    "value",
    ["", " ", "Bearer", "Bearer ", "Basic YTpi", "token", "Bearer a b", "Bearer a,b", "Bearer a, Bearer b",
     "Bearera", "Bearer\ta", "Digest username=x", "Bearer,a"],
)  # fmt: skip
def test_anything_but_one_bearer_token_is_an_invalid_header(value):
    assert code([value]) == "AUTHORIZATION_HEADER_INVALID"


def test_two_headers_are_not_one():
    assert code(["Bearer a", "Bearer b"]) == "AUTHORIZATION_HEADER_INVALID"
    assert code(["Bearer a", "Bearer a"]) == "AUTHORIZATION_HEADER_INVALID"


@given(TOKEN, st.sampled_from(["Bearer", "bearer", "BEARER", "bEaReR"]), st.integers(1, 3), st.integers(0, 2))
def test_the_scheme_is_read_in_any_case_and_the_token_exactly(token, scheme, between, around):
    assert bearer_token([" " * around + scheme + " " * between + token + " " * around]) == token


@given(st.lists(st.text(max_size=30) | TOKEN.map("Bearer {}".format), max_size=3))
def test_any_headers_give_a_token_or_a_401(headers):
    try:
        token = bearer_token(headers)
    except Unauthorized:
        expected = "AUTHORIZATION_HEADER_INVALID" if headers else "AUTHORIZATION_HEADER_MISSING"
        assert code(headers) == expected
    else:
        assert token
        assert token in headers[0]
        assert len(headers) == 1
        assert not {" ", ","} & set(token)


def test_the_header_is_never_quoted_back():
    with pytest.raises(Unauthorized) as caught:
        bearer_token(["Basic c2VjcmV0"])
    assert "c2VjcmV0" not in str(caught.value.to_json())
