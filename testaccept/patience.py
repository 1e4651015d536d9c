"""Waiting for what a worker does: the one place that polls."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(check: Callable[[], T], *, seconds: float = 60) -> T:
    """Call `check` until its assertions hold; return what it returned."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 1.5, 1)
