"""Many threads, one key set, and addresses that are slow."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from libs.errors import ServiceUnavailable
from libs.jwt import SigningKey
from libs.jwt.tests.conftest import renewal_done

KEY, NEW = SigningKey.generate(), SigningKey.generate()


def find_at_once(keys, kid, threads):
    """Call `find` in so many threads at the same moment; return what each found or raised."""
    start = threading.Barrier(threads)

    def find():
        start.wait()
        try:
            return keys.find(kid)
        except ServiceUnavailable as problem:
            return problem

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(find) for _ in range(threads)]]


def hold_back_the_first(address, seconds=0.3):
    """Have the first answer wait for a second request, for a while: side by side, they would meet."""
    second = threading.Event()
    address.before_answering = lambda: second.set() if address.asked > 1 else second.wait(seconds)


def test_twenty_threads_that_need_the_first_keys_fetch_them_once(address, key_set):
    address.publish(KEY)
    hold_back_the_first(address)
    found = find_at_once(key_set(clock=time.monotonic), KEY.kid, 20)
    assert all(one.key_id == KEY.kid for one in found)
    assert address.asked == 1


def test_twenty_threads_with_a_new_name_fetch_once(address, key_set, clock):
    address.publish(KEY)
    keys = key_set()
    keys.find(KEY.kid)
    address.publish(KEY, NEW)
    clock.advance(10)
    address.asked = 0
    hold_back_the_first(address)
    found = find_at_once(keys, NEW.kid, 20)
    assert all(one.key_id == NEW.kid for one in found)
    assert address.asked == 1


def test_threads_that_know_their_key_do_not_wait_for_its_renewal(address, key_set, clock):
    address.publish(KEY)
    keys = key_set()
    keys.find(KEY.kid)
    clock.advance(200)  # more than half of their age, after which they are renewed, and not all of it
    arrived, release, released = threading.Event(), threading.Event(), []

    def hold():
        arrived.set()
        released.append(release.wait(30))

    address.before_answering = hold
    try:
        assert [one.key_id for one in find_at_once(keys, KEY.kid, 5)] == [KEY.kid] * 5
        assert arrived.wait(20)
        assert keys.find(KEY.kid).key_id == KEY.kid
        assert released == [], "the renewal is still under way"
    finally:
        release.set()
    renewal_done()
    assert address.asked == 2


@pytest.fixture
def mute():
    """The URL of an address that takes connections and never answers, and its socket."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


def test_an_address_that_never_answers_holds_callers_up_once_and_not_one_after_the_other(mute, key_set):
    keys = key_set(mute, timeout=0.5, clock=time.monotonic)
    started = time.monotonic()
    found = find_at_once(keys, KEY.kid, 50)
    assert all(isinstance(one, ServiceUnavailable) for one in found)
    assert time.monotonic() - started < 15, "fifty times half a second would be 25"
