"""Keys fetched from an address: kept, renewed, and asked for no oftener than needed."""

import json
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import ServiceUnavailable
from libs.jwt import FixedKeySet, RemoteKeySet, SigningKey
from libs.jwt.tests.conftest import renewal_done

OLD, NEW = SigningKey.generate(), SigningKey.generate()


def same(found, key):
    return found is not None and found.key.public_bytes_raw() == key.private.public_key().public_bytes_raw()


def test_fixed_keys_are_found_by_name():
    keys = FixedKeySet([OLD.jwk, NEW.jwk])
    assert same(keys.find(OLD.kid), OLD)
    assert same(keys.find(NEW.kid), NEW)
    assert keys.find("other") is None


def test_a_key_that_is_not_for_signatures_is_left_out():
    keys = FixedKeySet([OLD.jwk, {**NEW.jwk, "use": "enc"}])
    assert keys.find(NEW.kid) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"key_ops": ["sign"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"alg": "ES256"},
        {"alg": "none"},
        {"alg": None},
        {"crv": "Ed448"},
        {"kid": ""},
    ],
    ids=str,
)
def test_a_key_that_is_not_to_verify_access_tokens_with_is_left_out(changed):
    keys = FixedKeySet([OLD.jwk, {**NEW.jwk, **changed}])
    assert keys.find(NEW.kid) is None
    assert keys.find("") is None


def test_a_key_to_verify_with_may_say_so():
    keys = FixedKeySet([{**NEW.jwk, "key_ops": ["verify"]}])
    assert same(keys.find(NEW.kid), NEW)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, "without keys"),
        ({**OLD.jwk, "kid": NEW.kid}, "two keys of one name"),
        ({"kty": "oct", "k": "AAAA", "kid": "a"}, "secret or private key"),
        ({**OLD.jwk, "d": "AAAA"}, "secret or private key"),
    ],
    ids=["none", "doubled", "secret", "private"],
)
def test_a_set_that_cannot_be_trusted_is_refused_as_a_whole(other, why):
    with pytest.raises(ValueError, match=why):
        FixedKeySet([NEW.jwk, other] if other else [])


def test_nothing_is_fetched_before_it_is_needed(address, key_set):
    key_set()
    assert address.asked == 0


def test_keys_are_fetched_once_and_kept(address, key_set):
    address.publish(OLD, NEW)
    keys = key_set()
    assert same(keys.find(OLD.kid), OLD)
    assert same(keys.find(NEW.kid), NEW)
    assert address.asked == 1


def test_keys_are_renewed_when_half_of_their_time_is_over_and_nobody_waits(address, key_set, clock):
    address.publish(OLD)
    keys = key_set(max_age=300)
    keys.find(OLD.kid)
    address.publish(NEW)
    clock.advance(149)
    assert same(keys.find(OLD.kid), OLD)
    assert address.asked == 1
    clock.advance(1)
    with address.held() as arrived:
        assert same(keys.find(OLD.kid), OLD)
        assert arrived.wait(20)
    renewal_done()
    assert keys.find(OLD.kid) is None, "a key that is published no more is trusted no more"
    assert same(keys.find(NEW.kid), NEW)
    assert address.asked == 2


@pytest.mark.parametrize("seconds", [300, 599, 7 * 24 * 3600])
def test_after_a_pause_the_first_request_knows_that_a_key_was_retired(seconds, address, key_set, clock):
    address.publish(OLD)
    keys = key_set(max_age=300)
    keys.find(OLD.kid)
    address.publish(NEW)
    clock.advance(seconds)
    assert keys.find(OLD.kid) is None
    assert address.asked == 2


def test_a_new_key_is_picked_up_when_a_token_names_it(address, key_set, clock):
    address.publish(OLD)
    keys = key_set(cooldown=5)
    keys.find(OLD.kid)
    address.publish(OLD, NEW)
    clock.advance(5)
    assert same(keys.find(NEW.kid), NEW)
    assert address.asked == 2


def test_unknown_names_are_asked_for_once_in_a_cooldown(address, key_set, clock):
    address.publish(OLD)
    keys = key_set(cooldown=5)
    keys.find(OLD.kid)
    clock.advance(5)
    assert [keys.find(f"unknown-{n}") for n in range(1000)] == [None] * 1000
    assert address.asked == 2
    clock.advance(4.9)
    keys.find("unknown")
    assert address.asked == 2
    clock.advance(0.1)
    keys.find("unknown")
    assert address.asked == 3


def test_old_keys_stay_good_while_the_address_is_down(address, key_set, clock):
    address.publish(OLD)
    keys = key_set()
    keys.find(OLD.kid)
    address.close()
    for _ in range(3):
        clock.advance(1000)
        assert same(keys.find(OLD.kid), OLD)
        assert keys.find("unknown") is None
    keys.ready()


def test_an_address_that_is_down_is_asked_once_in_a_cooldown(address, key_set, clock):
    address.publish(OLD)
    keys = key_set(max_age=300, cooldown=5)
    keys.find(OLD.kid)
    address.status = 500
    clock.advance(301)
    for asked in (2, 3):
        for _ in range(10):
            keys.find(OLD.kid)
            renewal_done()
        assert address.asked == asked
        clock.advance(5)


