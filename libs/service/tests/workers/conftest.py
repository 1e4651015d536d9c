"""Workers as real processes, on tables and keys of their own."""

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pynamodb.exceptions import UpdateError

from libs.dynamodb import is_condition_failure
from libs.service import Running
from libs.service.testing import environment, eventually, running_service
from libs.service.tests.workers.forking import Forked, Forks, forking
from libs.service.tests.workers.working import RUN, WORK_DONE, service
from libs.tasks import Operation, Task


@dataclass
class Work:
    """What a test does with the service: give it work, start processes, and see what became of both."""

    running: Running
    environ: dict[str, str]
    folder: Path
    forks: Forks

    def submit(self, task: Task, *args: Any, **kwargs: Any) -> Operation:
        """Call a task as a request would."""
        assert self.running.tasks is not None
        with self.running.tasks.active():
            return task(*args, **kwargs)  # type: ignore[no-any-return]

    @contextmanager
    def process(
        self, kind: str, *, script: str = RUN, environ: Mapping[str, str] | None = None, **settings: str
    ) -> Iterator[Forked]:
        """Run a worker or beat; settings beside the usual ones by lower-case name."""
        own = {f"APP_{name.upper()}": value for name, value in settings.items()}
        told = {**self.environ, **(environ or {}), **own}
        with (self.folder / "log").open("ab") as log:
            try:
                with self.forks.process(script, kind, environ=told, output=log) as process:
                    yield process
            except BaseException:
                print(self.said())
                raise

    def said(self) -> str:
        """What its processes have logged so far."""
        return (self.folder / "log").read_text(errors="replace")

    def lines(self) -> list[str]:
        """What tasks have written so far."""
        file = self.folder / "done"
        return file.read_text().splitlines() if file.exists() else []

    def wait_for(self, *lines: str, seconds: float = 60) -> None:
        """Wait until tasks have written each of these."""
        eventually(lambda: set(lines) <= set(self.lines()), seconds=seconds)

    def enough(self) -> None:
        """Have tasks that are at work end."""
        (self.folder / "enough").touch()

    def row(self, operation: Operation) -> Operation:
        return Operation.get(operation.id, consistent_read=True)

    def hurry(self, *operations: Operation) -> None:
        """Have the relay look at what is pending at once, and not seconds after it was last told."""
        for operation in operations:
            self._hurry(self.row(operation))

    def _hurry(self, row: Operation) -> None:
        if row.status != "queued" or row.due <= time.time():
            return
        try:
            row.update([Operation.due.set(0)], condition=Operation.status == "queued")
        except UpdateError as error:
            if not is_condition_failure(error):  # a worker has just taken it
                raise

    def final(self, operation: Operation, *, seconds: float = 60) -> Operation:
        """Wait until an operation has ended, and return its row."""

        def ended() -> Operation | None:
            row = self.row(operation)
            return row if row.is_final else None

        found = eventually(ended, seconds=seconds, every=0.05)
        assert found is not None
        return found

    def all_final(self, operations: Iterable[Operation], *, seconds: float = 60) -> list[Operation]:
        """Wait until all have ended, and return their rows.

        All the while the relay is hurried: of a hint that was lost it knows nothing for 5, then 10 seconds.
        """
        waiting = {str(one.id): one for one in operations}
        rows: dict[str, Operation] = {}

        def ended() -> bool:
            for id_, operation in list(waiting.items()):
                row = rows[id_] = self.row(operation)
                if row.is_final:
                    del waiting[id_]
                else:
                    self._hurry(row)
            return not waiting

        eventually(ended, seconds=seconds, every=0.1)
        return list(rows.values())


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What starts processes without the cost of imports."""
    with forking() as forks:
        yield forks


@pytest.fixture
def make_work(tmp_path: Path, forks: Forks) -> Iterator[Callable[..., Work]]:
    """Put the service together with these settings beside the usual ones."""
    with ExitStack() as stack:

        def make(**settings: str) -> Work:
            usual = {"task_lease_seconds": "2", "task_sweep_seconds": "0.5", "worker_concurrency": "2"}
            environ = environment("profiles", **{**usual, **settings})
            environ = {**environ, WORK_DONE: str(tmp_path / "done")}
            running = stack.enter_context(running_service(service, _settings(environ)))
            return Work(running, environ, tmp_path, forks)

        yield make


def _settings(environ: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name != WORK_DONE}


@dataclass
class Servers:
    """Servers that are started for tests, and end with them."""

    folder: Path
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, command: list[str], answers: Callable[[], bool]) -> subprocess.Popen[bytes]:
        """Start one and wait until it answers."""
        with (self.folder / f"server-{len(self._running)}").open("wb") as output:
            server = subprocess.Popen(command, cwd=self.folder, stdout=output, stderr=subprocess.STDOUT)
        self._running.append(server)
        eventually(answers, seconds=60)
        return server

    def stop(self) -> None:
        for server in self._running:
            server.kill()
            server.wait()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    running = Servers(tmp_path)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def lasting_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers that all tests of a module share."""
    running = Servers(tmp_path_factory.mktemp("servers"))
    yield running
    running.stop()


@pytest.fixture
def work(make_work: Callable[..., Work]) -> Work:
    return make_work()
