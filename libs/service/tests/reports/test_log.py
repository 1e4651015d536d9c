"""The line of a report in the log, which is read by people, too."""

import json
import logging

import pytest

from libs.errors import report, reporting_to
from libs.service.logs import configure_logs
from libs.service.reports.log import LogReporter
from libs.service.tests.reports.giving import Setup

SECRET = "hunter2~secret"


def fail(depth: int) -> None:
    if not depth:
        raise ValueError(SECRET)
    fail(depth - 1)


def test_a_report_is_a_line_with_its_ids_and_lines_of_code(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    setup = Setup(LogReporter())
    try:
        configure_logs("probe", log_format="json", level="INFO")
        with pytest.raises(ValueError, match=SECRET) as error:
            fail(20)
        with reporting_to(setup.reports, lambda: {"request": {"method": "GET", "route": "/x"}}):
            report("It failed.", error=error.value, code="ODD", data={"password": SECRET}, error_id="e-1")
        assert setup.reports.flush()
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert (line["event"], line["level"], line["logger"]) == ("report", "error", "libs.reports")
    assert (line["title"], line["kind"], line["code"], line["count"]) == ("It failed.", "error", "ODD", 1)
    assert (line["error_id"], line["request"]) == ("e-1", {"method": "GET", "route": "/x"})
    assert line["where"] == "libs/service/tests/reports/test_log.py:18 in fail"
    (told,) = line["error"]
    assert (told["type"], len(told["lines"]), told["lines"][-1]) == ("ValueError", 10, line["where"])
    assert SECRET not in str(line)
