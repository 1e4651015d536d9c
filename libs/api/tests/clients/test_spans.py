"""The span of a call of another service, which is what that service hears to be a part of."""

import httpx
import pytest

from libs.api.tests.books import connect
from libs.api.tests.clients.conftest import Script
from libs.errors import ServiceUnavailable, Span, SpanKind, Tracer
from libs.jwt import Caller, acting_as


def asked(script: Script) -> list[Span]:
    """Call a service within a trace; return what is recorded."""
    recorded: list[Span] = []
    books = connect("http://books.test:8080", transport=script)
    books._sender.pause = lambda seconds: None
    with (
        Tracer(recorded.append, share=1).begin("root", SpanKind.SERVER, None),
        acting_as(Caller("ada", token="hush")),
    ):
        try:
            books.get_book(book_id="hush-1")
        except Exception as error:  # noqa: BLE001 - what is raised is what the span tells
            recorded[0].set("raised", type(error).__name__)
    return recorded


BOOK = {"book_id": "hush-1", "title": "hush"}


def test_a_call_is_one_span_that_all_its_tries_carry() -> None:
    script = Script(httpx.Response(503), httpx.ConnectError("hush"), httpx.Response(200, json=BOOK))
    call, root = asked(script)
    assert call.kind == SpanKind.CLIENT
    assert call.parent_id == root.context.span_id
    sent = {request.headers["traceparent"] for request in script.requests}
    assert (len(script.requests), sent) == (3, {call.context.traceparent})
    assert call.attributes["http.request.resend_count"] == 2
    assert call.attributes["server.address"] == "books.test"
    assert call.name == f"GET {call.attributes['url.template']}"
    assert "hush" not in str((call.name, call.attributes))


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [
        (httpx.Response(404, json={"detail": "hush"}), 404, "404"),
        (httpx.Response(503), 503, "503"),
        (httpx.ConnectError("hush"), None, "ServiceUnavailable"),
    ],
)
def test_a_call_that_fails_tells_how(
    outcome: httpx.Response | Exception, status: int | None, error: str
) -> None:
    call, _ = asked(Script(outcome))
    assert (call.attributes.get("http.response.status_code"), call.error) == (status, error)
    assert "raised" in call.attributes
    assert "hush" not in str((call.attributes, call.error))


def test_what_nobody_records_costs_no_call() -> None:
    script = Script(httpx.ConnectError("hush"))
    books = connect("http://books.test:8080", transport=script)
    books._sender.pause = lambda seconds: None
    with pytest.raises(ServiceUnavailable):
        books.get_book(book_id="1", auth="t")
    assert all("traceparent" not in one.headers for one in script.requests)
