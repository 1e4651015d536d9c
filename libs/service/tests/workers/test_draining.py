"""SIGTERM: what runs is finished, or given back, within a bound."""

import signal
import time
from typing import Any

from libs.service.testing import eventually
from libs.service.tests.workers import working


def test_what_can_be_finished_in_time_is_finished(work: Any) -> None:
    with work.process("worker", drain_seconds="30") as worker:
        operation = work.submit(working.work, "one", 1.5)
        work.wait_for("began one")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    row = work.row(operation)
    assert (row.status, row.result, row.attempts) == ("succeeded", "one", 1)


def test_what_takes_longer_is_queued_again_as_if_it_had_not_been_tried(work: Any) -> None:
    with work.process("worker", drain_seconds="4", task_lease_seconds="60") as worker:
        operations = [work.submit(working.once, name, 50) for name in ("one", "two")]
        work.wait_for("began one", "began two")
        told = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
        assert time.monotonic() - told < 8
    rows = [work.row(operation) for operation in operations]
    assert [(row.status, row.attempts) for row in rows] == [("queued", 0)] * 2
    assert all(row.due <= time.time() for row in rows), "the relay's next look finds them"
    assert not any(line.startswith("ended") for line in work.lines())


def test_what_was_given_back_is_done_by_the_next_worker(work: Any) -> None:
    with work.process("worker", drain_seconds="4") as worker:
        operation = work.submit(working.once, "one", 4)  # it is handed back after one
        work.wait_for("began one")
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
    with work.process("worker"), work.process("beat"):
        row = work.final(operation)
    assert (row.status, row.attempts) == ("succeeded", 1)
    assert work.lines() == ["began one", "began one", "ended one"]


def test_what_cannot_be_interrupted_does_not_hold_the_worker_up(work: Any) -> None:
    with work.process("worker", drain_seconds="4") as worker:
        operation = work.submit(working.stubborn, "one")
        work.wait_for("began one")
        told = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
        assert time.monotonic() - told < 8
    assert work.row(operation).status == "running", "its lease runs out"


def test_rolling_restarts_lose_nothing_and_repeat_nothing(work: Any) -> None:
    names = [f"{n}" for n in range(24)]
    with work.process("beat"):
        for name in names[:16]:
            work.submit(working.work, name, 0.15)
        for round_ in range(3):
            with work.process("worker", drain_seconds="30") as worker:
                eventually(lambda: len(work.lines()) > round_ * 8)  # noqa: B023 - asked at once
                worker.send_signal(signal.SIGTERM)
                worker.wait(60)
        for name in names[16:]:
            work.submit(working.work, name, 0.15)
        with work.process("worker"):
            work.wait_for(*(f"ended {name}" for name in names), seconds=90)
    lines = work.lines()
    assert sorted(lines) == sorted(f"{what} {name}" for what in ("began", "ended") for name in names)
