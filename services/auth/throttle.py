"""How often somebody may try: log-ins by account and by address, and what sends mail by address.

Tries are counted in Redis, for all processes together. While Redis does not answer, each process counts for
itself: nothing is ever unlimited, and nobody is locked out by an outage.

A window begins with the first try. When its tries are used up, the rest of it has to be waited for. Each
window is twice as long as the one before, whether that was used up or not: 1, 2, 4, 8, 15, 15 … minutes,
until a day has passed or somebody clears it. So whoever guesses gets 5 tries in 15 minutes, also who stops
one short of them. Whoever mistypes a few times a day has 5 tries in each window like everybody, and nobody is
ever locked out for longer than 15 minutes. Mails to one mailbox have windows of up to an hour.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from limits.storage import MemoryStorage, RedisStorage

from libs.errors import TooManyRequests
from libs.resilience import PoolWatchers
from libs.service.limits import Counters, digest, network

__all__ = ["Limits", "Throttle", "Window", "network"]

FIRST_WINDOW_SECONDS = 60
LONGEST_WINDOW_SECONDS = 15 * 60
LONGEST_MAIL_WINDOW_SECONDS = 60 * 60
LEVEL_SECONDS = 24 * 3600
"""How long it takes, from the first window, until windows are short again."""
SIGN_UPS_OF_TESTS = 1000
"""Of the acceptance tests, with their key: some 350 in a run, and one run may follow another."""
TRIES_OF_TESTS = 100
"""Wrong passwords, and mails, of theirs from one address."""
KNOWN_SECONDS = 30 * 24 * 3600
"""How long an address counts as one that an account was logged in to from."""


@dataclass(frozen=True)
class Window:
    """A kind of tries, and how many of them one may have in a window.

    :param name: what `RateLimit` headers call it.
    :param longest: the seconds that windows grow to.
    :param of_tests: how many acceptance tests have, if that is more.
    """

    name: str
    tries: int
    longest: int = LONGEST_WINDOW_SECONDS
    of_tests: int = 0


class Limits:
    """How many tries there are of each kind.

    :param account: tries of one account.
    :param address: tries from one address.
    :param sign_ups: sign-ups, and mailed links that are opened, from one address; as `address` if None.
    :param mailbox: mails to one address; as it is spelled, so that whoever takes what follows a plus sign for
        one mailbox can be sent more.
    """

    def __init__(
        self, *, account: int = 5, address: int = 20, sign_ups: int | None = None, mailbox: int = 5
    ) -> None:
        sign_ups = address if sign_ups is None else sign_ups
        self.passwords_of_account = Window("account", account)
        self.passwords_by_address = Window("address", address, of_tests=TRIES_OF_TESTS)
        self.sign_ups_by_address = Window("sign-ups", sign_ups, of_tests=SIGN_UPS_OF_TESTS)
        self.mails_to_account = Window("mails-to-account", mailbox, LONGEST_MAIL_WINDOW_SECONDS)
        self.mails_by_address = Window("mails", address, of_tests=TRIES_OF_TESTS)
        self.links_by_address = Window("links", sign_ups, of_tests=SIGN_UPS_OF_TESTS)


class Throttle:
    """Counts tries.

    :param redis_url: as redis-py takes it.
    :param key_prefix: what keys in Redis start with.
    :param tests: says whether acceptance tests are asking, who are one address.
    """

    def __init__(self, redis_url: str, *, key_prefix: str, tests: Callable[[], bool] = lambda: False) -> None:
        self._tests = tests
        self._counters = Counters(redis_url, key_prefix=key_prefix)

    def watch_pools(self, watchers: PoolWatchers) -> None:
        """Have the connections to Redis watched; to be said before the first try."""
        self._counters.watch(watchers("redis:tries", None))

    def take(self, window: Window, who: str) -> None:
        """Count a try of `who`.

        :raises TooManyRequests: with Retry-After, RateLimit and RateLimit-Policy
            (draft-ietf-httpapi-ratelimit-headers-10), if there is none left; that is not counted.
        """
        if window.of_tests > window.tries and self._tests():
            window = replace(window, tries=window.of_tests)
        refused = self._counters.ask(lambda storage: _take(storage, window, _key(window, who)))
        if refused is not None:
            raise refused

    def give_back(self, window: Window, who: str) -> None:
        """Take back a try that has turned out to be none; a window without any other has not been one."""
        key = _key(window, who)

        def back(storage: RedisStorage | MemoryStorage) -> None:
            # A window that has ended meanwhile has nothing to give back to.
            if storage.get(key) > 0 and storage.incr(key, FIRST_WINDOW_SECONDS, -1) == 0:
                _lower(storage, key)

        self._counters.ask(back)

    def clear(self, window: Window, who: str) -> None:
        """Forget all tries of `who`, and how long its windows have become."""
        key = _key(window, who)

        def forget(storage: RedisStorage | MemoryStorage) -> None:
            for one in (key, f"{key}:level"):
                storage.clear(one)

        self._counters.ask(forget)

    def unlock(self, account: str) -> None:
        """Have the tries for `account` from addresses it is known at counted anew (`unlocked`)."""
        key = f"unlocked:{digest(account)}"

        def note(storage: RedisStorage | MemoryStorage) -> None:
            # A moment and no number of times: what was counted before is never met again.
            storage.clear(key)
            storage.incr(key, LEVEL_SECONDS, int(time.time() * 1000))

        self._counters.ask(note)

    def unlocked(self, account: str) -> int:
        """Return when `account` was unlocked, in milliseconds since 1970; 0 if not for a day."""
        return self._counters.ask(lambda storage: storage.get(f"unlocked:{digest(account)}"))

    def remember(self, account: str, address: str) -> None:
        """Note that `account` was logged in to from `address`."""
        key = _known(account, address)

        def note(storage: RedisStorage | MemoryStorage) -> None:
            storage.clear(key)
            storage.incr(key, KNOWN_SECONDS)

        self._counters.ask(note)

    def knows(self, account: str, address: str) -> bool:
        """Tell whether `account` was logged in to from `address` in the last 30 days."""
        return bool(self._counters.ask(lambda storage: storage.get(_known(account, address))))


def _take(storage: RedisStorage | MemoryStorage, window: Window, key: str) -> TooManyRequests | None:
    level = storage.get(f"{key}:level")
    seconds = _seconds(window, level)
    tried = storage.incr(key, seconds)
    if tried == 1:  # not when it is used up: who always stops one short would never meet a longer one
        storage.incr(f"{key}:level", LEVEL_SECONDS)
    if tried <= window.tries:
        return None
    wait = max(1, round(storage.get_expiry(key) - time.time()))
    if storage.get(key) > window.tries:  # it may have been cleared meanwhile
        storage.incr(key, seconds, -1)
    seconds = _seconds(window, level - 1)  # of this window: that it began has raised the level
    return TooManyRequests(
        "Too many tries. Wait, then try again.",
        headers={
            "Retry-After": str(wait),
            "RateLimit": f'"{window.name}";r=0;t={wait}',
            "RateLimit-Policy": f'"{window.name}";q={window.tries};w={seconds}',
        },
    )


def _lower(storage: RedisStorage | MemoryStorage, key: str) -> None:
    if storage.get(f"{key}:level") > 0:
        storage.incr(f"{key}:level", LEVEL_SECONDS, -1)


def _seconds(window: Window, level: int) -> int:
    return int(min(FIRST_WINDOW_SECONDS * 2.0 ** min(max(level, 0), 10), window.longest))


def _key(window: Window, who: str) -> str:
    return f"{window.name}:{digest(who)}"


def _known(account: str, address: str) -> str:
    return f"known:{digest(account)}:{digest(network(address))}"
