"""Counters of many processes as one: each writes its own into a file, and whoever is asked adds them up.

These are the files of prometheus_client's multiprocess mode, mapped into memory: an increment costs no system
call, and what a process has counted outlives its `kill -9`. These things are different here:

- A file belongs to a place (`Places`) and not to a process id. A process takes the first place that is free,
  which the kernel gives back when the process ends, however it does; and goes on with the numbers that are
  there. So there are as many files as processes at once, and not one more with each child that is replaced.
- Gauges whose `multiprocess_mode` begins with ``live``, such as ``livesum``, are of a process for as long as
  it lives: those of places that nobody holds are passed over, and who takes such a place begins anew. Nobody
  has to be told that a process has ended.
- A file that a process was killed in the middle of making, and which is empty, is passed over.
- A process may be forked at any moment, also while a thread of its parent is counting.
- Room for a file is taken before it is written to: on a full disk, a write into a mapped file kills the
  process (SIGBUS), and with it the task in its hands. Where there is no room, what a process counts from then
  on is lost, with an error in the log, until it is replaced: nobody else could be asked for it. A file system
  that takes no room beforehand is used without.

Of other gauges only such may be counted that are right without their process (``mostrecent``, ``max``): those
of a place go on as well. What is there at a moment, ask for when you are asked: see `Metrics.add`.
"""

import atexit
import fcntl
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from libs.service.metrics.places import PLACES, Places, take_room

logger = logging.getLogger(__name__)

PREFIX = "polymacaron-metrics-"
FIRST_BYTES = 1 << 16
"""How large prometheus_client makes a file."""
LONGEST_FRAME = 32
"""Bytes beside the name of a count, at most."""
YOUNG_SECONDS = 60.0
"""A folder that is not older than that may be one whose process has not taken a place yet."""


class _RoomyFile(MmapedDict):
    """A file of counts in which all that is mapped has its room on the disk.

    :raises OSError: if there is none, here and where it has to grow.
    """

    def __init__(self, name: str) -> None:
        with Path(name).open("ab") as file:
            take_room(file.fileno(), max(file.tell(), FIRST_BYTES))
        super().__init__(name)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        if self._used + len(key.encode()) + LONGEST_FRAME > self._capacity:
            take_room(self._f.fileno(), self._capacity * 2)
        super()._init_value(key)  # type: ignore[no-untyped-call]


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

    def __init__(self, folder: Path, places: Places) -> None:
        self._folder = folder
        self._places = places

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when it is registered."""
        return iter(())

    def collect(self) -> Iterable[Metric]:
        """Return the sums."""
        living = self._places.living()
        files = [str(one) for one in self._folder.glob("*.db") if _is_told(one, living)]
        return MultiProcessCollector.merge(files)  # type: ignore[no-any-return,no-untyped-call]

    def living(self) -> dict[int, int]:
        """Return the ids of the processes that live, by their places."""
        return self._places.living()


def _is_told(file: Path, living: Container[int]) -> bool:
    if file.name.startswith("gauge_live") and int(file.stem.rpartition("_")[2]) not in living:
        return False
    with suppress(FileNotFoundError):
        return file.stat().st_size > 0
    return False


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
    values.ValueClass = _forkable(places)
    return SharedCounters(folder, places)


def _forkable(places: Places) -> Any:
    """Return prometheus_client's class of values, whose lock no lost thread of a parent can hold."""
    lock = threading.Lock()
    values.Lock = lambda: lock  # type: ignore[assignment,attr-defined]
    try:
        made = values.MultiProcessValue(places.own)  # type: ignore[no-untyped-call]
    finally:
        values.Lock = threading.Lock  # type: ignore[attr-defined]
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return made


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
