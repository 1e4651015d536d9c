"""The span of a request, as OpenTelemetry's conventions for HTTP servers name it and what it tells.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from libs.errors import Span, SpanKind, TraceContext, Tracer
from libs.errors.personal import for_reports
from libs.errors.redaction import Redaction
from libs.service.web.exchange import Exchange
from libs.service.web.told_path import told_path

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})


class ServerSpans:
    """A watcher of requests: has each be a span of the trace it came with, or of one that begins with it."""

    def __init__(self, tracer: Tracer, redaction: Redaction | None = None) -> None:
        self._tracer = tracer
        self._redaction = redaction or for_reports()

    def __call__(self, exchange: Exchange) -> AbstractContextManager[object]:
        """Return what the request is within."""
        environ = exchange.environ
        came_with = TraceContext.read(environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE"))
        begun = self._tracer.begin("HTTP", SpanKind.SERVER, came_with)
        return _told(begun, exchange, self._redaction) if isinstance(begun, Span) else begun


@contextmanager
def _told(span: Span, exchange: Exchange, redaction: Redaction) -> Iterator[None]:
    """Have a span tell of a request what is known at its end; never its query, its headers or its caller."""
    with span:
        try:
            yield
        finally:
            # Methods are what clients make up: they would be as many names.
            method = exchange.method if exchange.method in _METHODS else "_OTHER"
            shown = "HTTP" if method == "_OTHER" else method
            span.rename(f"{shown} {exchange.route}" if exchange.route else shown)
            span.set("http.request.method", method)
            span.set("url.scheme", exchange.environ.get("wsgi.url_scheme", "http"))
            span.set("http.response.status_code", exchange.status)
            span.set("request.id", exchange.request_id)
            if exchange.route:
                span.set("http.route", exchange.route)
            if (path := told_path(exchange, redaction)) is not None:
                span.set("url.path", path)
            if exchange.status >= 500:
                span.fail(exchange.problem.code if exchange.problem else str(exchange.status))
