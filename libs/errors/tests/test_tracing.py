"""Spans: what is recorded, and that nothing is where nothing is to be."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from libs.errors import (
    Span,
    SpanKind,
    TraceContext,
    Tracer,
    current_span,
    current_trace,
    monitor,
    span,
    trace_ids,
    trace_scope,
)

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = TraceContext(TRACE, PARENT, 1, "vendor=1")
UNSAMPLED = TraceContext(TRACE, PARENT, 0, "vendor=1")


class Recorded(list[Span]):
    """Spans by name, as they ended."""

    def __call__(self, one: Span) -> None:
        self.append(one)

    def __getattr__(self, name: str) -> Span:
        (found,) = [one for one in self if one.name == name]
        return found


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    yield Recorded()
    assert (trace_ids(), dict(current_trace())) == (None, {}), "nothing is left behind"


@pytest.fixture
def all_of_it(recorded: Recorded) -> Tracer:
    return Tracer(recorded, share=1)


def begin(tracer: Tracer, came_with: TraceContext | None = None) -> Span:
    made = tracer.begin("root", SpanKind.SERVER, came_with)
    assert isinstance(made, Span)
    return made


def test_a_trace_is_a_tree_of_spans(recorded: Recorded, all_of_it: Tracer) -> None:
    before = time.time_ns()
    with begin(all_of_it), span("first"), span("leaf", SpanKind.CLIENT, {"n": 1}) as leaf:
        leaf.set("m", "x")
    with begin(all_of_it):
        pass
    root, first, leaf_ = recorded[2], recorded.first, recorded.leaf
    assert [one.name for one in recorded] == ["leaf", "first", "root", "root"]
    assert (leaf_.parent_id, first.parent_id, root.parent_id) == (
        first.context.span_id,
        root.context.span_id,
        None,
    )
    assert len({one.context.trace_id for one in recorded[:3]}) == 1
    assert recorded[3].context.trace_id != root.context.trace_id
    assert (leaf_.kind, leaf_.attributes) == (SpanKind.CLIENT, {"n": 1, "m": "x"})
    for one in recorded:
        assert re.fullmatch("[0-9a-f]{32}", one.context.trace_id)
        assert re.fullmatch("[0-9a-f]{16}", one.context.span_id)
        assert before <= one.started <= one.ended <= time.time_ns() + 1_000_000
    assert root.started <= first.started <= leaf_.started <= leaf_.ended <= first.ended <= root.ended


def test_a_trace_that_came_is_gone_on_with(recorded: Recorded, all_of_it: Tracer) -> None:
    with begin(all_of_it, SAMPLED) as root:
        assert (root.context.trace_id, root.parent_id) == (TRACE, PARENT)
        sent = dict(current_trace())
        with span("call") as call:
            assert isinstance(call, Span)
            assert current_trace()["traceparent"] == f"00-{TRACE}-{call.context.span_id}-01"
            assert trace_ids() == (TRACE, call.context.span_id)
    assert sent == {"traceparent": f"00-{TRACE}-{root.context.span_id}-01", "tracestate": "vendor=1"}


def test_what_whoever_began_the_trace_has_decided_holds(recorded: Recorded) -> None:
    for share in (0, 1):
        tracer = Tracer(recorded, share=share)
        with tracer.begin("root", SpanKind.SERVER, UNSAMPLED), span("inner"):
            assert dict(current_trace()) == UNSAMPLED.headers()
            assert trace_ids() == (TRACE, None)
        assert recorded == []
        with tracer.begin("root", SpanKind.SERVER, SAMPLED):
            pass
        assert len(recorded) == 1
        recorded.clear()


def test_of_what_begins_here_a_share_is_recorded(recorded: Recorded) -> None:
    tracer = Tracer(recorded, share=0.5)
    for _ in range(1000):
        with tracer.begin("root", SpanKind.SERVER, None):
            pass
    assert 400 < len(recorded) < 600
    assert len({one.context.trace_id for one in recorded}) == len(recorded)


def test_those_who_are_called_hear_that_it_is_not_recorded_and_all_of_one_trace(recorded: Recorded) -> None:
    with Tracer(recorded, share=0).begin("root", SpanKind.SERVER, None):
        assert trace_ids() is None, "nobody could look it up"
        first, again = dict(current_trace()), dict(current_trace())
    assert first == again
    found = TraceContext.read(first["traceparent"])
    assert found is not None
    assert not found.sampled
    assert recorded == []


def test_without_a_recorder_traces_pass_through_as_they_came() -> None:
    for came in (SAMPLED, UNSAMPLED):
        with (
            Tracer(share=1).begin("root", SpanKind.SERVER, came),
            span("inner"),
            monitor(kind="a", method="b"),
        ):
            assert dict(current_trace()) == came.headers()
            assert not current_span().recorded
    with Tracer(share=1).begin("root", SpanKind.SERVER, None):
        assert dict(current_trace()) == {}


def test_outside_of_all_traces_nothing_is_recorded_and_nothing_breaks() -> None:
    with span("lonely", attributes={"a": 1}) as one, monitor(kind="SMTP", method="send") as other:
        for it in (one, other, current_span()):
            it.set("b", 2)
            it.rename("c")
            it.fail("d")
            assert not it.recorded


def test_monitored_work_is_a_span(recorded: Recorded, all_of_it: Tracer) -> None:
    with begin(all_of_it), monitor(kind="SMTP", method="send"):
        current_span().set("mail.size", 100)
    assert recorded[0].name == "SMTP send"
    assert recorded[0].attributes == {"monitor.kind": "SMTP", "monitor.method": "send", "mail.size": 100}


def test_of_a_failure_the_kind_is_kept_and_not_the_text(recorded: Recorded, all_of_it: Tracer) -> None:
    with pytest.raises(ValueError, match="hunter2"), begin(all_of_it), span("inner"):
        raise ValueError("hunter2")
    assert [one.error for one in recorded] == ["ValueError", "ValueError"]
    assert "hunter2" not in str([(one.name, one.attributes, one.error) for one in recorded])


def test_a_failure_that_was_named_keeps_its_name(recorded: Recorded, all_of_it: Tracer) -> None:
    def fail() -> None:
        current_span().fail("TASK_FAILED")
        _ = 1 / 0

    with pytest.raises(ZeroDivisionError), begin(all_of_it), span("inner"):
        fail()
    assert (recorded.inner.error, recorded.root.error) == ("TASK_FAILED", "ZeroDivisionError")


def test_a_recorder_that_raises_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def broken(one: Span) -> None:
        raise RuntimeError

    with begin(Tracer(broken, share=1)):
        pass
    assert [one.getMessage() for one in caplog.records] == ["a span could not be recorded"]
    assert trace_ids() is None


def test_threads_have_traces_of_their_own(recorded: Recorded, all_of_it: Tracer) -> None:
    with begin(all_of_it), ThreadPoolExecutor(1) as pool:
        assert not pool.submit(current_span).result().recorded


def test_a_trace_is_there_within_its_scope_alone() -> None:
    with trace_scope(SAMPLED.traceparent, "vendor=1"):
        assert dict(current_trace()) == SAMPLED.headers()
        with trace_scope(None):
            assert dict(current_trace()) == {}
        assert trace_ids() == (TRACE, None)
    assert dict(current_trace()) == {}


def test_a_scope_records_nothing_within_what_is_recorded(recorded: Recorded, all_of_it: Tracer) -> None:
    with begin(all_of_it), trace_scope(SAMPLED.traceparent), span("inner"):
        assert dict(current_trace()) == {"traceparent": SAMPLED.traceparent}
    assert [one.name for one in recorded] == ["root"]
