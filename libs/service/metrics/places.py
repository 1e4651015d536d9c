"""Places: small numbers that the processes of a service have, one each, for as long as they live."""

import errno
import fcntl
import itertools
import os
import struct
import threading
from pathlib import Path

from libs.resilience import in_each_child

PLACES = "places"
"""The file of a folder that its places are in."""
MOST_PLACES = 1000
"""So many processes are looked at."""
_PROCESS = struct.Struct("<q")


class Places:
    """Gives each process that asks a number of its own: the lowest that no living process has.

    A place is a byte of a file that is locked (POSIX): such a lock is the process's own, is not inherited by
    a fork, and ends with the process. What the file holds are the ids of the processes that were last there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Closing it in any process would give its lock back, so it stays open in all of them.
        self._file = os.open(folder / PLACES, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        take_room(self._file, _PROCESS.size * MOST_PLACES)
        self._process: int | None = None
        self._place = 0
        self._renew()
        in_each_child(self._renew)

    def _renew(self) -> None:
        # What a thread of the parent held nobody would give back.
        self._lock = threading.Lock()

    def own(self) -> int:
        """Return the place of this process."""
        process = os.getpid()
        if process != self._process:
            with self._lock:
                if process != self._process:
                    self._begin(process)
        return self._place

    def _begin(self, process: int) -> None:
        self._place = next(one for one in itertools.count() if self._taken(one))
        for file in self._folder.glob(f"gauge_live*_{self._place}.db"):
            file.unlink(missing_ok=True)
        os.pwrite(self._file, _PROCESS.pack(process), self._place * _PROCESS.size)
        self._process = process

    def living(self) -> dict[int, int]:
        """Return the processes that hold a place, by it: their ids."""
        own = self.own()
        with self._lock:  # one of the file is a process's, whichever thread has it
            told = os.pread(self._file, _PROCESS.size * MOST_PLACES, 0)
            ids = enumerate(one for (one,) in _PROCESS.iter_unpack(told))
            return {place: one for place, one in ids if one and (place == own or self._held(place))}

    def _held(self, place: int) -> bool:
        # Who looks has it for a moment; a process that begins just then takes the next one.
        if not self._taken(place):
            return True
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
        return False

    def _taken(self, place: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):
            return False
        return True


_CANNOT_TAKE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF})
"""Said where a file system takes no room beforehand, also by the C library, which cannot imitate it here."""


def take_room(file: int, size: int) -> None:
    """Have `size` bytes of a file on the disk.

    :raises OSError: if there is no room.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS has none
        return
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno not in _CANNOT_TAKE:
            raise
