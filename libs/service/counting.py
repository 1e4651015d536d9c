"""Counters of many processes as one: each writes its own into a file, and whoever is asked adds them up.

These are the files of prometheus_client's multiprocess mode, mapped into memory: an increment costs no system
call, and what a process has counted outlives its `kill -9`. Two things are different here:

- A file belongs to a place and not to a process id. A process takes the first place that is free, which the
  kernel gives back when the process ends, however it does; and goes on with the numbers that are there. So
  there are as many files as processes at once, and not one more with each child that a worker replaces.
- A file that a process was killed in the middle of making, and which is empty, is passed over.

Of gauges only such may be counted so that are right without their process (`multiprocess_mode="mostrecent"`,
or ``max``): those of a place go on as well. What is there at a moment, ask for when you are asked: see
`Metrics.add`.
"""

import atexit
import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import values
from prometheus_client.core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

PREFIX = "polymacaron-metrics-"
PLACES = "places"
YOUNG_SECONDS = 60.0
"""A folder that is not older than that may be one whose process has not taken a place yet."""


class Places:
    """Gives each process that asks a number of its own: the lowest that no living process has.

    A place is a byte of a file that is locked (POSIX): such a lock is the process's own, is not inherited by
    a fork, and ends with the process.
    """

    def __init__(self, folder: Path) -> None:
        # Closing it in any process would give its lock back, so it stays open in all of them.
        self._file = os.open(folder / PLACES, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._process: int | None = None
        self._place = 0

    def own(self) -> int:
        """Return the place of this process."""
        process = os.getpid()
        if process != self._process:
            self._place = next(one for one in itertools.count() if self._taken(one))
            self._process = process
        return self._place

    def _taken(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        return True


class SharedCounters(Collector):
    """What all processes have counted that share `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when it is registered."""
        return iter(())

    def collect(self) -> Iterable[Metric]:
        """Return the sums."""
        files = [str(one) for one in self._folder.glob("*.db") if one.stat().st_size]
        return MultiProcessCollector.merge(files)  # type: ignore[no-any-return,no-untyped-call]


def share() -> SharedCounters:
    """Have all that is counted from now on in this process, and in those forked from it, counted as one.

    Before the first counter is made: what a counter was made as it stays. The folder goes with this process;
    those that killed ones have left are removed here.
    """
    parent = Path(tempfile.gettempdir())
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    places, maker = Places(folder), os.getpid()
    places.own()

    def remove() -> None:
        if os.getpid() == maker:  # and no child of it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(places.own)  # type: ignore[no-untyped-call]
    return SharedCounters(folder)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            if found.st_uid == os.geteuid() and time.time() - found.st_mtime > YOUNG_SECONDS:
                _remove_unless_used(folder)


def _remove_unless_used(folder: Path) -> None:
    file = os.open(folder / PLACES, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # all of its places
        shutil.rmtree(folder)
    finally:
        os.close(file)
