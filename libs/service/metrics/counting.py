"""Counters of many processes as one: each writes its own into a file, and whoever is asked adds them up.

These are the files of prometheus_client's multiprocess mode, mapped into memory: an increment costs no system
call, and what a process has counted outlives its `kill -9`. Two things are different here:

- A file belongs to a place and not to a process id. A process takes the first place that is free, which the
  kernel gives back when the process ends, however it does; and goes on with the numbers that are there. So
  there are as many files as processes at once, and not one more with each child that a worker replaces.
- A file that a process was killed in the middle of making, and which is empty, is passed over.
- Room for a file is taken before it is written to: on a full disk, a write into a mapped file kills the
  process (SIGBUS), and with it the task in its hands. Where there is no room, what a process counts from then
  on is lost, with an error in the log, until it is replaced: nobody else could be asked for it. A file system
  that takes no room beforehand is used without.

Of gauges only such may be counted so that are right without their process (`multiprocess_mode="mostrecent"`,
or ``max``): those of a place go on as well. What is there at a moment, ask for when you are asked: see
`Metrics.add`.
"""

import atexit
import errno
import fcntl
import itertools
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client import values
from prometheus_client.core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

logger = logging.getLogger(__name__)

PREFIX = "polymacaron-metrics-"
PLACES = "places"
FIRST_BYTES = 1 << 16
"""How large prometheus_client makes a file."""
LONGEST_FRAME = 32
"""Bytes beside the name of a count, at most."""
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


class _RoomyFile(MmapedDict):
    """A file of counts in which all that is mapped has its room on the disk.

    :raises OSError: if there is none, here and where it has to grow.
    """

    def __init__(self, name: str) -> None:
        with Path(name).open("ab") as file:
            _take_room(file.fileno(), max(file.tell(), FIRST_BYTES))
        super().__init__(name)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + LONGEST_FRAME > self._capacity:
            _take_room(self._f.fileno(), self._capacity * 2)
        super()._init_value(key)  # type: ignore[no-untyped-call]


_CANNOT_TAKE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF})
"""Said where a file system takes no room beforehand, also by the C library, which cannot imitate it here."""


def _take_room(file: int, size: int) -> None:
    if not hasattr(os, "posix_fallocate"):  # macOS has none
        return
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno not in _CANNOT_TAKE:
            raise


class _Counts:
    """The counts of a process of one kind, in a file for as long as there is room for it; then in none."""

    def __init__(self, name: str) -> None:
        self._file: _RoomyFile | None = None
        try:
            self._file = _RoomyFile(name)
        except OSError as error:
            self._forget(error)

    def _forget(self, error: OSError) -> None:
        told = {"error": type(error).__name__}
        logger.error("metrics: no room, what this process counts is lost", extra=told)
        self.close()

    def read_value(self, key: str) -> tuple[float, float]:
        """Return what was counted before, and when."""
        try:
            return self._file.read_value(key) if self._file else (0.0, 0.0)  # type: ignore[no-untyped-call]
        except OSError as error:
            self._forget(error)
            return 0.0, 0.0

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Store a count."""
        try:
            if self._file:
                self._file.write_value(key, value, timestamp)  # type: ignore[no-untyped-call]
        except OSError as error:
            self._forget(error)

    def close(self) -> None:
        """Let go of the file, and leave it to be added up."""
        file, self._file = self._file, None
        if file is not None:
            file.close()  # type: ignore[no-untyped-call]


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


def share() -> SharedCounters | None:
    """Have all that is counted from now on in this process, and in those forked from it, counted as one.

    Before the first counter is made: what a counter was made as it stays. The folder goes with this process;
    those that killed ones have left are removed here.

    :returns: None, with an error in the log, where no folder can be made: each process counts for itself.
    """
    try:
        parent = Path(tempfile.gettempdir())
        _remove_abandoned(parent)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        places, maker = Places(folder), os.getpid()
    except OSError as error:
        logger.error("metrics: no room for what is counted", extra={"error": type(error).__name__})
        return None
    places.own()

    def remove() -> None:
        if os.getpid() == maker:  # and no child of it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.MmapedDict = _Counts  # type: ignore[assignment,attr-defined]
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
