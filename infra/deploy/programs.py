"""The other programs the pipeline runs: git, docker, make, pytest."""

import os
import subprocess
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from shlex import join

from infra.deploy.journal import Journal
from infra.local.paths import ROOT

TAIL = 200
ENDS_WITHIN = 30


@dataclass(frozen=True)
class Finished:
    """How a program ended.

    :param code: its exit code; 127 where there is no such program.
    :param said: the last lines of what it said, on stdout and stderr.
    """

    code: int
    said: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What it said, in one piece."""
        return "\n".join(self.said)


class Programs:
    """Runs programs from the root of the repository.

    :param dry: whether those that change something are told instead of run.
    """

    def __init__(self, journal: Journal, *, dry: bool = False) -> None:
        self._journal = journal
        self.dry = dry

    def ask(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        only: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run a program that changes nothing; what it said on stdout, or on stderr where it failed.

        :param only: instead of this program's own environment.
        """
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**(os.environ if only is None else only), **(environment or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Finished(127, (str(error),))
        return Finished(
            done.returncode, tuple((done.stdout if done.returncode == 0 else done.stderr).splitlines())
        )

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> Finished:
        """Run a program, telling each of its lines. Whatever interrupts this ends it, too.

        :param environment: what it is told beside this program's own environment.
        """
        if self.dry:
            self._journal.tell("run", join(command), command=list(command))
            return Finished(0)
        try:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            return Finished(127, (str(error),))
        said: deque[str] = deque(maxlen=TAIL)
        try:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            with process.stdout as lines:
                for line in lines:
                    said.append(line.rstrip("\n"))
                    self._journal.tell("output", said[-1])
            return Finished(process.wait(), tuple(said))
        except BaseException:
            process.terminate()
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise
