"""A runner for machines without a container engine: the commands of a bundle as processes of its commit.

There is no proxy then, and no image: what runs is a checkout of the commit, with the packages of this one.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM

import yaml

from infra.local.output import last_lines
from infra.local.paths import ROOT
from infra.local.ports import HOST
from infra.standin.bundles import COMPOSE
from infra.standin.runners.runner import CannotRun, Order
from infra.standin.runners.settings import Told, whose
from infra.standin.servers import tethered

STOP_SECONDS = 25.0
"""As long as containers of a bundle are given."""
LOG_LINES = 100
PROXY = "proxy"


class Processes:
    """Runs bundles without containers.

    :param told: what a service is told, on this machine.
    :param repository: that knows the commits.
    """

    def __init__(self, told: Told, repository: Path = ROOT) -> None:
        self._told, self._repository = told, repository
        # Processes end with the thread that started them, which has to last, therefore: prctl(2), PDEATHSIG.
        self._starter = ThreadPoolExecutor(1)

    def start(self, order: Order) -> "Running":
        """Check the commit of a bundle out, and start its processes."""
        of = whose(order)
        services = yaml.safe_load(order.bundle.files[COMPOSE][0])["services"]
        folder = Path(tempfile.mkdtemp(prefix="standin-"))
        running = Running(folder, self._starter)
        try:
            checkout(self._repository, of.commit, folder / "code")
            for name, service in services.items():
                if name == PROXY:
                    continue
                (command,) = service["command"]
                told = {**service["environment"], **order.properties, **self._told(of.service)}
                told |= {"APP_SERVICE": of.service, "APP_VERSION": of.commit, "APP_COMMIT": of.commit}
                told["APP_ALIVE_PATH"] = str(folder / f"{name}.alive")
                if command == "web":
                    running.port = _free_port()
                    told |= {"APP_HOST": HOST, "APP_PORT": str(running.port)}
                running.begin(name, command, told)
        except BaseException:
            running.stop(gently=False)
            raise
        return running


def checkout(repository: Path, commit: str, folder: Path) -> None:
    """Write the files of a commit into a folder.

    :raises CannotRun: if there is no such commit.
    """
    folder.mkdir()
    archive = subprocess.Popen(
        ["git", "-C", str(repository), "archive", commit], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    unpacked = subprocess.run(["tar", "--extract", "--directory", str(folder)], stdin=archive.stdout)
    if archive.stdout:
        archive.stdout.close()
    if archive.wait() or unpacked.returncode:
        raise CannotRun(f"There is no commit {commit} in {repository}.")


@dataclass
class Running:
    """Processes that are up."""

    folder: Path
    starter: Executor
    port: int | None = None
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int] | None:
        return None if self.port is None else (HOST, self.port)

    def begin(self, name: str, command: str, told: Mapping[str, str]) -> None:
        """Start one more."""
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        with (self.folder / f"{name}.log").open("wb") as log:
            starting = self.starter.submit(
                subprocess.Popen,
                tethered("SIGKILL", sys.executable, "-m", "libs.service", command),
                cwd=self.folder / "code",
                env={**inherited, **told, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.processes[name] = starting.result()

    def fault(self) -> str | None:
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        return f"Processes have ended: {', '.join(ended)}." if ended else None

    def log(self) -> str:
        lines = [
            f"{name} | {line}"
            for name in self.processes
            for line in last_lines(self.folder / f"{name}.log", LOG_LINES)
        ]
        return "".join(f"{line}\n" for line in lines)

    def stop(self, *, gently: bool = True) -> None:
        for process in self.processes.values():
            if gently:
                process.send_signal(SIGTERM)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS if gently else 0)
            _kill_group(process)
        shutil.rmtree(self.folder, ignore_errors=True)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
