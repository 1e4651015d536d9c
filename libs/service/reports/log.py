"""Reports in the log: a line each, for those who have nobody else to be told, or look there first."""

import logging
from collections.abc import Iterable
from typing import Any

from libs.service.reports.reporter import Told

logger = logging.getLogger("libs.reports")

MOST_LINES = 10
"""Of each exception: the innermost ones."""
_OF_EVERY_LINE = frozenset({"service", "level", "at", "host"})


class LogReporter:
    """Writes a line ``report`` with a report in it, in which each line of code is one text."""

    name = "log"

    def send(self, told: Told) -> None:
        """Write the line."""
        # No member has the name of an attribute of log records. The ids are among them, as this is another
        # thread than the one in which it happened.
        members: dict[str, Any] = {name: one for name, one in told.items() if name not in _OF_EVERY_LINE}
        if "where" in members:
            (members["where"],) = _lines([members["where"]])
        if "error" in members:
            members["error"] = [
                {"type": one["type"], "lines": _lines(one["frames"][-MOST_LINES:])}
                for one in members["error"]
            ]
        logger.log(logging.ERROR if told["level"] == "error" else logging.WARNING, "report", extra=members)


def _lines(frames: Iterable[Told]) -> list[str]:
    return [f"{frame['file']}:{frame['line']} in {frame['function']}" for frame in frames]
