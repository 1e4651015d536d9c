"""The span of a call of DynamoDB: https://opentelemetry.io/docs/specs/semconv/database/dynamodb/."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from libs.dynamodb import Call
from libs.errors import Span, SpanKind, span

_EXPECTED = frozenset({"ok", "condition_failed"})
"""What no one need be told of: a condition that does not hold is an answer."""


def dynamodb_span(call: Call) -> AbstractContextManager[object]:
    """Watch a call: its operation, tables and capacity; never keys, conditions or items."""
    begun = span(f"DynamoDB.{call.operation}", SpanKind.CLIENT)
    return _told(begun, call) if isinstance(begun, Span) else begun


@contextmanager
def _told(span: Span, call: Call) -> Iterator[None]:
    with span:
        try:
            yield
        finally:
            tables = ",".join(call.tables)
            span.set("db.system.name", "aws.dynamodb")
            span.set("db.operation.name", call.operation)
            span.set("db.collection.name", tables)
            span.set("aws.dynamodb.consumed_capacity_units", call.units)
            span.set("aws.dynamodb.outcome", call.outcome)
            if call.tries > 1:
                span.set("http.request.resend_count", call.tries - 1)
            if call.outcome not in _EXPECTED:
                span.fail(call.error or call.outcome)
