"""Who is calling."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from libs.errors import Forbidden
from libs.jwt import Caller, acting_as, current_caller

ADA = Caller("ada", frozenset({"read", "write"}), token="secret-token")


def test_a_caller_with_the_scopes_may_go_on():
    ADA.require_scopes()
    ADA.require_scopes("read")
    ADA.require_scopes("write", "read")


def test_a_caller_without_a_scope_is_told_which_are_missing():
    with pytest.raises(Forbidden) as caught:
        ADA.require_scopes("read", "profiles:create", "admin")
    assert caught.value.code == "FORBIDDEN"
    assert caught.value.detail == "The token lacks the scope admin profiles:create."


def test_a_caller_survives_json_without_its_token():
    text = json.dumps(ADA.to_json())
    assert "secret-token" not in text
    again = Caller.from_json(json.loads(text))
    assert again == ADA
    assert again.token is None


def test_the_token_is_not_shown():
    assert "secret-token" not in repr(ADA)


def test_the_caller_is_current_inside_its_block_only():
    assert current_caller() is None
    with acting_as(ADA):
        assert current_caller() is ADA
        with acting_as(None):
            assert current_caller() is None
        assert current_caller() is ADA
    assert current_caller() is None


def test_the_caller_is_forgotten_when_the_block_raises():
    with pytest.raises(ZeroDivisionError), acting_as(ADA):
        _ = 1 / 0
    assert current_caller() is None


def test_another_thread_acts_for_nobody():
    with acting_as(ADA), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_caller).result() is None
