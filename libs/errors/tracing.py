"""Spans: what is done for a request or task, how long it takes, and of what it is a part.

::

    with span("price the cart", attributes={"cart.lines": 3}) as pricing:
        pricing.set("cart.total", price(cart))

Where nothing is recorded, which is the rule, that is one look at a context variable. What begins a request or
a task has a `Tracer`, which decides whether it is recorded, and where to; all within goes the same way.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from enum import IntEnum
from types import TracebackType

from libs.errors.trace_context import SAMPLED, TraceContext

logger = logging.getLogger(__name__)

Value = str | bool | int | float
"""What an attribute can be."""


class SpanKind(IntEnum):
    """What a span is to those around it, in the numbers of OTLP."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class NotRecorded:
    """A span of which nothing is kept; it takes what a `Span` takes."""

    __slots__ = ()
    recorded = False

    def set(self, name: str, value: Value) -> None:
        """Do nothing."""

    def rename(self, name: str) -> None:
        """Do nothing."""

    def fail(self, error: str) -> None:
        """Do nothing."""

    def __enter__(self) -> "NotRecorded":
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing."""


class Span:
    """A piece of work in a trace that is recorded; it begins with its with-block and ends with it.

    :ivar context: its place in the trace.
    :ivar parent_id: the id of what it is a part of; None where the trace begins with it.
    :ivar started: when it began, and `ended`: nanoseconds since 1970.
    :ivar error: what kind of failure it ended with; None if it did not fail.
    """

    __slots__ = (
        "_clock",
        "_recorder",
        "_token",
        "attributes",
        "context",
        "ended",
        "error",
        "kind",
        "name",
        "parent_id",
        "started",
    )
    recorded = True

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        context: TraceContext,
        parent_id: str | None,
        recorder: "Recorder",
        attributes: Mapping[str, Value] | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.context = context
        self.parent_id = parent_id
        self.attributes: dict[str, Value] = dict(attributes) if attributes else {}
        self.error: str | None = None
        self.started = self.ended = self._clock = 0
        self._recorder = recorder
        self._token: Token[_Place | None] | None = None

    def set(self, name: str, value: Value) -> None:
        """Give it an attribute, such as OpenTelemetry's semantic conventions name them; never a secret."""
        self.attributes[name] = value

    def rename(self, name: str) -> None:
        """Call it something else: one name for all that do the same, without ids."""
        self.name = name

    def fail(self, error: str) -> None:
        """Have it count as failed.

        :param error: the kind of failure: a code, a status, the name of an exception's class. Not its text.
        """
        self.error = error

    def __enter__(self) -> "Span":
        self._token = _place.set(self)
        self.started, self._clock = time.time_ns(), time.perf_counter_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended = self.started + time.perf_counter_ns() - self._clock
        if self._token is not None:
            _place.reset(self._token)
        if kind is not None and self.error is None:
            self.error = kind.__qualname__
        try:
            self._recorder(self)
        except Exception:
            # What is done must not fail for being watched.
            logger.exception("a span could not be recorded")

    def child(self, name: str, kind: SpanKind, attributes: Mapping[str, Value] | None = None) -> "Span":
        """Return a span that is a part of this one."""
        ours = self.context
        context = TraceContext(ours.trace_id, _new_span_id(), ours.flags, ours.state)
        return Span(name, kind, context, ours.span_id, self._recorder, attributes)


Recorder = Callable[[Span], None]
"""Takes spans that have ended; it neither waits nor raises."""


class _Unsampled:
    """A trace that begins here and is not recorded. It has ids only if somebody else has to hear of it."""

    __slots__ = ("_context",)

    def __init__(self) -> None:
        self._context: TraceContext | None = None

    @property
    def context(self) -> TraceContext:
        if self._context is None:
            self._context = TraceContext(_new_trace_id(), _new_span_id(), flags=0)
        return self._context


_Place = Span | TraceContext | _Unsampled
_place: ContextVar[_Place | None] = ContextVar("trace", default=None)
_NOT_RECORDED = NotRecorded()


