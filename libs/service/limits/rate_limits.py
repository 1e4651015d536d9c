"""The limits of a contract (`x-rate-limit`), kept: so many requests of a caller and operation in a window."""

from collections.abc import Mapping, Sequence

from limits.storage import MemoryStorage, RedisStorage

from libs.api import Operation, RateLimit
from libs.errors import TooManyRequests
from libs.jwt import Caller
from libs.service.limits.counters import Counters, digest, network
from libs.service.limits.quota import TAKE, Quota, Taken, keys_of, take_from_memory, take_from_redis


class RateLimits:
    """Counts requests and refuses those that are too many.

    :param counters: where they are counted.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._script = counters.script(TAKE)

    def take(self, operation: Operation, caller: Caller | None, address: str) -> Mapping[str, str]:
        """Count a request; return what the answer tells of the limits: RateLimit and RateLimit-Policy.

        :param caller: whose request it is; where nobody is known, that is whoever is at `address`.
        :raises TooManyRequests: with these headers and Retry-After, if there is none left by one of the
            limits; that is not counted.
        """
        limits = operation.limits
        who = f"caller {caller.subject}" if caller else f"network {network(address)}"
        one = digest(f"{operation.method} {operation.path} {who}")

        def question(storage: RedisStorage | MemoryStorage) -> Taken:
            keys = keys_of(limits, one)
            if isinstance(storage, MemoryStorage):
                return take_from_memory(storage, limits, keys)
            return take_from_redis(self._script, limits, [storage.prefixed_key(key) for key in keys])

        taken = self._counters.ask(question)
        headers = _headers(taken.quotas)
        if taken.free:
            return headers
        wait = max((quota.wait or 1 for quota in taken.quotas if quota.is_used_up), default=1)
        raise TooManyRequests(
            f"No more than {_told(limits)} here. Wait, then try again.",
            headers={"Retry-After": str(wait), **headers},
        )


def _headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """Return what draft-ietf-httpapi-ratelimit-headers-10 has an answer tell, as lists (RFC 9651)."""
    left, policies = [], []
    for quota in quotas:
        limit, wait = quota.limit, quota.wait
        name = f'"{limit.unit}"'
        left.append(f"{name};r={quota.remaining}" + (f";t={wait}" if wait is not None else ""))
        policies.append(f"{name};q={limit.requests};w={limit.seconds}")
    return {"RateLimit": ", ".join(left), "RateLimit-Policy": ", ".join(policies)}


def _told(limits: Sequence[RateLimit]) -> str:
    return " and ".join(f"{one.requests} requests a{'n' * (one.unit == 'hour')} {one.unit}" for one in limits)
