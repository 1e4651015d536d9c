"""Where a command leaves word of another log level, for all processes of a service on this machine to see.

It is a file, in a folder that only the user of these processes may enter: nothing is reachable by network, a
process that starts later sees it, too, and what a machine has in /tmp ends with it.
"""

import json
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkstemp

from libs.service.logs.configuring import NOISY

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LONGEST_SECONDS = 24 * 3600
"""For which a level can be set; then it is as it was."""
_LARGEST = 64 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,199}")


class UnsafeFile(Exception):
    """The file, or its folder, is one that others may write, or none."""


@dataclass(frozen=True)
class Change:
    """A level that holds for some time.

    :param until: when it ends, in seconds since 1970; and `seconds` after it was first seen at the latest.
    """

    level: str
    until: float
    seconds: float


def refusal(name: str) -> str | None:
    """Return why a logger keeps its level; None if it may have another. The name "" is that of all."""
    if name and not _NAME.fullmatch(name):
        return "That is no name of a logger."
    if any(name == one or name.startswith(f"{one}.") for one in NOISY):
        return f"{name} tells of rows, messages and tokens."
    if name.rpartition(".")[2] == "audit":
        return f"{name} is written at any level."
    return None


class ControlFile:
    """The file of one service.

    :param name: what no other service on this machine has: the prefix of its tables, and its name.
    :param parent: the folder that the folder is made in.
    """

    def __init__(self, name: str, *, parent: Path = Path("/tmp")) -> None:  # noqa: S108 - checked below
        self._folder = parent / f"polymacaron-{os.geteuid()}"
        self.path = self._folder / f"{name}.log-level"

    def stamp(self) -> tuple[int, int] | None:
        """Return what changes with each change of the file and its rights; None where there is none."""
        try:
            found = self.path.lstat()
        except OSError:
            return None
        return found.st_ctime_ns, found.st_ino

    def read(self) -> dict[str, Change]:
        """Return what holds now, by the name of the logger.

        :raises UnsafeFile: if it may be of somebody else, or cannot be read.
        """
        try:
            self._check_folder()
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise UnsafeFile(f"it cannot be read ({type(error).__name__})") from None
        with os.fdopen(handle, "rb") as file:
            if not _is_ours(os.fstat(handle), stat.S_ISREG, others=0o022):
                raise UnsafeFile("it may be of somebody else")
            try:
                found = json.loads(file.read(_LARGEST))
                changes = {
                    name: Change(one["level"], float(one["until"]), float(one["seconds"]))
                    for name, one in found.items()
                }
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                raise UnsafeFile("it is malformed") from None
        now = time.time()
        return {name: one for name, one in changes.items() if _holds(name, one, now)}

    def write(self, changes: Mapping[str, Change]) -> None:
        """Have these hold, and no others.

        :raises UnsafeFile: if the folder is not ours alone, or cannot be written.
        """
        try:
            with suppress(FileExistsError):
                self._folder.mkdir(mode=0o700)
            self._check_folder()
            if not changes:
                self.path.unlink(missing_ok=True)
                return
            handle, name = mkstemp(dir=self._folder)  # readable and writable by its owner alone
            with os.fdopen(handle, "w") as file:
                json.dump({logger: asdict(one) for logger, one in changes.items()}, file)
            Path(name).replace(self.path)
        except OSError as error:
            raise UnsafeFile(f"it cannot be written ({type(error).__name__})") from None

    def _check_folder(self) -> None:
        if not _is_ours(self._folder.lstat(), stat.S_ISDIR, others=0o077):
            raise UnsafeFile(f"{self._folder} is not a folder of this user alone")


def _is_ours(found: os.stat_result, is_kind: Callable[[int], bool], *, others: int) -> bool:
    return is_kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & others


def _holds(name: str, one: Change, now: float) -> bool:
    return (
        one.level in LEVELS
        and refusal(name) is None
        and now < one.until <= now + LONGEST_SECONDS
        and 0 < one.seconds <= LONGEST_SECONDS
    )
