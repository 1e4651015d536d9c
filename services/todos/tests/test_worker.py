"""Exports by real processes, a worker and a beat, one of which is killed."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libs.service import Running
from libs.service.testing import environment, eventually, kill_group, python_process, running_service
from libs.tasks import Operation
from services.todos.models import Export
from services.todos.service import service

QUICK = {
    "cursor_secret": "only-for-tests-and-32-characters-long",
    "task_lease_seconds": "2",
    "task_sweep_seconds": "0.5",
    "worker_concurrency": "1",
}
Write = Callable[..., None]


@pytest.fixture
def environ() -> dict[str, str]:
    return environment("todos", **QUICK)


@pytest.fixture
def running(environ: dict[str, str]) -> Iterator[Running]:
    with running_service(service, environ) as started:
        yield started


@pytest.mark.usefixtures("worker")
def test_an_export_is_written_by_a_worker(exports: Any, write_todos: Write) -> None:
    write_todos("ada", 3)
    operation = exports.ended(exports.start())
    assert [todo["title"] for todo in exports.lines(operation)] == ["todo 0", "todo 1", "todo 2"]
    assert operation["progress"] == 1


@pytest.mark.usefixtures("worker", "beat")
def test_worker_and_beat_show_that_they_are_alive(tmp_path: Path) -> None:
    files = [tmp_path / "worker", tmp_path / "beat"]
    eventually(lambda: all(file.exists() for file in files), seconds=30)
    touched = {file: file.stat().st_mtime_ns for file in files}
    eventually(lambda: all(file.stat().st_mtime_ns > touched[file] for file in files), seconds=30)


@pytest.mark.usefixtures("beat")
def test_an_export_outlives_the_machine_its_worker_ran_on(
    exports: Any, write_todos: Write, environ: dict[str, str], worker: subprocess.Popen[bytes]
) -> None:
    write_todos("ada", 1500, notes="\n" * 1500)
    location = exports.start()
    eventually(lambda: exports.operation(location)["status"] == "running", seconds=30)
    kill_group(worker)
    row = Operation.get(location.rpartition("/")[2], consistent_read=True)
    assert row.status == "running", "the worker was faster than the kill: give it more todos"

    with python_process("-m", "libs.service", "worker", environ=environ):
        operation = exports.ended(location)
    assert [todo["title"] for todo in exports.lines(operation)] == [f"todo {n}" for n in range(1500)]
    row.refresh(consistent_read=True)
    assert row.attempts >= 2
    assert [one.id for one in Operation.scan() if one.status != "worker"] == [row.id]
    assert len(list(Export.scan())) == 1
