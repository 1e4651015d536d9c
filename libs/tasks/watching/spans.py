"""The spans of a task: one where it is called, one for each try, in the trace that its row carries.

https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
"""

from libs.errors import NotRecorded, Span, SpanKind, TraceContext, Tracer, span
from libs.tasks.operation import Operation
from libs.tasks.options import DEFAULT_QUEUE


def publishing(task: str) -> Span | NotRecorded:
    """Return the span of a call of `task`; its place in the trace is what the operation is stored with."""
    return span(f"publish {task}", SpanKind.PRODUCER)


def tell_published(publishing: Span | NotRecorded, operation: Operation) -> None:
    """Have the span of a call tell which operation has come of it."""
    if publishing.recorded:
        _tell(publishing, operation, "send")


def processing(tracer: Tracer, operation: Operation) -> Span | NotRecorded:
    """Return what a try of an operation is within: a part of its call, at the first try and at all others."""
    came_with = TraceContext.read(operation.traceparent, operation.tracestate)
    begun = tracer.begin(f"process {operation.task}", SpanKind.CONSUMER, came_with)
    if begun.recorded:
        _tell(begun, operation, "process")
        begun.set("task.attempt", int(operation.attempts))
        begun.set("request.id", operation.request_id)
    return begun


def _tell(span: Span | NotRecorded, operation: Operation, what: str) -> None:
    span.set("messaging.system", "celery")
    span.set("messaging.operation.type", what)
    span.set("messaging.operation.name", "publish" if what == "send" else what)
    span.set("messaging.destination.name", operation.queue or DEFAULT_QUEUE)
    span.set("messaging.message.id", operation.id)
    span.set("task.name", operation.task)