def test_nobody_waits_for_an_address_that_failed_less_than_two_pauses_ago(address, key_set, clock):
    address.publish(OLD)
    keys = key_set(max_age=300, cooldown=5)
    keys.find(OLD.kid)
    address.status = 500
    clock.advance(301)
    keys.find(OLD.kid)
    renewal_done()
    clock.advance(9.9)
    with ThreadPoolExecutor(1) as pool:
        with address.held() as arrived:
            assert same(pool.submit(keys.find, OLD.kid).result(timeout=15), OLD)
            assert arrived.wait(20), "it is fetched beside"
        renewal_done()
        clock.advance(10)
        with address.held() as arrived:
            late = pool.submit(keys.find, OLD.kid)
            assert arrived.wait(20)
            assert not wait([late], timeout=0.1).done
        assert same(late.result(), OLD)


def test_readiness_has_a_fresh_copy_fetched_and_waits_for_none(address, key_set, clock):
    address.publish(OLD)
    keys = key_set(max_age=300)
    keys.ready()
    keys.ready()
    assert address.asked == 1
    address.publish(NEW)
    clock.advance(1000)
    with ThreadPoolExecutor(1) as pool, address.held() as arrived:
        pool.submit(keys.ready).result(timeout=15)
        assert arrived.wait(20)
    renewal_done()
    assert same(keys.find(NEW.kid), NEW)
    assert address.asked == 2


def test_without_keys_ever_there_is_a_503(address, key_set):
    address.close()
    keys = key_set()
    with pytest.raises(ServiceUnavailable) as caught:
        keys.find(OLD.kid)
    assert caught.value.headers["Retry-After"]
    with pytest.raises(ServiceUnavailable):
        keys.ready()


def test_while_there_are_no_keys_the_address_is_asked_twice_a_second(address, key_set, clock, monkeypatch):
    monkeypatch.setattr("libs.jwt.fetched.BRIEFLY_SECONDS", 60)
    address.status = 503
    keys = key_set(cooldown=5)
    for asked in (1, 2):
        for _ in range(5):
            with pytest.raises(ServiceUnavailable):
                keys.find(OLD.kid)
            renewal_done()
        assert address.asked == asked
        clock.advance(0.5)
    address.status = 200
    address.publish(OLD)
    keys.ready()  # an address that has just failed and is back is waited for a moment
    assert same(keys.find(OLD.kid), OLD)


JUNK = [
    "", "<html>", "null", "[]", "5", "{}", '"keys"', '{"keys": null}', '{"keys": []}', '{"keys": [5]}',
    '{"keys": ["x"]}', '{"keys": {"a": 1}}', '{"keys": [{}]}', '{"keys": [{"kid": "a"}]}', "\x00", "{",
    json.dumps({"keys": [{**OLD.jwk, "kty": "new"}]}),
    json.dumps({"keys": [{**OLD.jwk, "x": "AA"}]}),
    json.dumps({"keys": [{**OLD.jwk, "x": 5}]}),
    json.dumps({"keys": [{**OLD.jwk, "kid": ["a"]}]}),
    json.dumps({"keys": [{name: value for name, value in OLD.jwk.items() if name != "kid"}]}),
]  # fmt: skip


@pytest.mark.parametrize("body", JUNK)
def test_an_answer_that_is_no_key_set_changes_nothing(body, address, key_set, clock):
    address.body = body
    keys = key_set()
    with pytest.raises(ServiceUnavailable):
        keys.find(OLD.kid)
    address.publish(OLD)
    clock.advance(10)
    assert same(keys.find(OLD.kid), OLD)
    address.body = body
    clock.advance(1000)
    assert same(keys.find(OLD.kid), OLD)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(OLD.jwk),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["keys", *OLD.jwk, "k", "n", "e", "y"]), inner, max_size=6)
        ),
    )
)
def test_whatever_json_the_address_answers_it_is_keys_or_a_503(value):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"keys": value}))
    keys = RemoteKeySet("http://auth.test/", transport=transport)
    try:
        found = keys.find(OLD.kid)
    except ServiceUnavailable:
        return
    assert found is None or same(found, OLD)


@pytest.mark.parametrize("status", [204, 301, 302, 404, 500, 503])
def test_only_a_success_is_an_answer(status, address, key_set):
    address.publish(OLD)
    address.status, address.headers = status, {"Location": address.url}
    with pytest.raises(ServiceUnavailable):
        key_set().find(OLD.kid)
    assert address.asked == 1, "a redirect is not followed"


def test_what_went_wrong_is_logged_by_its_kind(address, key_set, caplog):
    address.body = "junk"
    with pytest.raises(ServiceUnavailable):
        key_set().find(OLD.kid)
    (record,) = [one for one in caplog.records if one.name == "libs.jwt.fetched"]
    assert (record.levelname, record.url, record.error) == ("WARNING", address.url, "JSONDecodeError")
    assert "junk" not in caplog.text
