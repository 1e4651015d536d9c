"""How often somebody may try: log-ins by account and by address, and what sends mail by address.

Tries are counted in Redis, for all processes together. While Redis does not answer, each process counts for
itself: nothing is ever unlimited, and nobody is locked out by an outage.

A window begins with the first try. When its tries are used up, the rest of it has to be waited for, and the
next window is twice as long: 1, 2, 4, 8, 15, 15 … minutes, until a day has passed or somebody clears it. So
whoever guesses gets 5 tries in 15 minutes, and nobody is ever locked out for longer than 15.
"""

import hashlib
import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import redis
from limits.storage import MemoryStorage, RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from libs.errors import TooManyRequests

logger = logging.getLogger(__name__)

FIRST_WINDOW_SECONDS = 60
LONGEST_WINDOW_SECONDS = 15 * 60
LEVEL_SECONDS = 24 * 3600
"""How long windows stay long after one was used up."""
KNOWN_SECONDS = 30 * 24 * 3600
"""How long an address counts as one that an account was logged in to from."""
REDIS_SECONDS = 0.25
REDIS_AWAY_SECONDS = 5.0
"""How long Redis may take for one question, and how long it is not asked after it did not answer."""

T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """A kind of tries, and how many of them one may have in a window.

    :param name: what `RateLimit` headers call it.
    """

    name: str
    tries: int


class Limits:
    """How many tries there are of each kind.

    :param account: tries of one account.
    :param address: tries from one address.
    """

    def __init__(self, *, account: int = 5, address: int = 20) -> None:
        self.passwords_of_account = Window("account", account)
        self.passwords_by_address = Window("address", address)
        self.sign_ups_by_address = Window("sign-ups", address)
        self.mails_to_account = Window("mails-to-account", account)
        self.mails_by_address = Window("mails", address)
        self.links_by_address = Window("links", address)


class Throttle:
    """Counts tries.

    :param redis_url: as redis-py takes it.
    :param key_prefix: what keys in Redis start with.
    """

    def __init__(self, redis_url: str, *, key_prefix: str) -> None:
        url = redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix:") else redis_url
        self._redis = RedisStorage(
            url,
            key_prefix=key_prefix,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # what redis-py takes
        )
        self._lock = threading.Lock()
        self._away_until = float("-inf")

    def take(self, window: Window, who: str) -> None:
        """Count a try of `who`.

        :raises TooManyRequests: with Retry-After, RateLimit and RateLimit-Policy
            (draft-ietf-httpapi-ratelimit-headers-10), if there is none left; that is not counted.
        """
        refused = self._ask(lambda storage: _take(storage, window, _key(window, who)))
        if refused is not None:
            raise refused

    def give_back(self, window: Window, who: str) -> None:
        """Take back a try that has turned out to be none."""
        key = _key(window, who)

        def back(storage: RedisStorage | MemoryStorage) -> None:
            # A window that has ended meanwhile has nothing to give back to.
            if storage.get(key) > 0:
                storage.incr(key, FIRST_WINDOW_SECONDS, -1)

        self._ask(back)

    def clear(self, window: Window, who: str) -> None:
        """Forget all tries of `who`, and how long its windows have become."""
        key = _key(window, who)

        def forget(storage: RedisStorage | MemoryStorage) -> None:
            for one in (key, f"{key}:used-up", f"{key}:level"):
                storage.clear(one)

        self._ask(forget)

    def remember(self, account: str, address: str) -> None:
        """Note that `account` was logged in to from `address`."""
        key = _known(account, address)

        def note(storage: RedisStorage | MemoryStorage) -> None:
            storage.clear(key)
            storage.incr(key, KNOWN_SECONDS)

        self._ask(note)

    def knows(self, account: str, address: str) -> bool:
        """Tell whether `account` was logged in to from `address` in the last 30 days."""
        return bool(self._ask(lambda storage: storage.get(_known(account, address))))

    @cached_property
    def _memory(self) -> MemoryStorage:
        # Made when it is first needed, so in the process that needs it: it starts a thread.
        return MemoryStorage()

    def _ask(self, question: Callable[[RedisStorage | MemoryStorage], T]) -> T:
        if time.monotonic() >= self._away_until:
            try:
                return question(self._redis)
            except redis.RedisError as error:
                self._away_until = time.monotonic() + REDIS_AWAY_SECONDS
                logger.warning(
                    "tries are counted in this process alone", extra={"error": type(error).__name__}
                )
        with self._lock:
            return question(self._memory)


def network(address: str) -> str:
    """Return what an address counts as: itself, or of IPv6 its /64, which is one customer's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def _take(storage: RedisStorage | MemoryStorage, window: Window, key: str) -> TooManyRequests | None:
    level = storage.get(f"{key}:level")
    seconds = _seconds(level)
    tried = storage.incr(key, seconds)
    # Once a window, though tries are given back and used up again.
    if tried == window.tries and storage.incr(f"{key}:used-up", seconds) == 1:
        storage.incr(f"{key}:level", LEVEL_SECONDS)
    if tried <= window.tries:
        return None
    wait = max(1, round(storage.get_expiry(key) - time.time()))
    if storage.get(key) > window.tries:  # it may have been cleared meanwhile
        storage.incr(key, seconds, -1)
    seconds = _seconds(level - 1)  # of this window: that it is used up has raised the level
    return TooManyRequests(
        "Too many tries. Wait, then try again.",
        headers={
            "Retry-After": str(wait),
            "RateLimit": f'"{window.name}";r=0;t={wait}',
            "RateLimit-Policy": f'"{window.name}";q={window.tries};w={seconds}',
        },
    )


def _seconds(level: int) -> int:
    return int(min(FIRST_WINDOW_SECONDS * 2.0 ** min(max(level, 0), 10), LONGEST_WINDOW_SECONDS))


def _key(window: Window, who: str) -> str:
    return f"{window.name}:{_digest(who)}"


def _known(account: str, address: str) -> str:
    return f"known:{_digest(account)}:{_digest(network(address))}"


def _digest(text: str) -> str:
    # Of any length, and an address of somebody's own: neither belongs into a key.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
