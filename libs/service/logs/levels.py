"""Log levels of a running process, as a command has left word of them."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from libs.resilience import between_forks
from libs.service.logs.control_file import Change, ControlFile, UnsafeFile

if TYPE_CHECKING:
    from libs.service.settings import Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at the file."""


class LogLevels:
    """Follow the file of a service.

    It is made before processes are forked, so that each knows how levels are when nothing is said: a process
    that is forked in the meantime begins with those of its parent.
    """

    def __init__(self, file: ControlFile, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._stamp: tuple[int, int] | None = None
        self._changes: dict[str, Change] = {}
        self._seen: dict[tuple[str, Change], float] = {}
        self._usual: dict[str, int] = {}

    @classmethod
    def of(cls, settings: "Settings") -> "LogLevels":
        """Return those of a service."""
        return cls(control_file(settings))

    def follow(self, **_: Any) -> None:
        """Do so from now on, in a thread of this process."""
        self.look()
        threading.Thread(target=self._run, name="log levels", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            try:
                self.look()
            except Exception:
                logger.exception("log levels cannot be followed")
                return

    @between_forks()
    def look(self) -> None:
        """Have loggers be as the file says now."""
        stamp = self._file.stamp()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._changes = self._file.read() if stamp else {}
            except UnsafeFile as error:
                logger.warning("no heed is paid to a log level", extra={"why": str(error)})
                self._changes = {}
            now = self._clock()
            self._seen = {
                (name, one): self._seen.get((name, one), now) for name, one in self._changes.items()
            }
        if self._changes or self._usual:
            self._apply()

    def _apply(self) -> None:
        # By both clocks, for the one of the machine may be set back in the meantime.
        wall, now = time.time(), self._clock()
        holding = {
            name: one.level
            for name, one in self._changes.items()
            if wall < one.until and now < self._seen[name, one] + one.seconds
        }
        changed: dict[str, str] = {}
        for name in [name for name in self._usual if name not in holding]:
            logging.getLogger(name or None).setLevel(self._usual[name])
            changed[name or "all"] = logging.getLevelName(self._usual.pop(name))
        for name, level in holding.items():
            one = logging.getLogger(name or None)
            if one.level != logging.getLevelName(level):
                self._usual.setdefault(name, one.level)
                one.setLevel(level)
                changed[name or "all"] = level
        if changed:
            logger.warning("log levels changed", extra={"levels": changed})


def control_file(settings: "Settings") -> ControlFile:
    """Return where word is left for the processes of a service."""
    return ControlFile(f"{settings.table_prefix}{settings.service}")
