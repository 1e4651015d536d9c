"""A reporter that hangs, raises or is slow costs nobody anything, and what became of reports is counted."""

import os
import threading
import time
from functools import partial

import pytest

from libs.resilience import forks
from libs.service.reports.channel import LONGEST_QUEUE, Channel
from libs.service.reports.grouping import Groups
from libs.service.reports.reporter import ReportRefused, Told
from libs.service.reports.reports import FLUSH_SECONDS
from libs.service.testing import eventually
from libs.service.tests.reports.giving import FACTS, Broken, Kept, Setup, one

UNLIMITED = partial(Groups, window=0.05, most=100_000)


def test_a_report_is_told_with_what_is_known_of_the_process() -> None:
    kept = Kept()
    Setup(kept).reports(one())
    eventually(lambda: kept.told)
    (told,) = kept.told
    assert {name: told[name] for name in FACTS} == FACTS
    assert (told["title"], told["count"]) == ("It is x.", 1)


def test_a_storm_is_a_few_reports_with_the_right_counts() -> None:
    kept = Kept()
    setup = Setup(kept)
    for _ in range(10_000):
        setup.reports(one("storm"))
    setup.reports(one("else"))
    assert setup.reports.flush()
    assert [(told["code"], told["count"]) for told in kept.told] == [
        ("storm", 1),
        ("else", 1),
        ("storm", 9_999),
    ]
    assert setup.counted("kept") == {"sent": 10_001, "grouped": 9_999}


def test_what_was_counted_is_told_when_its_window_ends() -> None:
    kept = Kept()
    setup = Setup(kept, groups=UNLIMITED)
    for _ in range(3):
        setup.reports(one())
    eventually(lambda: sum(told["count"] for told in kept.told) == 3)


def test_a_reporter_that_hangs_holds_up_nobody_and_no_other_reporter() -> None:
    hanging, kept = Kept(closed=True), Kept()
    kept.name = "other"  # type: ignore[misc]
    setup = Setup(hanging, kept, groups=UNLIMITED)
    setup.reports(one("first"))
    hanging.asked.wait()
    spent = 0.0
    for batch in range(0, LONGEST_QUEUE + 50, 50):
        started = time.perf_counter()
        for number in range(batch, batch + 50):
            setup.reports(one(number))
        spent += time.perf_counter() - started
        eventually(lambda: len(kept.told) == batch + 51)  # noqa: B023 - asked at once
    assert spent < 15
    assert setup.counted("kept") == {"dropped": 50}
    assert FLUSH_SECONDS == 2.0, "docs/reports.md"
    started = time.monotonic()
    assert not setup.reports.flush(0.1)
    assert time.monotonic() - started < 15
    hanging.gate.set()
    eventually(lambda: len(hanging.told) == LONGEST_QUEUE + 1)


def test_one_that_hangs_keeps_no_other_from_telling_all_at_the_end() -> None:
    hanging, kept = Kept(closed=True), Kept()
    kept.name = "other"  # type: ignore[misc]
    setup = Setup(hanging, kept)
    for _ in range(5):
        setup.reports(one())
    assert not setup.reports.flush(0.2)
    eventually(lambda: [told["count"] for told in kept.told] == [1, 4])
    hanging.gate.set()


def test_one_that_raises_is_asked_again_and_its_text_stays_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    setup = Setup(Broken())
    setup.reports(one(1))
    setup.reports(one(2))
    assert setup.reports.flush()
    assert setup.counted("broken") == {"failed": 2}
    assert [record.getMessage() for record in caplog.records] == ["a report was not told"] * 2
    assert "hunter2" not in str([record.__dict__ for record in caplog.records])


def test_one_that_would_end_its_thread_does_not() -> None:
    class Ending(Kept):
        def send(self, told: Told) -> None:
            super().send(told)
            raise SystemExit

    kept = Ending()
    setup = Setup(kept)
    setup.reports(one(1))
    setup.reports(one(2))
    assert setup.reports.flush()
    assert [told["code"] for told in kept.told] == ["1", "2"]


def test_whoever_says_no_is_left_alone_for_as_long_as_asked() -> None:
    class Refusing(Kept):
        def send(self, told: Told) -> None:
            super().send(told)
            raise ReportRefused(429, retry_after=60)

    kept = Refusing()
    setup = Setup(kept)
    for number in range(3):
        setup.reports(one(number))
    assert setup.reports.flush()
    assert len(kept.told) == 1
    assert setup.counted("kept") == {"failed": 1, "dropped": 2}


def test_threads_begin_with_the_first_report_and_end_with_the_last() -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "reports to kept"]

    before = threads()
    setup = Setup(Kept(), groups=UNLIMITED)
    assert threads() == before
    setup.reports(one())
    assert len(threads()) == len(before) + 1
    eventually(lambda: threads() == before)
    setup.reports(one())
    assert setup.reports.flush()


def test_what_no_thread_could_be_started_for_is_told_with_the_next(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    kept = Kept()
    setup = Setup(kept)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        for number in range(3):
            setup.reports(one(number))
        assert not setup.reports.flush(), "it is not said to be done"
    assert {record.getMessage() for record in caplog.records} == {"reports wait for a thread"}
    setup.reports(one("next"))
    assert setup.reports.flush()
    assert [told["code"] for told in kept.told] == ["0", "1", "2", "next"]


def test_a_thread_that_fails_is_followed_by_another(caplog: pytest.LogCaptureFixture) -> None:
    kept, failed = Kept(), threading.Event()

    def count(kind: str, outcome: str, number: int) -> None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("hunter2")

    channel = Channel(kept, lambda grouped: {"code": grouped.report.code}, count)
    channel.put(one("first"))
    channel.hurry()
    assert channel.flushed(time.monotonic() + 30)
    channel.put(one("second"))
    channel.hurry()
    assert channel.flushed(time.monotonic() + 30)
    assert [told["code"] for told in kept.told] == ["first", "second"]
    assert [record.getMessage() for record in caplog.records] == ["reports could not be told"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_tells_its_own_reports_and_none_of_its_parent() -> None:
    kept = Kept(closed=True)
    setup = Setup(kept)
    for _ in range(3):
        setup.reports(one("of the parent"))
    kept.asked.wait()
    kept.gate.set()
    eventually(lambda: len(kept.told) == 1)
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        kept.told.clear()
        setup.reports(one("of the child"))
        done = setup.reports.flush()
        os.write(writing, str((done, [told["code"] for told in kept.told])).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 1000) == b"(True, ['of the child'])"
    assert setup.reports.flush()
    assert [told["count"] for told in kept.told] == [1, 2]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_nothing_is_being_sent_while_a_process_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that a reporter has taken, as for an import, would be taken in the child for good."""
    monkeypatch.setattr(forks, "HUNG_SECONDS", 30.0)
    lock, inside, go_on = threading.Lock(), threading.Event(), threading.Event()

    class Locking(Kept):
        def send(self, told: Told) -> None:
            with lock:
                inside.set()
                go_on.wait()
            super().send(told)

    kept = Locking()
    setup = Setup(kept)
    setup.reports(one())
    inside.wait()
    threading.Timer(0.1, go_on.set).start()
    if (child := os.fork()) == 0:
        os._exit(0 if lock.acquire(blocking=False) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert setup.reports.flush(), "the parent goes on"
    assert len(kept.told) == 1


def test_two_reporters_have_two_names() -> None:
    with pytest.raises(ValueError, match="two reporters have one name: kept, kept"):
        Setup(Kept(), Kept())
