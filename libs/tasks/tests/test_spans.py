"""A task is part of the trace it was called in: at its first try, at each retry, and when it is replayed."""

from collections.abc import Callable

import pytest

from libs.dynamodb import Database
from libs.errors import ServiceUnavailable, Span, SpanKind, TraceContext, Tracer, current_span, current_trace
from libs.tasks import Operation, TaskRuntime, asynctask

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]
CAME = TraceContext("a" * 32, "b" * 16, state="shop=1")

broken: list[str] = []


@asynctask(attempts=2)
def deliver(text: str) -> dict[str, str]:
    """Tell the trace it runs in, unless something is broken."""
    if broken:
        raise ServiceUnavailable("hush", code="NO_LUCK") if broken[0] == "problem" else RuntimeError("hush")
    return dict(current_trace())


@pytest.fixture(autouse=True)
def _whole() -> None:
    broken.clear()


@pytest.fixture
def recorded() -> list[Span]:
    return []


@pytest.fixture
def tracer(recorded: list[Span]) -> Tracer:
    return Tracer(recorded.append, share=1)


@pytest.fixture
def runtime(runtime_of: Runtimes, tracer: Tracer) -> TaskRuntime:
    return runtime_of(deliver, tracer=tracer)


def call(runtime: TaskRuntime, tracer: Tracer, came: TraceContext | None = CAME) -> Operation:
    with tracer.begin("POST /letters", SpanKind.SERVER, came), runtime.active():
        operation: Operation = deliver("hello")
    return operation


def run(runtime: TaskRuntime, operation: Operation) -> None:
    Operation(operation.id).update([Operation.not_before.set(0)])
    runtime.run(operation.id)


def test_a_try_is_a_part_of_the_call_and_what_it_calls_of_the_try(
    runtime: TaskRuntime, tracer: Tracer, recorded: list[Span], read: Read
) -> None:
    operation = call(runtime, tracer)
    run(runtime, operation)
    published, served, processed = recorded
    assert (published.name, published.kind) == (f"publish {deliver.name}", SpanKind.PRODUCER)
    assert (processed.name, processed.kind) == (f"process {deliver.name}", SpanKind.CONSUMER)
    assert published.parent_id == served.context.span_id
    assert processed.parent_id == published.context.span_id
    assert {one.context.trace_id for one in recorded} == {CAME.trace_id}
    assert read(operation.id).result == dict(processed.context.headers())
    assert published.attributes == {
        "messaging.system": "celery",
        "messaging.operation.type": "send",
        "messaging.operation.name": "publish",
        "messaging.destination.name": "default",
        "messaging.message.id": operation.id,
        "task.name": deliver.name,
    }
    assert processed.attributes == {
        **published.attributes,
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "task.attempt": 1,
        "request.id": operation.request_id,
    }
    assert not current_span().recorded


@pytest.mark.parametrize(("kind", "error"), [("problem", "NO_LUCK"), ("bug", "RuntimeError")])
def test_retries_and_replays_are_parts_of_the_same_call(
    runtime: TaskRuntime, tracer: Tracer, recorded: list[Span], read: Read, kind: str, error: str
) -> None:
    broken.append(kind)
    operation = call(runtime, tracer)
    run(runtime, operation)
    run(runtime, operation)
    parked = read(operation.id)
    assert parked.status == "failed"
    broken.clear()
    with tracer.begin("POST /admin", SpanKind.SERVER, None):
        runtime.replay(parked)
    run(runtime, operation)
    published = recorded[0]
    tries = [one for one in recorded if one.kind == SpanKind.CONSUMER]
    assert [one.error for one in tries] == [error, error, None]
    assert [one.attributes["task.attempt"] for one in tries] == [1, 2, 1]
    assert {one.parent_id for one in tries} == {published.context.span_id}
    assert {one.context.state for one in tries} == {"shop=1"}
    assert "hush" not in str([(one.name, one.attributes, one.error) for one in recorded])


def test_what_is_not_recorded_goes_on_so(
    runtime: TaskRuntime, tracer: Tracer, recorded: list[Span], read: Read
) -> None:
    operation = call(runtime, tracer, TraceContext("a" * 32, "b" * 16, flags=0))
    run(runtime, operation)
    assert recorded == []
    assert read(operation.id).result == {"traceparent": f"00-{'a' * 32}-{'b' * 16}-00"}


def test_a_task_that_nobody_traced_may_begin_a_trace(
    runtime: TaskRuntime, tracer: Tracer, recorded: list[Span]
) -> None:
    with runtime.active():
        operation = deliver("hello")
    run(runtime, operation)
    (processed,) = recorded
    assert processed.parent_id is None


def test_a_call_within_a_transaction_is_a_part_of_the_request(
    runtime: TaskRuntime, tracer: Tracer, recorded: list[Span], database: Database
) -> None:
    with tracer.begin("root", SpanKind.SERVER, CAME), runtime.active(), database.transaction():
        operation = deliver("hello")
    run(runtime, operation)
    published, root, processed = recorded
    assert (published.parent_id, processed.parent_id) == (root.context.span_id, published.context.span_id)
