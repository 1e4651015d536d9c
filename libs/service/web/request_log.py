"""The log line of a request."""

import logging
from typing import Any

from libs.errors.personal import for_reports
from libs.errors.redaction import Redaction
from libs.service.web.exchange import Exchange
from libs.service.web.told_path import LoggedPaths

logger = logging.getLogger(__name__)


class LogLines:
    """A watcher that logs what has become of a request: never its query, its headers or its body.

    A probe is logged at DEBUG, unless it fails.

    :param redaction: what parameters in the path it hides, by name; by default secrets and what is personal.
    """

    def __init__(self, redaction: Redaction | None = None) -> None:
        self._paths = LoggedPaths(redaction or for_reports())

    def __call__(self, exchange: Exchange) -> "_LogLine":
        """Return what the request is within."""
        return _LogLine(exchange, self._paths)


class _LogLine:
    __slots__ = ("_exchange", "_paths")

    def __init__(self, exchange: Exchange, paths: LoggedPaths) -> None:
        self._exchange = exchange
        self._paths = paths

    def __enter__(self) -> None:
        """Wait for the end."""

    def __exit__(self, *_: object) -> None:
        exchange = self._exchange
        level = logging.DEBUG if exchange.is_probe and exchange.status < 500 else logging.INFO
        if logger.isEnabledFor(level):
            logger.log(level, "request", extra=_told(exchange, self._paths))


def _told(exchange: Exchange, paths: LoggedPaths) -> dict[str, Any]:
    told: dict[str, Any] = {
        "method": exchange.method,
        "path": paths.of(exchange),
        "route": exchange.route,
        "status": exchange.status,
        "milliseconds": round(exchange.seconds * 1000, 1),
    }
    if exchange.operation is not None:
        told["operation_id"] = exchange.operation.operation_id
    if exchange.problem is not None:
        told["code"] = exchange.problem.code
    if exchange.error_id is not None:
        told["error_id"] = exchange.error_id
    if (caller := exchange.caller) is not None:
        told["subject"] = caller.subject
        if caller.actor is not None:
            told["actor"] = caller.actor
        if (client := caller.claims.get("client_id")) is not None:
            told["client"] = client
    if (length := exchange.environ.get("CONTENT_LENGTH", "")).isdecimal() and len(length) < 16:
        told["request_bytes"] = int(length)
    if exchange.response_bytes is not None:
        told["response_bytes"] = exchange.response_bytes
    if (usage := exchange.usage).calls:
        told["dynamodb_calls"] = usage.calls
        told["dynamodb_milliseconds"] = round(usage.seconds * 1000, 1)
        told["dynamodb_read_units"] = usage.read_units
        told["dynamodb_write_units"] = usage.write_units
        if usage.retries:
            told["dynamodb_retries"] = usage.retries
        if usage.throttled:
            told["dynamodb_throttled"] = usage.throttled
        if usage.failed:
            told["dynamodb_failed"] = usage.failed
    return told
