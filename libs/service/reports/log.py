"""Reports in the log: a line each, for those who have nobody else to be told, or look there first."""

import logging

from libs.service.reports.reporter import Told

logger = logging.getLogger("libs.reports")


class LogReporter:
    """Writes a line ``report`` with all of a report in it."""

    name = "log"

    def send(self, told: Told) -> None:
        """Write the line."""
        level = logging.ERROR if told["level"] == "error" else logging.WARNING
        # Said here, as this is another thread than the one in which it happened.
        ids = {"request_id": told["request_id"]} if "request_id" in told else {}
        logger.log(level, "report", extra={**ids, "report": dict(told)})
