"""Counting tries: in Redis for all, in each process while Redis is away, and never without a limit."""

import os
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from libs.errors import TooManyRequests
from services.auth import throttle as module
from services.auth.throttle import Limits, Throttle, Window

WINDOW = Window("account", 5)
NOBODY = "redis://127.0.0.1:1/0"


def url(kind: str) -> str:
    return NOBODY if kind == "memory" else os.environ["TEST_REDIS_URL"]


@pytest.fixture(params=["redis", "memory"])
def throttle(request: pytest.FixtureRequest) -> Throttle:
    """One that counts in Redis, and one whose Redis is away."""
    return Throttle(url(request.param), key_prefix=f"test-{uuid.uuid4().hex}")


@pytest.fixture
def prefix() -> str:
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def shared(prefix: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(os.environ["TEST_REDIS_URL"]) as client:
        yield client


def use_up(throttle: Throttle, who: str = "ada") -> TooManyRequests:
    """Take tries until one is refused; return the refusal."""
    for _ in range(WINDOW.tries):
        throttle.take(WINDOW, who)
    with pytest.raises(TooManyRequests) as refused:
        throttle.take(WINDOW, who)
    return refused.value


def test_after_the_last_try_of_a_window_its_end_has_to_be_waited_for(throttle: Throttle) -> None:
    refusal = use_up(throttle)
    wait = int(refusal.headers["Retry-After"])
    assert 50 <= wait <= 60
    assert refusal.headers["RateLimit"] == f'"account";r=0;t={wait}'
    assert refusal.headers["RateLimit-Policy"] == '"account";q=5;w=60'
    assert (refusal.status, refusal.code) == (429, "TOO_MANY_REQUESTS")


def test_each_has_tries_of_its_own_and_each_kind_too(throttle: Throttle) -> None:
    use_up(throttle)
    throttle.take(WINDOW, "grace")
    throttle.take(Window("address", 5), "ada")


def test_whoever_uses_up_a_window_waits_longer_in_the_next_up_to_15_minutes(
    throttle: Throttle,
) -> None:
    policies = []
    for _ in range(7):
        refusal = use_up(throttle)
        policies.append(re.findall(r"w=(\d+)", refusal.headers["RateLimit-Policy"])[0])
        assert int(refusal.headers["Retry-After"]) <= 900
        _end_window(throttle, "ada")
    assert policies == ["60", "120", "240", "480", "900", "900", "900"]


def _end_window(throttle: Throttle, who: str) -> None:
    throttle._counters.ask(lambda storage: storage.clear(module._key(WINDOW, who)))


@pytest.mark.parametrize("tries", [1, WINDOW.tries - 1])
def test_whoever_stops_short_of_the_last_try_waits_as_long(throttle: Throttle, tries: int) -> None:
    waited = []
    for _ in range(7):
        for _ in range(tries):
            throttle.take(WINDOW, "ada")
        left = throttle._counters.ask(lambda storage: storage.get_expiry(module._key(WINDOW, "ada")))
        waited.append(round(left - time.time()))
        _end_window(throttle, "ada")
    assert waited == pytest.approx([60, 120, 240, 480, 900, 900, 900], abs=2)


def test_whoever_mistypes_now_and_then_has_all_the_tries_of_a_window(throttle: Throttle) -> None:
    for _ in range(20):
        throttle.take(WINDOW, "ada")
        throttle.take(WINDOW, "ada")
        _end_window(throttle, "ada")
    assert int(use_up(throttle).headers["Retry-After"]) <= 900


def test_who_makes_no_mistake_has_no_longer_windows(throttle: Throttle) -> None:
    for _ in range(20):
        throttle.take(WINDOW, "ada")
        throttle.give_back(WINDOW, "ada")
        _end_window(throttle, "ada")
    assert use_up(throttle).headers["RateLimit-Policy"].endswith("w=60")


def test_mails_to_one_mailbox_have_windows_of_an_hour(throttle: Throttle) -> None:
    window = Limits(account=50).mails_to_account
    assert (window.tries, window.longest) == (5, 3600)
    for _ in range(9):
        throttle.take(window, "ada")
        throttle._counters.ask(lambda storage: storage.clear(module._key(window, "ada")))
    for _ in range(5):
        throttle.take(window, "ada")
    with pytest.raises(TooManyRequests) as refused:
        throttle.take(window, "ada")
    assert refused.value.headers["RateLimit-Policy"] == '"mails-to-account";q=5;w=3600'


def test_clearing_makes_windows_short_again(throttle: Throttle) -> None:
    use_up(throttle)
    _end_window(throttle, "ada")
    throttle.clear(WINDOW, "ada")
    assert use_up(throttle).headers["RateLimit-Policy"].endswith("w=60")


def test_a_try_that_was_none_is_given_back(throttle: Throttle) -> None:
    for _ in range(3 * WINDOW.tries):
        throttle.take(WINDOW, "ada")
        throttle.give_back(WINDOW, "ada")
    use_up(throttle)
    throttle.give_back(WINDOW, "ada")
    throttle.take(WINDOW, "ada")
    with pytest.raises(TooManyRequests):
        throttle.take(WINDOW, "ada")


def test_giving_back_what_was_not_taken_buys_nothing(throttle: Throttle) -> None:
    for _ in range(10):
        throttle.give_back(WINDOW, "ada")
    use_up(throttle)


def test_of_a_thousand_tries_at_once_no_more_get_through_than_there_are(throttle: Throttle) -> None:
    def take(_: int) -> bool:
        try:
            throttle.take(WINDOW, "ada")
        except TooManyRequests:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(take, range(1000))) == WINDOW.tries


def test_a_known_address_is_one_and_only_for_its_account(throttle: Throttle) -> None:
    assert not throttle.knows("ada", "192.0.2.1")
    throttle.remember("ada", "192.0.2.1")
    throttle.remember("ada", "192.0.2.1")
    assert throttle.knows("ada", "192.0.2.1")
    assert not throttle.knows("ada", "192.0.2.2")
    assert not throttle.knows("grace", "192.0.2.1")


def test_what_is_counted_expires_and_names_nobody(prefix: str, shared: redis.Redis) -> None:
    throttle = Throttle(os.environ["TEST_REDIS_URL"], key_prefix=prefix)
    use_up(throttle, "ada@example.com")
    throttle.remember("ada@example.com", "192.0.2.1")
    keys = [key.decode() for key in shared.scan_iter(f"{prefix}*")]
    assert len(keys) == 3
    for key in keys:
        assert "ada" not in key
        assert "192" not in key
        assert 0 < shared.ttl(key) <= module.KNOWN_SECONDS


def test_all_processes_count_together(prefix: str) -> None:
    one, other = (Throttle(os.environ["TEST_REDIS_URL"], key_prefix=prefix) for _ in range(2))
    use_up(one)
    with pytest.raises(TooManyRequests):
        other.take(WINDOW, "ada")
