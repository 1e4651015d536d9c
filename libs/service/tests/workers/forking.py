"""Processes that are forked from one that has imported everything: most of what a start costs is imports.

That one has no threads and no connections: a process begins in it as in a Python that was just started. It
runs its script as ``python -c`` does, in a session of its own, and ends as any other.
"""

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from libs.service.testing import ROOT

PRELOADED = (
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.prefork",
    "celery.worker.components",
    "celery.worker.consumer",
    "kombu.transport.redis",
    "libs.service.tests.workers.paying",
    "libs.service.tests.workers.working",
    "libs.tasks.broker.transports",
    "services.profiles",
)


class Forked:
    """A process, in the words of `subprocess.Popen`.

    :param answers: says its id, and once it has ended its exit code, a line each.
    """

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.returncode: int | None = None
        self.pid = self._answer()

    def _answer(self) -> int:
        said = b""
        while not said.endswith(b"\n"):
            byte = self._answers.recv(1)
            if not byte:
                raise ChildProcessError("nobody says what has become of the process")
            said += byte
        return int(said)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, or minus the number of the signal that has killed it.

        :raises subprocess.TimeoutExpired: if it has not ended by then.
        """
        if self.returncode is None:
            self._answers.settimeout(timeout)
            try:
                self.returncode = self._answer()
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0) from None
            self._answers.close()
        return self.returncode

    def poll(self) -> int | None:
        """Return the exit code; None if it has not ended."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Tell it to end."""
        self.send_signal(signal.SIGTERM)

    def kill_group(self) -> None:
        """Kill it and its children, as a machine that loses its power would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()


class Forks:
    """Starts processes."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests

    @contextmanager
    def process(
        self, script: str, *arguments: str, environ: Mapping[str, str], output: IO[bytes]
    ) -> Iterator[Forked]:
        """Run a script for the length of a with-block; then all of its process group is killed.

        :param environ: settings; of our own environment only what does not start with ``APP_`` is passed on.
        :param output: where its output and errors go.
        """
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
        told = {"script": script, "arguments": arguments, "environ": {**inherited, **environ}}
        ours, its = socket.socketpair()
        with its:
            socket.send_fds(self._requests, [b"."], [its.fileno(), output.fileno()])
        ours.sendall(json.dumps(told).encode() + b"\n")
        process = Forked(ours)
        try:
            yield process
        finally:
            process.kill_group()


@contextmanager
def forking(*preloaded: str) -> Iterator[Forks]:
    """Have processes to fork from for the length of a with-block.

    :param preloaded: the modules they find imported; by default those of workers.
    """
    ours, its = socket.socketpair()
    with ours:
        with its:
            command = [sys.executable, "-m", "libs.service.tests.workers.forking", str(its.fileno())]
            command += preloaded or PRELOADED
            server = subprocess.Popen(
                command,
                cwd=ROOT,
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        yield Forks(ours)
    server.wait()


def _serve(requests: socket.socket) -> str:
    """Fork for each request until none can come any more; return, in each process, its script."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for the processes
    while True:
        byte, handles, _, _ = socket.recv_fds(requests, 1, 2)
        if not byte:
            sys.exit()
        if os.fork() == 0:
            requests.close()
            return _begin(socket.socket(fileno=handles[0]), handles[1])
        for handle in handles:
            os.close(handle)


def _begin(answers: socket.socket, output: int) -> str:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        os.close(output)
        _, status = os.waitpid(pid, 0)
        answers.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(os.EX_OK)
    os.setsid()
    with answers, answers.makefile() as lines:
        told: dict[str, Any] = json.loads(lines.readline())
        answers.sendall(b"%d\n" % os.getpid())
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    os.close(output)
    os.environ.clear()
    os.environ.update(told["environ"])
    sys.argv = ["-c", *told["arguments"]]
    return str(told["script"])


if __name__ == "__main__":
    for name in sys.argv[2:]:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a thread would be missing in what is forked"
    gc.freeze()
    script = _serve(socket.socket(fileno=int(sys.argv[1])))
    exec(script, {"__name__": "__main__"})  # noqa: S102 - a test says what is run
