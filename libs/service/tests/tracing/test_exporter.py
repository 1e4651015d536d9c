"""Spans reach the collector, and nobody waits for it."""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from libs.errors import Span, SpanKind, Tracer, span
from libs.service.testing import eventually
from libs.service.tests.tracing.collecting import CollectorStub
from libs.service.tracing import exporter as exporters
from libs.service.tracing.exporter import Exporter
from libs.service.tracing.otlp import resource_of
from libs.service.tracing.sending import Collector

RESOURCE = resource_of({"service.name": "probe"})
Make = Callable[..., Exporter]


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


@pytest.fixture
def make(counted: Counter[str]) -> Iterator[Make]:
    """Make an exporter; all are stopped in the end."""
    made: list[Exporter] = []

    def make(endpoint: str, headers: dict[str, str] | None = None, **options: float) -> Exporter:
        def count(outcome: str, number: int) -> None:
            counted[outcome] += number

        given = {"every": 0.01, **options}
        made.append(Exporter(lambda: Collector(endpoint, headers or {}, RESOURCE), count, **given))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.stop(0)


def record(exporter: Exporter, *names: str) -> None:
    tracer = Tracer(exporter, share=1)
    for name in names:
        with tracer.begin(name, SpanKind.SERVER, None):
            pass


def test_spans_are_sent_as_otlp_has_them(collector: CollectorStub, make: Make, counted: Counter[str]) -> None:
    exporter = make(collector.endpoint, {"api-key": "k"})
    values = {"text": "ü\ud800" + "x" * 5000, "int": 2**40, "big": 2**70, "bool": True, "float": 0.5}
    with Tracer(exporter, share=1).begin("root", SpanKind.SERVER, None, values), span("child") as child:
        child.set("nan", float("nan"))
        child.set("list", ["what", "has", "no", "place"])  # type: ignore[arg-type]
        child.fail("TAKEN")
    assert exporter.stop()
    root, child_ = collector.named("root"), collector.named("child")
    assert (root.parent_id, child_.parent_id) == (None, root.span_id)
    assert root.attributes == {
        "text": "ü?" + "x" * 1022,
        "int": 2**40,
        "big": str(2**70),
        "bool": True,
        "float": 0.5,
    }
    assert child_.attributes == {
        "nan": "nan",
        "list": str(["what", "has", "no", "place"]),
        "error.type": "TAKEN",
    }
    assert (root.failed, child_.failed) == (False, True)
    assert collector.headers[0]["api-key"] == "k"
    assert counted == {"exported": 2}


def test_what_comes_at_once_goes_in_one_request(collector: CollectorStub, make: Make) -> None:
    exporter = make(collector.endpoint, every=30)
    record(exporter, *(f"span {n}" for n in range(50)))
    assert exporter.stop(10), "the end waits for no others"
    assert (len(collector.spans), collector.requests) == (50, 1)


def test_a_batch_is_bounded(collector: CollectorStub, make: Make) -> None:
    exporter = make(collector.endpoint, every=30)
    record(exporter, *["span"] * (exporters.MOST_SENT + 1))
    assert exporter.stop(10)
    assert (len(collector.spans), collector.requests) == (exporters.MOST_SENT + 1, 2)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_sent_again_is_after_what_the_collector_asks_for(
    collector: CollectorStub, make: Make, counted: Counter[str], status: int
) -> None:
    collector.answers = [(status, {"Retry-After": "0"}, b""), (status, {"Retry-After": "1"}, b"")]
    started = time.monotonic()
    exporter = make(collector.endpoint)
    record(exporter, "span")
    collector.named("span")
    assert time.monotonic() - started > 1
    assert exporter.stop()
    assert (collector.requests, counted["exported"], counted["failed"]) == (3, 1, 0)


@pytest.mark.parametrize("status", [400, 401, 413, 500, 301])
def test_what_would_be_refused_again_is_given_up(
    collector: CollectorStub, make: Make, counted: Counter[str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    collector.answers = [(status, {"Location": collector.endpoint}, b"secret of the collector")]
    exporter = make(collector.endpoint)
    record(exporter, "span")
    eventually(lambda: counted["failed"])
    assert exporter.stop()
    assert (collector.requests, collector.spans) == (1, [])
    told = [
        (one.getMessage(), one.__dict__.get("status"), one.__dict__.get("failed")) for one in caplog.records
    ]
    assert told == [("spans refused by the collector", status, None), ("spans lost", None, 1)]


def test_a_pause_has_a_bound_whatever_the_collector_asks_for(collector: CollectorStub) -> None:
    collector.answers = [(503, {"Retry-After": "86400"}, b""), (503, {}, b""), (503, {}, b"")]
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    assert Collector(collector.endpoint, {}, RESOURCE).send([ended()], pause) == 1
    assert pauses[0] == 15
    assert 1 <= pauses[1] <= 2
    assert 2 <= pauses[2] <= 4


def ended() -> Span:
    kept: list[Span] = []
    with Tracer(kept.append, share=1).begin("span", SpanKind.SERVER, None):
        pass
    return kept[0]


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        (b'{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "no"}}', 1),
        (b'{"partialSuccess": {}}', 3),
        (b"", 3),
        (b"[]", 3),
        (b'{"partialSuccess": {"rejectedSpans": "9"}}', 0),
        (b"x" * 200_000, 3),
    ],
)
def test_what_the_collector_rejects_counts_as_failed(
    collector: CollectorStub, body: bytes, taken: int
) -> None:
    collector.answers = [(200, {}, body)]
    sent = Collector(collector.endpoint, {}, RESOURCE).send([ended()] * 3, lambda _: True)
    assert sent == taken


