"""The request id, and the trace."""

import re
import string
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import (
    current_request_id,
    new_request_id,
    request_id_scope,
    valid_request_id,
)

ALLOWED = string.ascii_letters + string.digits + "._-"


def test_new_ids_are_valid_and_never_the_same():
    ids = {new_request_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(re.fullmatch("[0-9a-f]{32}", one) and valid_request_id(one) for one in ids)


@given(st.text(ALLOWED, min_size=8, max_size=128))
def test_an_id_of_8_to_128_plain_characters_is_taken_over(value):
    assert valid_request_id(value) == value


@given(st.text(max_size=140) | st.text(ALLOWED, max_size=7) | st.text(ALLOWED, min_size=129, max_size=140))
def test_an_id_is_taken_over_unchanged_or_not_at_all(value):
    acceptable = 8 <= len(value) <= 128 and set(value) <= set(ALLOWED)
    assert valid_request_id(value) == (value if acceptable else None)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "a" * 7,
        "a" * 129,
        "abcdefgh\n",
        "abc\r\nX-Evil: 1",
        "abcdefg\u0660",
        "<script>",
        "a b c d e",
    ],
)
def test_an_id_that_could_hurt_a_log_or_a_header_is_not_taken_over(value):
    assert valid_request_id(value) is None


def test_the_id_is_current_inside_its_scope_only():
    assert current_request_id() is None
    with request_id_scope("outer-id") as given_id:
        assert given_id == current_request_id() == "outer-id"
        with request_id_scope("inner-id"):
            assert current_request_id() == "inner-id"
        assert current_request_id() == "outer-id"
    assert current_request_id() is None


def test_the_scope_ends_when_its_block_raises():
    with pytest.raises(ZeroDivisionError), request_id_scope("request-1"):
        _ = 1 / 0
    assert current_request_id() is None


def test_each_thread_has_an_id_of_its_own():
    with request_id_scope("of-this-thread"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_request_id).result() is None
