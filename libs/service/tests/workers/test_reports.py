"""What fails in the children of a real worker is reported, also what is known when they end."""

from collections.abc import Callable
from typing import Any

from libs.service.tests.reports.sinks import silence, sink
from libs.service.tests.workers import working

SECRET = "hunter2~secret"


def test_parked_tasks_are_reported_and_none_is_forgotten_at_the_end(make_work: Callable[..., Any]) -> None:
    with sink() as server:
        work = make_work(report_webhook_url=server.url, worker_concurrency="1", version="1.2.3")
        with work.process("worker") as worker:
            first = work.submit(working.hopeless, SECRET)
            assert work.final(first).status == "failed"
            (told,) = server.reports()
            for _ in range(2):
                work.final(work.submit(working.hopeless, SECRET))
            assert len(server.posted) == 1, "the others wait for the end of the minute"
            worker.terminate()
            assert worker.wait(30) == 0
        last = server.reports(2)[-1]
    assert (told["kind"], told["level"], told["code"], told["count"]) == ("parked", "error", "TASK_FAILED", 1)
    assert told["task"] == {
        "name": "libs.service.tests.workers.working.hopeless",
        "operation": first.id,
        "attempt": 1,
    }
    assert told["error"][0]["type"] == "RuntimeError"
    assert told["where"]["function"] == "hopeless"
    assert (told["service"], told["release"], told["environment"]) == (
        "profiles",
        {"version": "1.2.3"},
        "test",
    )
    assert told["error_id"] == work.row(first).problem["error_id"]
    assert (last["kind"], last["count"]) == ("parked", 2)
    assert SECRET not in str([body for _, _, body in server.posted])


def test_a_reporter_that_never_answers_keeps_no_worker_from_ending(make_work: Callable[..., Any]) -> None:
    with silence() as server:
        work = make_work(report_webhook_url=server.url, drain_seconds="60")
        with work.process("worker") as worker:
            assert work.final(work.submit(working.hopeless, "x")).status == "failed"
            worker.terminate()
            assert worker.wait(20) == 0
