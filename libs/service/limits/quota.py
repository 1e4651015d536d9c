"""Taking a request out of what is left of a limit: a sliding window counter.

A window begins with a caller's first request, and the next one where it ends. What came in the last window
counts for as much as there is left of this one, so that none begins with all of its requests free: whoever
had 100 in the last minute has 25 after a quarter of this one. Two numbers and a time are kept for each caller
and limit, however high the limit is.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from limits.storage import MemoryStorage
from redis.commands.core import Script

from libs.api import RateLimit

TAKE = """
-- KEYS: one for each limit, all of one caller. ARGV: for each its requests, and its window in milliseconds.
-- A request is counted by every limit, or by none. Returns whether it is, and for each limit how many there
-- were in the last window and are in this one, and how far that has got.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, free = {}, 1
for i, key in ipairs(KEYS) do
    local most, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local kept = redis.call('HMGET', key, 'began', 'last', 'this')
    local began, last, this = tonumber(kept[1]) or now, tonumber(kept[2]) or 0, tonumber(kept[3]) or 0
    local passed = math.max(now - began, 0)  -- a replica's clock may be behind
    if passed >= 2 * window then
        began, last, this, passed = now, 0, 0, 0
    elseif passed >= window then
        began, last, this, passed = began + window, this, 0, passed - window
    end
    if last * (window - passed) / window + this >= most then
        free = 0
    end
    found[i] = {began, last, this, passed}
end
local told = {free}
for i, key in ipairs(KEYS) do
    local began, last, this, passed = unpack(found[i])
    if free == 1 then
        this = this + 1
        redis.call('HSET', key, 'began', string.format('%.0f', began), 'last', last, 'this', this)
        redis.call('PEXPIRE', key, 2 * ARGV[2 * i])
    end
    told[i + 1] = {last, this, passed}
end
return told
"""


class Quota(NamedTuple):
    """What is left of a limit.

    :param last: requests of the last window.
    :param this: requests of this window.
    :param passed: how many milliseconds ago this window began.
    """

    limit: RateLimit
    last: int
    this: int
    passed: float

    @property
    def counted(self) -> float:
        """How many requests count."""
        window = self.limit.seconds * 1000
        return self.last * (window - self.passed) / window + self.this

    @property
    def remaining(self) -> int:
        """How many requests would be let through now."""
        return max(math.ceil(self.limit.requests - self.counted), 0)

    @property
    def is_used_up(self) -> bool:
        """Whether there is room for no more."""
        return self.counted >= self.limit.requests

    @property
    def wait(self) -> int | None:
        """In how many seconds there is room for one more; None if there is all the room there can be."""
        most = min(math.floor(self.counted), self.limit.requests)
        if most == 0:
            return None
        window = self.limit.seconds * 1000
        if self.this < most:  # while this window lasts: last * (1 - t / window) + this < most
            moment = window * (1 - (most - self.this) / self.last)
        else:  # in the next one, whose last one this will be: this * (1 - t / window) < most
            moment = window + window * (1 - most / self.this)
        # After the moment and not at it: clocks count whole milliseconds.
        return math.ceil((moment - self.passed + 1) / 1000)


class Taken(NamedTuple):
    """What became of a request.

    :param free: whether it may go on, and was counted.
    """

    free: bool
    quotas: tuple[Quota, ...]


def take_from_redis(script: Script, limits: Sequence[RateLimit], keys: Sequence[str]) -> Taken:
    """Take a request out of all limits, or out of none.

    :param script: `TAKE`.
    :raises redis.RedisError: if Redis does not answer.
    """
    numbers = [number for one in limits for number in (one.requests, one.seconds * 1000)]
    free, *told = script(keys, numbers)
    return Taken(
        free == 1,
        tuple(
            Quota(limit, last, this, passed) for limit, (last, this, passed) in zip(limits, told, strict=True)
        ),
    )


def take_from_memory(storage: MemoryStorage, limits: Sequence[RateLimit], keys: Sequence[str]) -> Taken:
    """Do the same in this process alone; by one thread at a time."""
    quotas = [_in_memory(storage, limit, key) for limit, key in zip(limits, keys, strict=True)]
    free = not any(one.is_used_up for one in quotas)
    if free:
        for limit, key in zip(limits, keys, strict=True):
            storage.acquire_sliding_window_entry(key, limit.requests, limit.seconds)
        quotas = [one._replace(this=one.this + 1) for one in quotas]
    return Taken(free, tuple(quotas))


def _in_memory(storage: MemoryStorage, limit: RateLimit, key: str) -> Quota:
    last, _, this, left = storage.get_sliding_window(key, limit.seconds)
    return Quota(limit, last, this, (2 * limit.seconds - left) * 1000)


def keys_of(limits: Sequence[RateLimit], who: str) -> list[str]:
    """Return a key for each limit, all on one node of a cluster.

    :param who: the caller and the operation.
    """
    return [f"{{{who}}}:{one.unit}" for one in limits]
