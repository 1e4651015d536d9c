"""One `up` or `down` at a time in a clone, and a chance to clean up when it is told to end."""

import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from infra.local import paths
from infra.local.output import say


@contextmanager
def exclusively(name: str) -> Iterator[None]:
    """Wait for another `up` or `down` of this clone to end, then keep the next one waiting.

    Meanwhile SIGTERM and SIGHUP (a closed terminal) end the program as Ctrl-C does: through `finally`.
    """
    with (paths.make_folder(paths.LOCAL) / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another `up` or `down` is at work here, waiting for it to end ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
