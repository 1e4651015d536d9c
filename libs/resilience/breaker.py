"""The circuit breaker: a service that fails is left alone for a while."""

import math
import threading
import time
from collections.abc import Callable
from typing import Literal

from libs.resilience.window import Window

State = Literal["closed", "open", "half-open"]

BreakerWatcher = Callable[[float | None], object]
"""What is told until when calls are refused, by the breaker's clock; None if it is closed. It raises nothing,
and is told of one change after the other."""


class CircuitOpen(Exception):
    """No call is made now.

    :param retry_after: whole seconds until one is tried again.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the circuit is open for {retry_after} s")
        self.retry_after = retry_after


class CircuitBreaker:
    """Let calls to one service through, or refuse them at once while it is down.

    It opens when at least `share` of the calls of the last `window` seconds have failed, of `least` or more.
    After `pause` seconds one call is let through as a probe, and the others go on being refused; if it
    succeeds the circuit closes, if it fails it is open for another `pause`. Threads may share it.

    :param in_a_row: so many failures without a success between them open it, too, however long they take; for
        callers that wait for each, and so make few calls in a window. None for no such rule.
    :param clock: seconds that only go up.
    """

    def __init__(
        self,
        *,
        share: float = 0.5,
        least: int = 10,
        window: float = 10.0,
        pause: float = 5.0,
        in_a_row: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._share = share
        self._least = least
        self._pause = pause
        self._in_a_row = in_a_row
        self._failed_in_a_row = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._window = Window(window, clock)
        self._opened_at: float | None = None
        self._turn = 0
        self._probing = False
        self._watchers: list[BreakerWatcher] = []

    def watch(self, watcher: BreakerWatcher) -> None:
        """Have `watcher` told how it is now, and of each change.

        From when calls are not refused any more until one has succeeded, the circuit is half-open. That it
        becomes so is no change that is told: time alone does it, also where nobody calls.
        """
        with self._lock:
            self._watchers.append(watcher)
            watcher(self._refuses_until())

    @property
    def state(self) -> State:
        """What becomes of a call.

        ``closed``: it goes through. ``open``: it is refused. ``half-open``: it is a probe, or one is under
        way.
        """
        with self._lock:
            if self._opened_at is None:
                return "closed"
            return "half-open" if self._probing or self._left() <= 0 else "open"

    def enter(self) -> int:
        """Begin a call; `leave` has to be told what became of it.

        :returns: what `leave` is given.
        :raises CircuitOpen: if none is to be made now.
        """
        with self._lock:
            if self._opened_at is not None:
                if self._probing or (left := self._left()) > 0:
                    raise CircuitOpen(1 if self._probing else math.ceil(left))
                self._probing = True
                self._turn += 1
            return self._turn

    def leave(self, entered: int, *, failed: bool | None) -> None:
        """End a call.

        :param entered: what `enter` returned; a call from before the circuit last opened or closed tells
            nothing.
        :param failed: None if nothing was learned of the service.
        """
        with self._lock:
            if entered != self._turn:
                return
            if self._probing:
                self._probing = False
                self._turn += 1
                if failed is not None:
                    self._window.clear()
                    self._failed_in_a_row = 0
                    self._change(self._clock() if failed else None)
            elif failed is not None and self._opened_at is None:
                self._count(failed=failed)

    def _count(self, *, failed: bool) -> None:
        self._window.add("call")
        if not failed:
            self._failed_in_a_row = 0
            return
        self._window.add("failure")
        self._failed_in_a_row += 1
        calls = self._window.count("call")
        many = calls >= self._least and self._window.count("failure") >= calls * self._share
        if many or (self._in_a_row is not None and self._failed_in_a_row >= self._in_a_row):
            self._turn += 1
            self._change(self._clock())

    def _change(self, opened_at: float | None) -> None:
        self._opened_at = opened_at
        for watcher in self._watchers:
            watcher(self._refuses_until())

    def _refuses_until(self) -> float | None:
        return None if self._opened_at is None else self._opened_at + self._pause

    def _left(self) -> float:
        # In this order: what is added to a clock's time is rounded, and 5 s became 5.0000000000001.
        return 0.0 if self._opened_at is None else self._pause - (self._clock() - self._opened_at)
