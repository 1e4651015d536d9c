"""What the spans of requests, and of calls of the database, tell; and what they do not."""

from collections.abc import Callable

import pytest
from botocore.exceptions import ReadTimeoutError
from flask import Flask
from pynamodb.exceptions import GetError

from libs.dynamodb import Call
from libs.dynamodb.usage import call_scope
from libs.errors import Span, SpanKind, TraceContext, Tracer
from libs.errors.redaction import HIDDEN
from libs.service.tracing.dynamodb import dynamodb_span

CAME = TraceContext("a" * 32, "b" * 16)


@pytest.fixture
def recorded() -> list[Span]:
    return []


@pytest.fixture
def ask(make_app: Callable[..., Flask], recorded: list[Span]) -> Callable[..., Span]:
    """Send a request and return its span."""
    client = make_app(tracer=Tracer(recorded.append, share=1)).test_client()

    def ask(method: str, path: str, **headers: str) -> Span:
        recorded.clear()
        client.open(path, method=method, headers=headers)
        (found,) = recorded
        return found

    return ask


@pytest.mark.parametrize(
    ("method", "path", "name", "status", "error"),
    [
        ("GET", "/things?q=hush", "GET /things", 200, None),
        ("GET", "/abort/409", "GET /abort/{status}", 409, None),
        ("GET", "/private", "GET /private", 401, None),
        ("GET", "/not-there/hush-1", "GET", 404, None),
        ("BREW", "/things", "HTTP /things", 405, None),
        ("GET", "/fail", "GET /fail", 500, "INTERNAL_ERROR"),
        ("GET", "/break-down", "GET /break-down", 503, "SERVICE_UNAVAILABLE"),
    ],
)
def test_a_request_is_called_by_its_route_and_fails_with_a_5xx_alone(
    ask: Callable[..., Span], method: str, path: str, name: str, status: int, error: str | None
) -> None:
    found = ask(method, path, Authorization="Bearer hush", Cookie="hush", **{"X-Request-ID": "request-1234"})
    assert (found.name, found.kind, found.error) == (name, SpanKind.SERVER, error)
    told = dict(found.attributes)
    assert told.pop("http.route", None) == (name.partition(" ")[2] or None)
    # A path that no route has is any text, as a token that has ended up there.
    assert told.pop("url.path", None) == (None if "not-there" in path else path.partition("?")[0])
    assert told == {
        "http.request.method": method if method != "BREW" else "_OTHER",
        "url.scheme": "http",
        "http.response.status_code": status,
        "request.id": "request-1234",
    }
    assert "hush" not in str(told)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("a%20b", "a b"), ("ada%40example.com", HIDDEN), ("x" * 8000, "x" * 100)],
    ids=["a text", "a person", "a long text"],
)
def test_a_path_is_told_as_reports_tell_it(ask: Callable[..., Span], sent: str, shown: str) -> None:
    assert ask("GET", f"/abort/{sent}").attributes["url.path"] == f"/abort/{shown}"


@pytest.mark.parametrize("header", ["x", "00-" + "0" * 32 + "-" + "b" * 16 + "-01", f"{CAME.traceparent}, x"])
def test_a_malformed_traceparent_begins_a_trace(ask: Callable[..., Span], header: str) -> None:
    found = ask("GET", "/things", traceparent=header)
    assert found.parent_id is None
    assert found.context.trace_id not in {CAME.trace_id, "0" * 32}


def test_a_trace_goes_on(ask: Callable[..., Span]) -> None:
    found = ask("GET", "/things", traceparent=CAME.traceparent, tracestate="shop=1")
    assert (found.context.trace_id, found.parent_id) == (CAME.trace_id, CAME.span_id)
    assert found.context.state == "shop=1"


@pytest.mark.parametrize(
    ("raised", "outcome", "error"),
    [
        (None, "ok", None),
        (GetError("hush", cause=ReadTimeoutError(endpoint_url="http://hush")), "rejected", "GetError"),
        (ReadTimeoutError(endpoint_url="http://hush"), "unavailable", "ReadTimeoutError"),
    ],
)
def test_a_call_of_the_database_tells_tables_capacity_and_what_became_of_it(
    recorded: list[Span], raised: Exception | None, outcome: str, error: str | None
) -> None:
    call = Call("Query", ("todos", "tags"))
    with Tracer(recorded.append, share=1).begin("root", SpanKind.SERVER, None):
        try:
            with dynamodb_span(call), call_scope(call):
                if raised:
                    raise raised
                call.tries, call.capacity = 2, {"todos": 1.5, "tags": 0.5}
        except type(raised or Exception):  # type: ignore[misc]
            pass
    found, root = recorded
    assert (found.name, found.kind, found.error) == ("DynamoDB.Query", SpanKind.CLIENT, error)
    assert root.error is None
    told = dict(found.attributes)
    assert told["db.collection.name"] == "todos,tags"
    assert told["aws.dynamodb.outcome"] == outcome
    if raised is None:
        assert told["aws.dynamodb.consumed_capacity_units"] == 2.0
        assert told["http.request.resend_count"] == 1
    assert "hush" not in str((found.attributes, found.error))


def test_a_condition_that_does_not_hold_is_no_failure(recorded: list[Span]) -> None:
    call = Call("PutItem", ("todos",), outcome="condition_failed", error="ConditionalCheckFailedException")
    with Tracer(recorded.append, share=1).begin("root", SpanKind.SERVER, None), dynamodb_span(call):
        pass
    assert recorded[0].error is None
