"""What another service answers with: fetched when needed, kept, and renewed before it is too old."""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import httpx

from libs.jwt.address import Address

logger = logging.getLogger(__name__)

FIRST_COOLDOWN_SECONDS = 0.5
BRIEFLY_SECONDS = 0.1
"""How long is waited for an address that has just failed, where there is nothing to go by: it may be back."""

T = TypeVar("T")


class _Kept(NamedTuple, Generic[T]):
    """A copy: when it was asked for, by the clock, and how old it may become."""

    value: T
    asked_at: float
    max_age: float


@dataclass
class _Fetch:
    """A fetch that has begun. It outlives its deadline where the look-up of the host's name hangs."""

    deadline: float
    over: threading.Event = field(default_factory=threading.Event)

    def wait(self, at_most: float = math.inf) -> None:
        self.over.wait(max(min(self.deadline - time.monotonic(), at_most), 0))


class Fetched(Generic[T]):
    """A copy of what an address answers with, which is never older than `max_age` where it can be renewed.

    From a share of its age on it is renewed beside the requests, which go on with it. Who finds it older
    than `max_age`, as after a pause, waits for the one fetch that there is, `address.timeout` at the longest.
    Where that fails the last copy counts. It is tried again beside the requests every `cooldown`, and nobody
    waits before the last failure is older than two of these; where there is no copy, a tenth of a second.

    A fetch is a thread of its own, so nobody waits longer than he has to, and a process may fork before it.

    :param fetch: gets the value from `address`; raises whatever it likes if there is none.
    :param max_age: seconds that a value is good for, counted from before it was asked for.
    :param renewed_at: the share of them after which it is renewed.
    :param cooldown: seconds between the end of a fetch and the next one; half a second, at most, while there
        is nothing to go by.
    :param outlives: whether a copy that is too old counts where none can be had.
    """

    def __init__(
        self,
        address: Address,
        fetch: Callable[[Address], T],
        *,
        max_age: Callable[[T], float],
        cooldown: float,
        renewed_at: float = 0.5,
        outlives: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._fetch = fetch
        self._max_age = max_age
        self._cooldown = cooldown
        self._renewed_at = renewed_at
        self._outlives = outlives
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: _Kept[T] | None = None
        self._fetching: _Fetch | None = None
        self._tried_at = float("-inf")
        self._failed_at = float("-inf")

    def get(self) -> T | None:
        """Return the value, or None where there is none to go by."""
        kept = self._kept
        age = self._clock() - kept.asked_at if kept is not None else 0.0
        if kept is None or age >= kept.max_age:
            return self.renew()
        if age >= kept.max_age * self._renewed_at:
            self._begin()
        return kept.value

    def known(self) -> T | None:
        """Return what there is to go by, however old, and wait only where there is nothing.

        What is due is fetched beside it, so a process that is only asked whether it is ready has a new copy.
        """
        if self._value() is None:
            return self.renew()
        kept = self._kept
        if kept is not None and self._clock() - kept.asked_at >= kept.max_age * self._renewed_at:
            self._begin()
        return self._value()

    def renew(self) -> T | None:
        """Fetch it now, unless the last fetch was less than the cooldown ago, and return what there is."""
        fetching = self._begin()
        if fetching is not None and not self._fails():
            fetching.wait()
        elif fetching is not None and self._value() is None:
            fetching.wait(BRIEFLY_SECONDS)
        return self._value()

    def _value(self) -> T | None:
        kept = self._kept
        if kept is None or not (self._outlives or self._clock() - kept.asked_at < kept.max_age):
            return None
        return kept.value

    def _fails(self) -> bool:
        return self._clock() - self._failed_at < 2 * self._cooldown

    def _begin(self) -> _Fetch | None:
        """Return the fetch that is under way, which is a new one if it is time for one."""
        with self._lock:
            if self._fetching is not None:
                return self._fetching
            pause = self._cooldown if self._value() is not None else FIRST_COOLDOWN_SECONDS
            if self._clock() - self._tried_at < min(pause, self._cooldown):
                return None
            fetching = _Fetch(time.monotonic() + self._address.timeout)
            try:
                threading.Thread(target=self._run, args=(fetching,), name="renewal", daemon=True).start()
            except RuntimeError:  # no more threads
                self._tried_at = self._failed_at = self._clock()
                return None
            self._fetching = fetching
            return fetching

    def _run(self, fetching: _Fetch) -> None:
        asked_at, failed = self._clock(), True
        try:
            value = self._fetch(self._address)
            self._kept = _Kept(value, asked_at, self._max_age(value))
            failed = False
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no answer to go by
            status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
            told = {"url": str(self._address), "error": type(error).__name__, "status": status}
            logger.warning("cannot fetch what another service answers", extra=told)
        finally:
            with self._lock:
                # The pause is counted from here: after a fetch that was long, it would be over already.
                self._tried_at = self._clock()
                self._failed_at = self._tried_at if failed else self._failed_at
                self._fetching = None
            fetching.over.set()
