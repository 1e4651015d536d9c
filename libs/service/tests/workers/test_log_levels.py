"""Another log level for some time, in a worker, its children and those that replace children."""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from libs.service.__main__ import main
from libs.service.logs.control_file import ControlFile
from libs.service.testing import eventually
from libs.service.tests.workers import working


def test_all_processes_of_a_service_follow(
    make_work: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    """The worker, its children, and those that replace children."""
    work = make_work(worker_concurrency="1")
    file = ControlFile(f"{work.environ['APP_TABLE_PREFIX']}profiles").path
    request.addfinalizer(lambda: file.unlink(missing_ok=True))

    def command(*arguments: str) -> str:
        environ = {name: value for name, value in work.environ.items() if name != working.WORK_DONE}
        monkeypatch.setattr(os, "environ", environ)
        code = main(["log-level", *arguments])
        monkeypatch.undo()
        assert code == 0
        return capsys.readouterr().out

    def changed(to: str) -> set[str]:
        lines = [json.loads(one) for one in work.said().splitlines() if one.startswith("{")]
        told = [one for one in lines if one["event"] == "log levels changed" and one["levels"] == {"all": to}]
        return set(map(str, told))

    with work.process("worker") as worker:
        work.submit(working.work, "first")
        work.wait_for("ended first")
        assert "all: DEBUG until" in command("DEBUG", "--for", "300")
        eventually(lambda: len(changed("DEBUG")) == 2)
        (child,) = psutil.Process(worker.pid).children()
        child.kill()
        work.submit(working.work, "second")
        work.wait_for("ended second")
        assert command("usual") == "as it is set\n"
        eventually(lambda: len(changed("INFO")) >= 2)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert not file.exists()
