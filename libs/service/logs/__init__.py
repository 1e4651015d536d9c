"""Logs: one line an event, structured, with the ids that tie it to a request."""

from libs.service.logs.configuring import configure_logs, log_to_stderr
from libs.service.logs.exceptions import MOST_LINKS, without_texts

__all__ = ["MOST_LINKS", "configure_logs", "log_to_stderr", "without_texts"]
