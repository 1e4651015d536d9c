"""Spans as OTLP has them in JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.

That is Protobuf's JSON with two exceptions: ids are hexadecimal and enums are numbers. 64-bit integers are
texts, and what is unknown is left out.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from libs.errors import Span

LONGEST_TEXT = 1024
"""Characters of a name or a value that are sent."""
MOST_ATTRIBUTES = 64
_ERROR = 2
_LARGEST = 2**63 - 1


def resource_of(attributes: Mapping[str, str | int]) -> dict[str, Any]:
    """Return what spans come from."""
    return {"attributes": _attributes(attributes)}


def encode(resource: Mapping[str, Any], spans: Iterable[Span]) -> bytes:
    """Return an ExportTraceServiceRequest.

    :param resource: as `resource_of` returns it.
    """
    scope = {"scope": {"name": "polymacaron"}, "spans": [_span(one) for one in spans]}
    return orjson.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})


def _span(one: Span) -> dict[str, Any]:
    context, attributes = one.context, one.attributes
    if one.error is not None:
        attributes = {**attributes, "error.type": one.error}
    told: dict[str, Any] = {
        "traceId": context.trace_id,
        "spanId": context.span_id,
        "flags": context.flags,
        "name": _text(one.name),
        "kind": int(one.kind),
        "startTimeUnixNano": str(one.started),
        "endTimeUnixNano": str(one.ended),
        "attributes": _attributes(attributes),
    }
    if one.parent_id is not None:
        told["parentSpanId"] = one.parent_id
    if context.state is not None:
        told["traceState"] = context.state
    if one.error is not None:
        told["status"] = {"code": _ERROR}
    return told


def _attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = list(attributes)[-MOST_ATTRIBUTES:]
    return [{"key": _text(name), "value": _value(attributes[name])} for name in names]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int) and -_LARGEST <= value <= _LARGEST:
        return {"intValue": str(int(value))}
    if isinstance(value, float) and math.isfinite(value):
        return {"doubleValue": float(value)}
    return {"stringValue": _text(value)}


def _text(value: Any) -> str:
    text = str(value)[:LONGEST_TEXT]
    # Half a surrogate pair, as in a file name that is no UTF-8, has no place in JSON.
    return text if text.isascii() else text.encode(errors="replace").decode()
