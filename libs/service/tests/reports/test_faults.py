"""What gunicorn calls an error is reported, without what a client has sent."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from libs.errors import Report
from libs.errors.personal import for_reports
from libs.service.processes.faults import reporting
from libs.service.processes.web import PlainLogger

SECRET = "hunter2~secret"


def told(call: Callable[[Logger], object]) -> list[dict[str, Any]]:
    reports: list[Report] = []
    call(reporting(PlainLogger, reports.append)(Config()))
    return [one.to_json(for_reports()) for one in reports]


def raising(log: Logger, error: Exception) -> None:
    try:
        raise error
    except Exception:
        log.exception("Error handling request %s", f"/x?token={SECRET}")


def test_an_exception_that_no_answer_was_made_of_is_reported() -> None:
    (one,) = told(lambda log: raising(log, ValueError(SECRET)))
    assert (one["kind"], one["level"]) == ("fault", "error")
    assert one["title"] == "gunicorn: Error handling request %s"
    assert (one["error"][0]["type"], one["where"]["function"]) == ("ValueError", "raising")
    assert SECRET not in str(one)


@pytest.mark.parametrize("error", [BlockingIOError(), ConnectionResetError(), BrokenPipeError()])
def test_a_client_that_goes_away_or_is_silent_is_no_fault(error: Exception) -> None:
    assert told(lambda log: raising(log, error)) == []


def test_what_the_arbiter_says_of_workers_is_reported_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def say(log: Logger) -> None:
        log.critical("WORKER TIMEOUT (pid:%s)", 7)
        log.error("Worker (pid:%s) exited with code %s.", 7, 1)
        log.info("Booting worker with pid: %s", 8)

    with caplog.at_level(logging.INFO, "gunicorn.error"):
        reports = told(say)
    assert [one["title"] for one in reports] == [
        "gunicorn: WORKER TIMEOUT (pid:%s)",
        "gunicorn: Worker (pid:%s) exited with code %s.",
    ]
    assert [one.getMessage() for one in caplog.records][:2] == [
        "WORKER TIMEOUT (pid:7)",
        "Worker (pid:7) exited with code 1.",
    ]
