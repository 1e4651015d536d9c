"""What keeps other sites from using a token in a cookie."""

import pytest

from libs.errors import Forbidden, Unauthorized
from libs.jwt import Caller
from libs.jwt.cookies import check_csrf, csrf_claim, new_csrf_value

VALUE = new_csrf_value()
ADA = Caller("ada", claims={"csrf": csrf_claim(VALUE)})
UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "post", "SEARCH", ""]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_safe_method_needs_no_more_than_the_cookie(method):
    check_csrf(ADA, method, None)


@pytest.mark.parametrize("method", UNSAFE)
def test_any_other_method_needs_the_value(method):
    check_csrf(ADA, method, VALUE)
    for sent in (None, "", VALUE[:-1], VALUE + "x", new_csrf_value(), csrf_claim(VALUE), "é"):
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


def test_values_differ_and_their_claims_do_not_tell_them():
    values = {new_csrf_value() for _ in range(100)}
    assert len(values) == 100
    assert not values & {csrf_claim(one) for one in values}
