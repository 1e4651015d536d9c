"""Numbers that all processes count together: in Redis, and in each process alone while Redis is away."""

import hashlib
import ipaddress
import logging
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import redis
from limits.storage import MemoryStorage, RedisStorage
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from libs.resilience import UNWATCHED, PoolWatcher

logger = logging.getLogger(__name__)

REDIS_SECONDS = 0.25
REDIS_AWAY_SECONDS = 5.0
"""How long Redis may take for one question, and how long it is not asked after it did not answer."""

MOST_KEYS = 10_000
"""That a process counts by alone: some 3 MB."""
MEMORY_SECONDS = 3600.0
"""How long what a process has counted alone is kept after it was last needed."""

T = TypeVar("T")


class Counters:
    """Counts in Redis; while that does not answer, each process counts for itself.

    So nothing is ever unlimited, and nobody is locked out by an outage. A process that knows `MOST_KEYS`
    begins anew: clients could have it know any number, and could keep all others out if it refused those whom
    it has no room for. Whoever wants tries forgotten has to have so many others counted for that. What
    it knows is kept for `MEMORY_SECONDS` after it was needed, so that a Redis which answers now and then does
    not have all begin anew each time.

    :param redis_url: as redis-py takes it.
    :param key_prefix: what keys in Redis start with.
    """

    def __init__(self, redis_url: str, *, key_prefix: str) -> None:
        url = redis_url.replace("unix://", "redis+unix://", 1) if redis_url.startswith("unix:") else redis_url
        self._pool = _Pool.from_url(
            url.replace("redis+unix://", "unix://", 1),
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = RedisStorage(url, connection_pool=self._pool, key_prefix=key_prefix)
        # With those who count, their connections end; left to the garbage collector, sockets may be first.
        weakref.finalize(self, self._pool.disconnect)
        self._lock = threading.Lock()
        self._away_until = float("-inf")
        self._memory: MemoryStorage | None = None
        self._forget_at = float("inf")

    def watch(self, watcher: PoolWatcher) -> None:
        """Have the connections to Redis watched; to be said before the first question."""
        self._pool.watcher = watcher

    def script(self, source: str) -> Script:
        """Return a Lua script that a question asked in Redis may call: it is one step there."""
        return self._redis.get_connection().register_script(source.encode())

    def ask(self, question: Callable[[RedisStorage | MemoryStorage], T]) -> T:
        """Return what `question` finds in Redis or, while that is away, in this process's own memory.

        There it is asked by one thread at a time, so that all it does is one step; in Redis a script is.
        """
        if self._is_to_be_asked():
            watcher = self._pool.watcher
            watcher.taken()
            try:
                answer = question(self._redis)
            except redis.RedisError as error:
                self._away_until = time.monotonic() + REDIS_AWAY_SECONDS
                logger.warning("counted in this process alone", extra={"error": type(error).__name__})
            else:
                self._away_until = float("-inf")
                if self._memory is not None:
                    self._forget()
                return answer
            finally:
                watcher.returned()
        with self._lock:
            return question(self._alone())

    def _alone(self) -> MemoryStorage:
        # Made when it is first needed, so in the process that needs it: it starts a thread.
        if self._memory is None or len(self._memory.storage) >= MOST_KEYS:
            self._memory = MemoryStorage()
        self._forget_at = time.monotonic() + MEMORY_SECONDS
        return self._memory

    def _forget(self) -> None:
        with self._lock:
            if time.monotonic() > self._forget_at:
                self._memory = None

    def _is_to_be_asked(self) -> bool:
        if self._away_until == float("-inf"):
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._away_until:
                return False
            # One thread finds out whether it is back; the others need not wait for that.
            self._away_until = now + REDIS_AWAY_SECONDS
            return True


class _Pool(redis.ConnectionPool):
    """A connection for each thread that asks; each stays, and connects again where it has broken."""

    watcher: PoolWatcher = UNWATCHED

    def make_connection(self) -> Any:
        made = super().make_connection()
        self.watcher.opened()
        return made


def network(address: str) -> str:
    """Return what an address counts as: itself, or of IPv6 its /64, which is one customer's."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def digest(text: str) -> str:
    """Return what stands for a text in a key, where it may be of any length: hashed, without a secret."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
