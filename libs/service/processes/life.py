"""Whether a worker or beat lives, and whether it can do its work: what it shows, and what it answers.

Both show from time to time that they do something. By the file `APP_ALIVE_PATH`, whose age the container's
health check looks at, and, at the port of metrics, by ``/health/live`` and ``/health/ready``.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from libs.dynamodb import Database
from libs.errors import ServiceUnavailable
from libs.service.health import Health, broker_check
from libs.service.running import Running

LONGEST_SILENCE_SECONDS = 60.0
"""What shows no sign of life for longer counts as dead; infra/image/healthcheck.py says the same."""


class SignsOfLife:
    """The signs of life of this process.

    :param path: a file that is touched with each; None for none.
    :param clock: seconds that only go up.
    """

    def __init__(self, path: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = None if path is None else Path(path)
        self._clock = clock
        self._shown_at = clock()

    def show(self, **_: Any) -> None:
        """Show one."""
        self._shown_at = self._clock()
        if self._path is not None:
            self._path.touch()

    def look(self) -> dict[str, Any]:
        """Answer whether there was one lately.

        :raises ServiceUnavailable: NOT_ALIVE.
        """
        silent = self._clock() - self._shown_at
        if silent > LONGEST_SILENCE_SECONDS:
            told = {"silent_seconds": round(silent)}
            raise ServiceUnavailable(f"Silent for {silent:.0f} s.", code="NOT_ALIVE", extra=told)
        return {"status": "ok"}


def answer_health(running: Running, signs: SignsOfLife, database: Database) -> Health:
    """Answer, where metrics are asked for, whether this process lives and is ready.

    It is ready where DynamoDB and the broker answer and it was not told to stop. It needs no keys of tokens.

    :param database: over whose connections DynamoDB is asked: of a worker not those of its children.
    """
    checks: dict[str, Callable[[], object]] = {"dynamodb": database.ping}
    if running.broker.ping is not None:
        checks["redis"] = broker_check(running.broker.ping)
    health = Health(checks)
    if running.metrics.asked:
        running.metrics.add_page("/health/live", signs.look)
        running.metrics.add_page("/health/ready", lambda: {"status": "ok", "checks": health.ready()})
    return health
