"""What is reported of requests: those that failed by a fault of ours, and those that took too long."""

import ipaddress
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from libs.api import RemoteProblem
from libs.errors import report, reporting_to
from libs.errors.redaction import Redaction
from libs.errors.reporting import About, Sink, known
from libs.service.metrics.requests import METHODS, OTHER
from libs.service.reports.reports import told_of
from libs.service.web import Exchange, Watcher
from libs.service.web.client import address_of
from libs.service.web.told_path import told_path

LONGEST_AGENT = 200
"""Characters."""


def report_requests(
    sink: Sink, redaction: Redaction, *, slow_milliseconds: int = 0, trusted_proxies: int = 0
) -> Watcher:
    """Return what has `sink` told of requests, and of what is reported within them.

    :param slow_milliseconds: what takes longer is reported, where `x-report-slow-ms` does not say otherwise;
        0: nothing.
    """

    def watch(exchange: Exchange) -> AbstractContextManager[object]:
        return _Watching(
            exchange, sink, partial(_about, exchange, redaction, trusted_proxies), slow_milliseconds
        )

    return watch


class _Watching:
    """Has what is reported within a request tell of it, and reports what became of it."""

    __slots__ = ("_about", "_exchange", "_sink", "_slow", "_within")

    def __init__(self, exchange: Exchange, sink: Sink, about: Callable[..., About], slow: int) -> None:
        self._exchange = exchange
        self._sink = sink
        self._about = about
        self._slow = slow
        self._within = reporting_to(sink, about)

    def __enter__(self) -> None:
        self._within.__enter__()

    def __exit__(self, *told: Any) -> None:
        self._within.__exit__(*told)
        exchange, operation = self._exchange, self._exchange.operation
        if exchange.is_probe:
            return
        own = None if operation is None else operation.report_slow_milliseconds
        limit = self._slow if own is None else own
        if exchange.status >= 500:
            with reporting_to(self._sink, partial(self._about, ended=True)):
                _report_failure(exchange)
        elif limit and exchange.seconds * 1000 > limit:
            with reporting_to(self._sink, partial(self._about, ended=True)):
                _report_slow(exchange, limit)


def _report_failure(exchange: Exchange) -> None:
    problem, error = exchange.problem, exchange.error
    code = None if problem is None else problem.code
    called = None
    if isinstance(error, RemoteProblem):
        called = {"called": error.operation, "answered": error.problem.status}
    report(
        f"{_named(exchange)}: {code or exchange.status}",
        # What is not there now will be again, and whoever asks is told to come back.
        level="warning" if exchange.status == 503 else "error",
        code=code,
        error=error,
        data=called,
        error_id=exchange.error_id,
        located=False,
    )


def _report_slow(exchange: Exchange, limit: int) -> None:
    title = f"{_named(exchange)} took more than {limit} ms"
    report(title, kind="slow", level="warning", data={"limit_milliseconds": limit}, located=False)


def _named(exchange: Exchange) -> str:
    return f"{_method(exchange)} {exchange.route or 'unknown route'}"


def _method(exchange: Exchange) -> str:
    # Clients make up as many as they like, and each would be another thing that is reported.
    return exchange.method if exchange.method in METHODS else OTHER


def _about(
    exchange: Exchange, redaction: Redaction, trusted_proxies: int, *, ended: bool = False
) -> dict[str, Any]:
    environ = exchange.environ
    request = {
        "method": _method(exchange),
        "route": exchange.route,
        "path": told_path(exchange, redaction),
        "status": exchange.status if ended else None,
        "milliseconds": round(exchange.seconds * 1000, 1) if ended else None,
        "user_agent": environ.get("HTTP_USER_AGENT", "")[:LONGEST_AGENT] or None,
        "network": network_of(address_of(environ, trusted_proxies)),
    }
    about = {"request": known(request)}
    if exchange.caller is not None:
        about["caller"] = told_of(exchange.caller)
    return about


def network_of(address: str) -> str | None:
    """Return the network of a client, which is many: ``203.0.113.x``, ``2001:db8:1:x`` (a /24, a /48)."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(read, ipaddress.IPv6Address) and read.ipv4_mapped is not None:
        read = read.ipv4_mapped
    parts = read.exploded.replace(":", ".").split(".")[:3]
    if read.version == 4:
        return ".".join([*parts, "x"])
    return ":".join([*(part.lstrip("0") or "0" for part in parts), "x"])
