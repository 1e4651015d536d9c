"""Readiness: does every part answer that a request may need?"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import redis

from libs.errors import ServiceUnavailable
from libs.resilience import between_forks

logger = logging.getLogger(__name__)

DEADLINE_SECONDS = 1.0
CACHED_SECONDS = 1.0


class Health:
    """Run checks side by side, at most once a second and for at most a second.

    :param checks: by name, a function that raises if its part does not answer; what it finds beside,
        it returns as a dictionary.
    :param told_only: the names of those without which requests can be served all the same.
    """

    def __init__(
        self, checks: Mapping[str, Callable[[], object]], *, told_only: Collection[str] = ()
    ) -> None:
        self._checks = dict(checks)
        self._told_only = frozenset(told_only)
        self._lock = threading.Lock()
        self._running: dict[str, Future[dict[str, Any]]] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._checked_at = float("-inf")
        self._found: dict[str, Any] = {}
        self._stopping: Callable[[], bool] = lambda: False

    def unready_when(self, stopping: Callable[[], bool]) -> None:
        """Be not ready from when `stopping` says that the process has been told to stop."""
        self._stopping = stopping

    def look(self) -> dict[str, Any]:
        """Return what was found, by check, whatever it is."""
        with self._lock:
            if self._checks and time.monotonic() - self._checked_at > CACHED_SECONDS:
                self._found = self._check()
                self._checked_at = time.monotonic()
            return self._found

    def ready(self) -> dict[str, Any]:
        """Return what was found, by check: ``{"ok": true, "milliseconds": 3}``.

        :raises ServiceUnavailable: NOT_READY, with the same in `checks`, if a part does not answer; with
            `draining`, if the process is to stop.
        """
        if self._stopping():
            raise ServiceUnavailable("Not ready: it stops.", code="NOT_READY", extra={"draining": True})
        found = self.look()
        failed = sorted(name for name, one in found.items() if not one["ok"] and name not in self._told_only)
        if failed:
            raise ServiceUnavailable(
                f"Not ready: {', '.join(failed)}.", code="NOT_READY", extra={"checks": found}
            )
        return found

    def _check(self) -> dict[str, Any]:
        # Made here and not in __init__, because threads do not survive the fork of a gunicorn worker.
        pool = self._pool = self._pool or ThreadPoolExecutor(len(self._checks), "health")
        for name, check in self._checks.items():
            # A check that still hangs is not started a second time.
            if name not in self._running:
                self._running[name] = pool.submit(_timed, check)
        wait(self._running.values(), timeout=DEADLINE_SECONDS)
        return {name: self._outcome(name) for name in self._checks}

    def _outcome(self, name: str) -> dict[str, Any]:
        if not self._running[name].done():
            return {"ok": False, "error": "timeout"}
        future = self._running.pop(name)
        error = future.exception()
        if error is not None:
            told = "check failed" if name in self._told_only else "not ready"
            logger.warning(told, extra={"check": name, "error": type(error).__name__})
            return {"ok": False, "error": "unavailable"}
        return {"ok": True, **future.result()}


@between_forks()
def _timed(check: Callable[[], object]) -> dict[str, Any]:
    started = time.monotonic()
    details = check()
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return {"milliseconds": milliseconds, **(details if isinstance(details, dict) else {})}


def broker_check(ask: Callable[[], object]) -> Callable[[], None]:
    """Return the check that the broker answers `ask`."""

    def ping() -> None:
        try:
            ask()
        except redis.RedisError as error:
            raise ServiceUnavailable("The broker does not answer. Try again.") from error

    return ping