def test_a_collector_that_is_away_costs_nothing_but_its_spans(
    make: Make, counted: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    exporter = make("http://127.0.0.1:1", most_waiting=10)
    started = time.monotonic()
    record(exporter, *["span"] * 100)
    assert time.monotonic() - started < 15
    assert exporter.stop(), "it does not try again at the end"
    assert counted["exported"] == 0
    assert counted["dropped"] + counted["failed"] == 100
    assert counted["dropped"] >= 80
    assert "spans lost" in [one.getMessage() for one in caplog.records]


def test_while_a_collector_hangs_the_queue_is_bounded_and_nobody_waits(
    collector: CollectorStub, make: Make, counted: Counter[str]
) -> None:
    collector.hold.clear()
    exporter = make(collector.endpoint, most_waiting=10)
    record(exporter, "first")
    eventually(lambda: collector.requests)
    started = time.monotonic()
    record(exporter, *["span"] * 100)
    assert time.monotonic() - started < 15
    assert counted["dropped"] == 90
    assert exporters.FLUSH_SECONDS == 2.0, "docs/watching.md"
    assert not exporter.stop(0.1), "it does not wait longer than it may"
    assert time.monotonic() - started < 20


def test_it_heals_when_the_collector_is_there_again(
    collector: CollectorStub, make: Make, counted: Counter[str]
) -> None:
    collector.answers = [500]
    exporter = make(collector.endpoint)
    record(exporter, "lost")
    eventually(lambda: counted["failed"])
    record(exporter, "kept")
    collector.named("kept")


def test_a_forked_process_sends_its_own_spans_and_none_of_its_parent(
    collector: CollectorStub, make: Make
) -> None:
    collector.hold.clear()
    exporter = make(collector.endpoint, every=30)
    record(exporter, "of the parent")
    pid = os.fork()
    if pid == 0:
        try:
            record(exporter, "of the child")
            collector_answers = exporter.stop(20)
        finally:
            os._exit(0 if collector_answers else 1)
    collector.hold.set()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    collector.named("of the child")
    assert exporter.stop(10)
    assert sorted(one.name for one in collector.spans) == ["of the child", "of the parent"]


def test_what_comes_after_the_end_is_dropped(
    collector: CollectorStub, make: Make, counted: Counter[str]
) -> None:
    exporter = make(collector.endpoint)
    record(exporter, "before")
    assert exporter.stop()
    record(exporter, "after")
    assert counted == {"exported": 1, "dropped": 1}


def test_without_spans_there_is_no_thread_and_nothing_to_stop(make: Make) -> None:
    threads = threading.active_count()
    assert make("http://127.0.0.1:1").stop()
    assert threading.active_count() == threads


def test_a_destination_that_raises_loses_its_batch_and_no_other(
    counted: Counter[str], caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[str] = []

    class Broken:
        def send(self, spans: Sequence[Span], pause: Callable[[float], bool]) -> int:
            if not taken:
                taken.append("")
                raise RuntimeError("hunter2")
            taken.extend(one.name for one in spans)
            return len(spans)

        def close(self) -> None:
            """Have nothing to close."""

    def count(outcome: str, number: int) -> None:
        counted[outcome] += number

    exporter = Exporter(Broken, count, every=0)
    record(exporter, "first")
    eventually(lambda: counted["failed"])
    record(exporter, "second")
    assert exporter.stop()
    assert taken == ["", "second"]
    assert "spans could not be sent" in [one.getMessage() for one in caplog.records]
    assert logging.getLogger("libs.service.tracing.exporter").name in {one.name for one in caplog.records}


class Taking:
    """A collector that takes all, at once."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def send(self, spans: Sequence[Span], pause: Callable[[float], bool]) -> int:
        self.taken.extend(one.name for one in spans)
        return len(spans)

    def close(self) -> None:
        """Have nothing to close."""


def test_what_no_thread_could_be_started_for_is_sent_by_the_next(
    monkeypatch: pytest.MonkeyPatch, counted: Counter[str]
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def count(outcome: str, number: int) -> None:
        counted[outcome] += number

    to = Taking()
    exporter = Exporter(lambda: to, count, every=0, most_waiting=1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        record(exporter, "first", "dropped")
    record(exporter, "dropped, or not")
    eventually(lambda: "first" in to.taken)
    assert exporter.stop()
    assert counted["dropped"] >= 1


def test_a_thread_that_fails_is_followed_by_another(caplog: pytest.LogCaptureFixture) -> None:
    to, failed = Taking(), threading.Event()

    def count(outcome: str, number: int) -> None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("hunter2")

    exporter = Exporter(lambda: to, count, every=0)
    record(exporter, "first")
    eventually(lambda: [one.getMessage() for one in caplog.records] == ["spans could not be sent"])

    def sent() -> bool:
        record(exporter, "second")
        return "second" in to.taken

    eventually(sent)
    assert exporter.stop()
