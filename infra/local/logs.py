"""Following the log files of native mode, several in one stream, each line with its program's name."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from infra.local.output import last_lines


class Tail:
    """One log file that grows, and that supervisor renames to NAME.1 when it is full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode, self._position = _inode_and_size(path)
        self._rest = b""

    def new_lines(self) -> list[str]:
        """The whole lines that were written since the last call, also to a file renamed in between."""
        inode, size = _inode_and_size(self.path)
        if inode == self._inode and size == self._position:
            return []
        written = b""
        if inode != self._inode:
            renamed = self.path.with_name(f"{self.path.name}.1")
            if self._inode and _inode_and_size(renamed)[0] == self._inode:
                written = _read(renamed, self._position)
            self._inode, self._position = inode, 0
        elif size < self._position:  # emptied in place
            self._position = 0
        fresh = _read(self.path, self._position)
        self._position += len(fresh)
        *lines, self._rest = (self._rest + written + fresh).split(b"\n")
        return [line.decode(errors="replace") for line in lines]


def _inode_and_size(path: Path) -> tuple[int, int]:
    """(0, 0) for a file that does not exist."""
    with suppress(FileNotFoundError):
        status = path.stat()
        return status.st_ino, status.st_size
    return 0, 0


def _read(path: Path, position: int) -> bytes:
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(position)
        return file.read()
    return b""


def follow(
    logs: Path,
    names: Iterable[str],
    write: Callable[[str], None] = lambda line: print(line, flush=True),
    pause: Callable[[], None] = lambda: time.sleep(0.3),
) -> None:
    """Write the last lines of each log, then every new one, until interrupted."""
    tails = {name: Tail(logs / f"{name}.log") for name in names}
    width = max(map(len, tails))
    for name, tail in tails.items():
        for line in last_lines(tail.path, 10):
            write(f"{name.ljust(width)} | {line}")
    while True:
        for name, tail in tails.items():
            for line in tail.new_lines():
                write(f"{name.ljust(width)} | {line}")
        pause()
