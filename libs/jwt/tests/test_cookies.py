"""What keeps other sites from using a token in a cookie."""

import secrets

import pytest

from libs.errors import Forbidden, Unauthorized
from libs.jwt import Caller
from libs.jwt.cookies import check_csrf, csrf_claim, csrf_value, sent_by_page

SECRET = bytes(range(32))
VALUE = csrf_value(SECRET, "session")
OTHER = csrf_value(SECRET, "other session")
ADA = Caller("ada", claims={"csrf": csrf_claim(VALUE)})
UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "post", "SEARCH", ""]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_safe_method_needs_no_more_than_the_cookie(method):
    check_csrf(ADA, method, None)


@pytest.mark.parametrize("method", UNSAFE)
def test_any_other_method_needs_the_value(method):
    check_csrf(ADA, method, VALUE)
    for sent in (None, "", VALUE[:-1], VALUE + "x", OTHER, csrf_claim(VALUE), "é"):
        with pytest.raises(Forbidden) as caught:
            check_csrf(ADA, method, sent)
        assert caught.value.code == "CSRF_TOKEN_INVALID"
        assert VALUE not in str(caught.value)


@pytest.mark.parametrize("claims", [{}, {"csrf": None}, {"csrf": 5}, {"csrf": [csrf_claim(VALUE)]}])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_was_not_made_for_a_cookie_is_none_for_it(claims, method):
    with pytest.raises(Unauthorized) as caught:
        check_csrf(Caller("ada", claims=claims), method, VALUE)
    assert caught.value.code == "TOKEN_INVALID"
    assert caught.value.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("claim", ["é", "\ud800", "", csrf_claim(VALUE) + "é"])
def test_a_claim_of_any_text_is_only_another_one(claim):
    with pytest.raises(Forbidden) as caught:
        check_csrf(Caller("ada", claims={"csrf": claim}), "POST", VALUE)
    assert caught.value.code == "CSRF_TOKEN_INVALID"


def test_a_session_has_one_value_and_its_claim_does_not_tell_it():
    assert csrf_value(SECRET, "session") == VALUE
    others = {csrf_value(secrets.token_bytes(32), "session") for _ in range(100)}
    assert len({VALUE, OTHER, *others}) == 102
    assert not {VALUE, *others} & {csrf_claim(one) for one in (VALUE, *others)}
    assert len(VALUE) == 43


def test_who_can_read_the_cookie_sends_its_value():
    assert sent_by_page(VALUE, VALUE)


@pytest.mark.parametrize(
    ("header", "cookie"),
    [
        (None, None), ("", ""), ("None", None), (None, VALUE), ("", VALUE), (VALUE, None), (VALUE, ""),
        (VALUE, OTHER), (VALUE[:-1], VALUE), (VALUE, VALUE[:-1]), ("é", VALUE), (VALUE, "é"),
    ],
)  # fmt: skip
def test_who_cannot_does_not(header, cookie):
    assert not sent_by_page(header, cookie)
