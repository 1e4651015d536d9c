"""What ties a request to its logs, calls and tasks: its id, and the trace it is part of."""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_trace: ContextVar[Mapping[str, str] | None] = ContextVar("trace", default=None)

# What may come in from outside: long enough to be unique, short and plain enough for a log line and a header.
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,128}")
# W3C Trace Context, sections 3.2 and 3.3: version, trace id, parent id (neither all zeros), flags.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_TRACESTATE = re.compile(r"[\x20-\x7e]{1,512}")


def new_request_id() -> str:
    """Return a fresh id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def valid_request_id(value: str | None) -> str | None:
    """Return `value` if it may be taken over from a client (8–128 of ``A-Za-z0-9._-``), else None."""
    return value if value and _ACCEPTABLE.fullmatch(value) else None


def current_request_id() -> str | None:
    """Return the id of the request or task being worked on, or None outside both."""
    return _request_id.get()


@contextmanager
def request_id_scope(request_id: str) -> Iterator[str]:
    """Make `request_id` the current one for the length of a with-block."""
    token = _request_id.set(request_id)
    try:
        yield request_id
    finally:
        _request_id.reset(token)


def current_trace() -> Mapping[str, str]:
    """Return the headers that a call to another service carries on the present trace; none outside of one."""
    return _trace.get() or {}


@contextmanager
def trace_scope(traceparent: str | None, tracestate: str | None = None) -> Iterator[None]:
    """Make a request's trace the current one for the length of a with-block.

    :param traceparent: the header of that name (W3C Trace Context section 3.2); what is none counts as not
        sent.
    :param tracestate: the header of that name; it means nothing without the other.
    """
    headers: dict[str, str] = {}
    if traceparent and _TRACEPARENT.fullmatch(traceparent):
        headers["traceparent"] = traceparent
        if tracestate and _TRACESTATE.fullmatch(tracestate):
            headers["tracestate"] = tracestate
    token = _trace.set(headers)
    try:
        yield
    finally:
        _trace.reset(token)
