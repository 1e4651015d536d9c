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


def test_what_takes_longer_is_queued_again_as_if_it_had_not_been_tried_and_done_by_the_next(
    work: Any,
) -> None:
    # It is handed back after one second, of which the bound leaves three.
    with work.process("worker", drain_seconds="4", task_lease_seconds="60") as worker:
        operations = [work.submit(working.once, name, 50) for name in ("one", "two")]
        work.wait_for("began one", "began two")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    rows = [work.row(operation) for operation in operations]
    assert [(row.status, row.attempts) for row in rows] == [("queued", 0)] * 2
    assert all(row.due <= time.time() for row in rows), "the relay's next look finds them"
    assert not any(line.startswith("ended") for line in work.lines())

    work.enough()
    with work.process("worker"), work.process("beat"):
        rows = [work.final(operation) for operation in operations]
    assert [(row.status, row.attempts) for row in rows] == [("succeeded", 1)] * 2
    lines = ("began one", "began two") * 2 + ("ended one", "ended two")
    assert sorted(work.lines()) == sorted(lines)


def test_what_cannot_be_interrupted_does_not_hold_the_worker_up(work: Any) -> None:
    with work.process("worker", drain_seconds="2") as worker:
        operation = work.submit(working.stubborn, "one")
        work.wait_for("began one")
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
    assert work.row(operation).status == "running", "its lease runs out"
    assert "tasks that cannot be interrupted are killed" in work.said()


def test_rolling_restarts_lose_nothing_and_repeat_nothing(work: Any) -> None:
    names = [f"{n}" for n in range(16)]
    with work.process("beat"):
        operations = [work.submit(working.work, name, 0.15) for name in names[:12]]
        for round_ in range(2):
            with work.process("worker", drain_seconds="30") as worker:
                eventually(lambda: len(work.lines()) > round_ * 8)  # noqa: B023 - asked at once
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(60) == 0
        operations += [work.submit(working.work, name, 0.15) for name in names[12:]]
        with work.process("worker"):
            rows = work.all_final(operations, seconds=90)
    assert {(row.status, int(row.attempts)) for row in rows} == {("succeeded", 1)}
    lines = work.lines()
    assert sorted(lines) == sorted(f"{what} {name}" for what in ("began", "ended") for name in names)
