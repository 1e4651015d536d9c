"""The span of a call of another service: one for all its tries, which the headers of each carry.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client
"""

import httpx

from libs.errors import NotRecorded, Span, SpanKind, span


def call_span(api: str, method: str, path: str, url: str) -> Span | NotRecorded:
    """Return the span of a call, to be used in a with-statement.

    :param path: that of the contract, without what is put into it.
    :param url: where the service is.
    """
    calling = span(f"{method} {path}", SpanKind.CLIENT)
    if calling.recorded:
        calling.set("http.request.method", method)
        calling.set("url.template", path)
        calling.set("peer.service", api)
        calling.set("server.address", httpx.URL(url).host)
    return calling
