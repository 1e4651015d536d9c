"""The log line of a request."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from libs.service.web.exchange import Exchange

logger = logging.getLogger(__name__)


@contextmanager
def log_line(exchange: Exchange) -> Iterator[None]:
    """Log what has become of a request."""
    try:
        yield
    finally:
        told: dict[str, Any] = {
            "method": exchange.method,
            "path": exchange.path,
            "route": exchange.route,
            "status": exchange.status,
            "milliseconds": round(exchange.seconds * 1000, 1),
        }
        if exchange.caller is not None and exchange.caller.actor is not None:
            told["actor"] = exchange.caller.actor
        logger.info("request", extra=told)
