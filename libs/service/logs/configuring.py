"""Where lines of the log go, and what all of them have."""

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from libs.errors import current_request_id, trace_ids
from libs.service.logs.exceptions import without_texts
from libs.service.logs.plain import UNSAFE, plain_event
from libs.service.logs.terminal import terminal_renderer

NOISY = (
    *("amqp", "botocore", "httpcore", "httpx", "kombu", "pynamodb", "urllib3"),
    *("celery.beat", "celery.app.trace", "celery.worker.strategy"),
)
"""These tell of every connection, request or row, with what is in it; our own lines say enough."""


def configure_logs(service: str, *, log_format: str, level: str) -> None:
    """Send all log records of this process to standard output.

    Code logs through the standard library: ``logger.info("task ended", extra={"seconds": 1.2})``. Whatever
    is logged, an event is one line of JSON and bounded; so it is in text, where an exception follows in
    lines of its own, all of which are indented.

    :param log_format: ``json`` for machines, ``text`` for a terminal, where it has colours.
    """

    def add_ids(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["service"] = service
        if request_id := current_request_id():
            event["request_id"] = request_id
        if ids := trace_ids():
            event["trace_id"] = ids[0]
            if ids[1] is not None:
                event["span_id"] = ids[1]
        return event

    text = log_format == "text"
    renderer: Any = terminal_renderer(colours=sys.stdout.isatty()) if text else _json
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_ids,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(without_texts),
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def log_to_stderr() -> None:
    """Leave standard output to what a command prints."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)


def _json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    line = orjson.dumps(plain_event(event)).decode()
    # JSON escapes what is below a space; other characters end lines and steer terminals, too.
    return line if line.isascii() and "\x7f" not in line else UNSAFE.sub(_escape, line)


def _escape(found: Any) -> str:
    return f"\\u{ord(found[0]):04x}"
