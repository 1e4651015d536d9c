"""Logs: one line an event, structured, with the ids that tie it to a request."""

import logging
import sys
from collections.abc import Iterator
from traceback import extract_tb
from types import TracebackType
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

from libs.errors import current_request_id

MOST_LINKS = 50
"""How many exceptions in a row are told, each of which came of the next, or holds it."""
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n"
_MET = "\nDuring handling of the above exception, another exception occurred:\n"


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
    final: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(without_texts),
    ]
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


def without_texts(
    exc_info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None],
) -> str:
    """Return an exception as Python prints it, with those it came of, and without their texts.

    A text may quote what a client has sent: a password that cannot be hashed, a row that cannot be stored.
    Of very many that came of one another the last `MOST_LINKS` are told.
    """
    return "" if exc_info[1] is None else "\n".join(_lines(exc_info[1], set()))


def _lines(error: BaseException, told: set[int], depth: int = 0) -> Iterator[str]:
    for one, met in reversed(list(_links(error, told))):
        if one.__traceback__ is not None:
            yield "Traceback (most recent call last):"
        for frame in extract_tb(one.__traceback__):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        yield f"{type(one).__module__}.{type(one).__qualname__}".removeprefix("builtins.")
        for part in one.exceptions if isinstance(one, BaseExceptionGroup) and depth < MOST_LINKS else ():
            if id(part) not in told:
                yield from (f"  | {line}" for line in _lines(part, told, depth + 1))
        if met:
            yield met


def _links(error: BaseException, told: set[int]) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and those it came of, the last first, each with how the one after it came of it."""
    met = ""
    for _ in range(MOST_LINKS):
        told.add(id(error))
        yield error, met
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None or id(before) in told:
            return
        error, met = before, _CAUSED if error.__cause__ else _MET


def _text_renderer() -> Any:
    # The default would look at exceptions itself, which are text by now.
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def _json_renderer() -> Any:
    return structlog.processors.JSONRenderer(serializer=_dump)


def _dump(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=repr).decode()
