"""A JSON document that another service publishes: fetched when needed, kept, and renewed."""

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import httpx

logger = logging.getLogger(__name__)

FIRST_COOLDOWN_SECONDS = 0.5
MAX_BYTES = 4 * 1024 * 1024

T = TypeVar("T")


class Fetched(Generic[T]):
    """What an address answers with, as `read` makes it.

    It is renewed in the background when older than `max_age`, so that no request waits for it, and at once
    where `renew` is called; never more often than every `cooldown`, and by one thread at a time. If the
    address does not answer, what there is stays good.

    :param read: makes the value of the parsed JSON; raises `ValueError`, `LookupError`, `TypeError` or
        `AttributeError` if it is not what it should be.
    :param max_age: seconds after which it is fetched again.
    :param cooldown: seconds between two fetches at the least; half a second while there is nothing yet.
    :param too_old: seconds after which it is not used before it was tried to renew it, as after a long pause.
    :param timeout: seconds to connect, to wait for the answer, and to read all of it.
    """

    def __init__(
        self,
        url: str,
        read: Callable[[Any], T],
        *,
        max_age: float,
        cooldown: float,
        too_old: float = math.inf,
        timeout: float = 1.5,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._read = read
        self._max_age = max_age
        self._cooldown = cooldown
        self._too_old = too_old
        self._timeout = timeout
        self._http = httpx.Client(timeout=timeout, transport=transport, trust_env=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    def get(self) -> T | None:
        """Return what is kept, or None before the first time; see to its renewal if it has grown old."""
        if self._value is None or not self._is_due():
            return self._value
        if self._clock() - self._fetched_at > self._too_old:
            self._fetch()
        else:
            # A thread for the time of one fetch: a process may fork before it, and need not end it.
            threading.Thread(target=self._fetch, name="renewal", daemon=True).start()
        return self._value

    def renew(self) -> T | None:
        """Fetch it now, unless the last fetch was less than the cooldown ago, and return what there is."""
        asked_at = self._clock()
        with self._lock:
            # Another thread may have fetched while this one waited; and then there is the cooldown.
            if self._tried_at < asked_at and asked_at - self._tried_at >= self._wait:
                self._fetch_locked()
        return self._value

    @property
    def _wait(self) -> float:
        return self._cooldown if self._value is not None else min(self._cooldown, FIRST_COOLDOWN_SECONDS)

    def _is_due(self) -> bool:
        now = self._clock()
        return (
            now - self._fetched_at > self._max_age
            and now - self._tried_at >= self._cooldown
            and not self._lock.locked()
        )

    def _fetch(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                if self._clock() - self._tried_at >= self._cooldown:
                    self._fetch_locked()
            finally:
                self._lock.release()

    def _fetch_locked(self) -> None:
        self._tried_at = self._clock()
        try:
            with self._http.stream("GET", self._url) as answer:
                answer.raise_for_status()
                self._value = self._read(self._json(answer))
            self._fetched_at = self._clock()
        except (httpx.HTTPError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            told = {"url": self._url, "error": type(error).__name__}
            logger.warning("cannot fetch what is published", extra=told)

    def _json(self, answer: httpx.Response) -> Any:
        content = bytearray()
        until = time.monotonic() + self._timeout
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > MAX_BYTES or time.monotonic() > until:
                raise ValueError("too long, or too slow, a document")
        return json.loads(content)
