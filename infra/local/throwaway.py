"""Real servers for one test run: on free ports, keeping nothing, gone when the run is gone."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from infra.local.errors import LocalError
from infra.local.packages import ensure_dynamodb, ensure_java
from infra.local.servers import (
    dynamodb_answers,
    dynamodb_command,
    redis_answers,
    redis_command,
    wait_until,
)


@dataclass
class Server:
    """A running server that keeps nothing and dies with the process that started it."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    answers: Callable[[], bool]

    def said(self) -> str:
        """What the server has printed so far."""
        # pread: the server writes through the same file offset, which a seek of ours would move under it
        return os.pread(self.output.fileno(), 1_000_000, 0).decode(errors="replace")

    def wait(self, seconds: float) -> bool:
        """Wait until it answers. A DynamoDB Local that could not bind lives on, mute: ask its output, too."""
        return wait_until(
            self.answers,
            seconds,
            died=lambda: self.process.poll() is not None or "Exception in thread" in self.said(),
        )

    def stop(self) -> None:
        """End it: there is no data to save."""
        self.process.kill()
        self.process.wait()
        self.output.close()


@contextmanager
def reserved_port() -> Iterator[int]:
    """A free port that nobody else is given while the context lasts; a server may start to listen on it.

    The socket stays bound without listening. With SO_REUSEADDR on both sides (Java and Valkey set it) Linux
    lets one of them listen, yet hands the port to no one who asks for "any": two runs cannot meet on it.
    At every address: a port that is free at one may be that of a connection at another, where DynamoDB Local,
    which listens at all of them, could not have it.
    """
    with socket.socket() as holder:
        holder.bind(("0.0.0.0", 0))  # noqa: S104 - and never listens
        port = holder.getsockname()[1]
        if sys.platform == "linux":
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:  # elsewhere a bound socket keeps the server out
            holder.close()
        yield port


@contextmanager
def throwaway_servers(dynamodb: bool = True, redis: bool = True, tries: int = 3) -> Iterator[dict[str, int]]:
    """DynamoDB Local in memory and a Valkey, each on a free port: {"dynamodb": port, "redis": port}.

    Raises LocalError with the server's own last words when one does not start in three tries.
    """
    java, folder = (ensure_java(), ensure_dynamodb()) if dynamodb else (Path(), Path())
    kinds: dict[str, tuple[Callable[[int], list[str]], Callable[[int], bool]]] = {}
    if redis:
        kinds["redis"] = (lambda port: redis_command(port, None), redis_answers)

    with tempfile.TemporaryDirectory(prefix="test-servers-", ignore_cleanup_errors=True) as workplace:
        if dynamodb:
            command_of = partial(dynamodb_command, data=None, java=java, folder=folder)
            kinds["dynamodb"] = (partial(command_of, unpacks_into=Path(workplace)), dynamodb_answers)
        servers: list[Server] = []
        try:
            for attempt in range(1, tries + 1):
                ports = {}
                with reserved_port() as first, reserved_port() as second:
                    for (name, (command, answers)), port in zip(kinds.items(), (first, second), strict=False):
                        servers.append(_start(name, command(port), Path(workplace), port, answers))
                        ports[name] = port
                    failed = [server for server in servers if not server.wait(60)]
                    if not failed:
                        break
                    if attempt == tries:
                        lines = failed[0].said().strip().splitlines()[-5:]
                        raise LocalError(f"{failed[0].name} for the tests did not start: {' / '.join(lines)}")
                _stop(servers)
            yield ports
        finally:
            _stop(servers)


def _start(
    name: str, command: list[str], workplace: Path, port: int, answers: Callable[[int], bool]
) -> Server:
    output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the server
    tether = [
        sys.executable,
        "-I",
        "-S",
        str(Path(__file__).with_name("tether.py")),
        "SIGKILL",
        str(os.getpid()),
    ]
    process = subprocess.Popen(
        [*tether, *command],
        cwd=workplace,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for pytest, which then stops its servers
    )
    return Server(name, process, output, lambda: answers(port))


def _stop(servers: list[Server]) -> None:
    while servers:
        servers.pop().stop()