class _Within(NotRecorded):
    """Work in a trace that is not recorded here, and passed on."""

    __slots__ = ("_at", "_token")

    def __init__(self, at: _Place | None) -> None:
        self._at = at
        self._token: Token[_Place | None] | None = None

    def __enter__(self) -> "NotRecorded":
        self._token = _place.set(self._at)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            _place.reset(self._token)


class Tracer:
    """Begins what others are parts of, and decides what is recorded.

    Whoever began the trace has decided for all of it: what comes with a `traceparent` is recorded if its
    flag says so. Of what begins here, a share is.

    :param recorder: where spans go; without one nothing is recorded, and traces are passed on as they came.
    :param share: 0 to 1.
    """

    def __init__(self, recorder: Recorder | None = None, *, share: float = 0.01) -> None:
        self._recorder = recorder
        self._share = share

    def begin(
        self,
        name: str,
        kind: SpanKind,
        came_with: TraceContext | None,
        attributes: Mapping[str, Value] | None = None,
    ) -> Span | NotRecorded:
        """Return what a request or task is within, to be used in a with-statement.

        :param came_with: the trace of whoever has asked for it.
        """
        if self._recorder is None:
            return _Within(came_with)
        if came_with is None:
            if random.random() >= self._share:  # noqa: S311 - not for secrets
                return _Within(_Unsampled())
            root = TraceContext(_new_trace_id(), _new_span_id())
            return Span(name, kind, root, None, self._recorder, attributes)
        if not came_with.sampled:
            return _Within(came_with)
        context = TraceContext(came_with.trace_id, _new_span_id(), came_with.flags | SAMPLED, came_with.state)
        return Span(name, kind, context, came_with.span_id, self._recorder, attributes)


def span(
    name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Mapping[str, Value] | None = None
) -> Span | NotRecorded:
    """Return a span for a part of what is done now, to be used in a with-statement.

    :param name: one for all that do the same: no ids in it.
    :param attributes: such as OpenTelemetry's semantic conventions name them; no secrets, no personal data.
    """
    place = _place.get()
    return place.child(name, kind, attributes) if isinstance(place, Span) else _NOT_RECORDED


def monitor(*, kind: str, method: str) -> Span | NotRecorded:
    """Return a span called ``<kind> <method>``: ``with monitor(kind="SMTP", method="send"):``."""
    place = _place.get()
    if not isinstance(place, Span):
        return _NOT_RECORDED
    attributes = {"monitor.kind": kind, "monitor.method": method}
    return place.child(f"{kind} {method}", SpanKind.INTERNAL, attributes)


def current_span() -> Span | NotRecorded:
    """Return the innermost span that is open here; one that keeps nothing where none is recorded."""
    place = _place.get()
    return place if isinstance(place, Span) else _NOT_RECORDED


def current_trace() -> Mapping[str, str]:
    """Return the headers that a call to another service carries on the present trace; none outside of one."""
    place = _place.get()
    if place is None:
        return {}
    return (place if isinstance(place, TraceContext) else place.context).headers()


def trace_ids() -> tuple[str, str | None] | None:
    """Return the id of the present trace, and of its span where that is recorded here, for a line of a log.

    None outside of a trace, and in one that begins here and is not recorded: nobody could look it up.
    """
    place = _place.get()
    if isinstance(place, Span):
        return place.context.trace_id, place.context.span_id
    return (place.trace_id, None) if isinstance(place, TraceContext) else None


def trace_scope(traceparent: str | None, tracestate: str | None = None) -> NotRecorded:
    """Return what makes a trace the current one for the length of a with-block, and records nothing.

    :param traceparent: the header of that name; what is none counts as not sent.
    :param tracestate: the header of that name; it means nothing without the other.
    """
    return _Within(TraceContext.read(traceparent, tracestate))


def _new_trace_id() -> str:
    return f"{random.getrandbits(128) or 1:032x}"


def _new_span_id() -> str:
    return f"{random.getrandbits(64) or 1:016x}"
