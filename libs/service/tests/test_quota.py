"""Taking requests out of limits: how many, how fast they come back, and out of all limits or none."""

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from limits.storage import MemoryStorage, RedisStorage

from libs.api import RateLimit
from libs.service.limits import Counters, quota
from libs.service.limits.quota import Quota, Taken, keys_of, take_from_memory, take_from_redis

NOBODY = "redis://127.0.0.1:1/0"
MINUTE, HOUR = RateLimit(10, "minute"), RateLimit(12, "hour")


class Bucket:
    """What one caller has left; time passes when it is told to."""

    def __init__(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        url = NOBODY if kind == "memory" else os.environ["TEST_REDIS_URL"]
        self.counters = Counters(url, key_prefix=f"test-{uuid.uuid4().hex}")
        self._script = self.counters.script(quota.TAKE)
        # A window of its memory begins with the minute, and so does the test.
        self._now = time.time() // 86400 * 86400
        if kind == "memory":
            monkeypatch.setattr("limits.storage.memory.time.time", lambda: self._now)

    def take(self, *limits: RateLimit, who: str = "ada") -> Taken:
        def question(storage: RedisStorage | MemoryStorage) -> Taken:
            keys = keys_of(limits, who)
            if isinstance(storage, MemoryStorage):
                return take_from_memory(storage, limits, keys)
            return take_from_redis(self._script, limits, [storage.prefixed_key(key) for key in keys])

        return self.counters.ask(question)

    def pass_by(self, seconds: float) -> None:
        """Let time pass: for Redis, by having everything begin earlier."""
        self._now += seconds
        client = self.counters._redis.get_connection()
        if self.counters._away_until == float("-inf"):
            for key in client.scan_iter(f"{self.counters._redis.key_prefix}*"):
                client.hincrby(key, "began", -round(seconds * 1000))


@pytest.fixture(params=["redis", "memory"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    return Bucket(request.param, monkeypatch)


def many(bucket: Bucket, number: int, *limits: RateLimit) -> list[bool]:
    return [bucket.take(*limits).free for _ in range(number)]


def remaining(taken: Taken) -> list[int]:
    return [one.remaining for one in taken.quotas]


def test_of_a_window_so_many_requests_are_taken_and_no_more(bucket: Bucket) -> None:
    found = [bucket.take(MINUTE) for _ in range(12)]
    assert [one.free for one in found] == [True] * 10 + [False] * 2
    assert [one.quotas[0].remaining for one in found] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]
    assert bucket.take(MINUTE, who="grace").free


def test_what_is_refused_is_not_counted(bucket: Bucket) -> None:
    many(bucket, 50, MINUTE)
    bucket.pass_by(61)
    (found,) = bucket.take(MINUTE).quotas
    assert (found.last, found.this) == (10, 1)


def test_the_next_window_begins_with_what_of_the_last_one_still_counts(bucket: Bucket) -> None:
    many(bucket, 10, MINUTE)
    bucket.pass_by(59)
    assert not bucket.take(MINUTE).free
    bucket.pass_by(16.5)  # a quarter of the next one, and a bit
    assert many(bucket, 4, MINUTE) == [True] * 3 + [False]
    bucket.pass_by(30)
    assert many(bucket, 6, MINUTE) == [True] * 5 + [False]


def test_after_two_windows_nothing_counts_any_more(bucket: Bucket) -> None:
    many(bucket, 10, MINUTE)
    bucket.pass_by(121)
    found = bucket.take(MINUTE)
    assert (found.free, remaining(found)) == (True, [9])


def test_a_request_is_taken_out_of_all_limits_or_out_of_none(bucket: Bucket) -> None:
    assert many(bucket, 11, MINUTE, HOUR) == [True] * 10 + [False]
    refused = bucket.take(MINUTE, HOUR)
    assert (refused.free, remaining(refused)) == (False, [0, 2])
    assert [one.is_used_up for one in refused.quotas] == [True, False]
    bucket.pass_by(121)
    assert many(bucket, 3, MINUTE, HOUR) == [True, True, False]
    refused = bucket.take(MINUTE, HOUR)
    assert (refused.free, remaining(refused)) == (False, [8, 0])


def test_whoever_waits_as_long_as_told_is_let_in_and_no_sooner(bucket: Bucket) -> None:
    for number in range(40):
        found = bucket.take(MINUTE, HOUR)
        if found.free:
            bucket.pass_by(number % 5)
            continue
        wait = max(one.wait or 0 for one in found.quotas if one.is_used_up)
        assert 1 <= wait <= 3600
        bucket.pass_by(wait - 1.1)
        assert not bucket.take(MINUTE, HOUR).free or wait == 1
        bucket.pass_by(1.1)
        assert bucket.take(MINUTE, HOUR).free


def test_one_request_a_minute_is_one_a_minute(bucket: Bucket) -> None:
    once = RateLimit(1, "minute")
    for _ in range(5):
        assert many(bucket, 3, once) == [True, False, False]
        (found,) = bucket.take(once).quotas
        assert found.wait is not None
        assert 59 <= found.wait <= 61
        bucket.pass_by(found.wait)


def test_of_many_requests_at_once_no_more_get_through_than_there_are(bucket: Bucket) -> None:
    limits = (RateLimit(50, "minute"), RateLimit(60, "hour"))
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: bucket.take(*limits).free, range(200))) == 50


def test_what_is_counted_expires_and_a_limit_costs_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket("redis", monkeypatch)
    many(bucket, 3, MINUTE, HOUR)
    with redis.Redis.from_url(os.environ["TEST_REDIS_URL"]) as client:
        keys = list(client.scan_iter(f"{bucket.counters._redis.key_prefix}*"))
        assert sorted(round(client.ttl(key) / 60) for key in keys) == [2, 120]


def test_a_limit_that_became_lower_is_waited_for_no_longer_than_two_windows(bucket: Bucket) -> None:
    many(bucket, 10, MINUTE)
    (found,) = bucket.take(RateLimit(2, "minute")).quotas
    assert found.remaining == 0
    assert found.wait is not None
    assert 100 < found.wait <= 109
    bucket.pass_by(found.wait)
    assert bucket.take(RateLimit(2, "minute")).free


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 59_999))
def test_there_is_more_after_the_wait_and_not_before(most: int, last: int, this: int, passed: int) -> None:
    now = Quota(RateLimit(most, "minute"), last, this, passed)
    if now.wait is None:
        assert now.counted < 1
        assert now.remaining == most
        return
    assert 1 <= now.wait <= 121
    assert later(now, now.wait).remaining > now.remaining
    assert later(now, max(now.wait - 1.002, 0)).remaining <= max(now.remaining, 0)


def later(found: Quota, seconds: float) -> Quota:
    """Return what is left after a time without requests."""
    passed, window = found.passed + seconds * 1000, 60_000
    for last, this in ((found.last, found.this), (found.this, 0)):
        if passed < window:
            return found._replace(last=last, this=this, passed=passed)
        passed -= window
    return found._replace(last=0, this=0, passed=0)
