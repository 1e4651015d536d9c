"""Logs: one line an event, structured, with the ids that tie it to a request."""

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from libs.errors import current_request_id


def configure_logs(service: str, *, log_format: str, level: str) -> None:
    """Send all log records of this process to standard output.

    Code logs through the standard library: ``logger.info("task ended", extra={"seconds": 1.2})``.

    :param log_format: ``json`` for machines, ``text`` for a terminal.
    """

    def add_ids(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["service"] = service
        request_id = current_request_id()
        if request_id:
            event["request_id"] = request_id
        return event

    renderer = _text_renderer() if log_format == "text" else _json_renderer()
    final: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if log_format == "json":
        final.append(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_ids,
        ],
        processors=[*final, renderer],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These tell of every connection, request or row, with what is in it; our own lines say enough.
    for noisy in (
        "botocore",
        "pynamodb",
        "urllib3",
        "kombu",
        "amqp",
        "httpx",
        "httpcore",
        "celery.worker.strategy",
        "celery.app.trace",
        "celery.beat",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _text_renderer() -> Any:
    # The default would print the local variables of each frame: passwords, tokens, whole bodies.
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _json_renderer() -> Any:
    return structlog.processors.JSONRenderer(serializer=_dump)


def _dump(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=repr).decode()
