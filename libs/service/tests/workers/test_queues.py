"""Queues by name and by priority, read by the workers that are told to."""

from collections.abc import Callable
from typing import Any

from libs.service.tests.workers import working
from libs.tasks import Operation


def test_a_worker_does_what_is_in_any_queue_of_its_service(work: Any) -> None:
    with work.process("worker"):
        work.submit(working.work, "one")
        work.submit(working.aside, "two")
        work.wait_for("ended one", "ended two")


def test_a_worker_told_its_queues_leaves_the_others_alone(work: Any) -> None:
    with work.process("worker", worker_queues="slow"):
        left = work.submit(working.work, "left")
        work.submit(working.aside, "done")
        work.wait_for("ended done")
        assert work.row(left).status == "queued"
        with work.process("worker", worker_queues="default"):
            work.wait_for("ended left")


def test_a_queue_that_no_task_has_stops_the_start(work: Any) -> None:
    with work.process("worker", worker_queues="default,slwo") as worker:
        assert worker.wait(60) != 0
    assert "no task of profiles has the queue slwo" in work.said()


def test_the_more_urgent_of_two_that_wait_is_done_first(make_work: Callable[..., Any]) -> None:
    work = make_work(worker_concurrency="1")
    urgencies = [0, 9, 3, 5, 7]
    for urgency in urgencies:
        work.submit(working.work.options(priority=urgency), f"{urgency}")
    with work.process("worker"):
        work.wait_for(*(f"ended {one}" for one in urgencies))
    began = [line.removeprefix("began ") for line in work.lines() if line.startswith("began")]
    assert began == ["9", "7", "5", "3", "0"]


def test_what_names_a_queue_nobody_reads_is_done_all_the_same(work: Any) -> None:
    # No call can name one; a row of another release may.
    operation = Operation(
        task=working.work.name, arguments={"name": "one"}, request_id="request-1", queue="gone", due=0
    )
    operation.save()
    with work.process("worker"), work.process("beat"):
        work.wait_for("ended one")
