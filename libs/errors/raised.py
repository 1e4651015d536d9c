"""What of an exception may be told to anybody: what it is, and where it was raised.

Its text may quote what a client has sent, and its local variables secrets: neither is ever read.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any

MOST_LINKS = 8
"""How many exceptions in a row are told, each of which came of the next, or holds it."""
MOST_FRAMES = 50
"""Of each: the innermost ones."""
ROOT = str(Path(__file__).parents[2]) + "/"
_PACKAGES = ("/site-packages/", "/dist-packages/")


@dataclass(frozen=True, slots=True)
class Frame:
    """A line that was being run.

    :param file: below the repository, or below where packages are; else the whole path.
    :param ours: whether it is of this repository.
    """

    file: str
    line: int
    function: str
    ours: bool

    def to_json(self) -> dict[str, Any]:
        return {"file": self.file, "line": self.line, "function": self.function, "ours": self.ours}


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception without its text: `kind` is its class, `frames` are the outermost first."""

    kind: str
    frames: tuple[Frame, ...]

    def to_json(self) -> dict[str, Any]:
        return {"type": self.kind, "frames": [frame.to_json() for frame in self.frames]}


def raised(error: BaseException) -> tuple[Raised, ...]:
    """Return an exception and those it came of, the last first; of a group its first exceptions, too."""
    return tuple(Raised(_kind(one), _frames(one.__traceback__)) for one in _links(error))


def innermost_of_ours(chain: tuple[Raised, ...]) -> Frame | None:
    """Return where in this repository the first of `chain` that was raised there came from."""
    ours = (frame for one in chain for frame in reversed(one.frames) if frame.ours)
    return next(ours, None)


def calling_frame(outside: str) -> Frame | None:
    """Return the line that has called into the file `outside`, in which this is called."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename == outside:
        frame = frame.f_back
    return None if frame is None else _frame(frame, frame.f_lineno)


def _links(error: BaseException) -> Iterator[BaseException]:
    told: set[int] = set()
    waiting = [error]
    while waiting and len(told) < MOST_LINKS:
        one = waiting.pop(0)
        if id(one) in told:
            continue
        told.add(id(one))
        yield one
        before = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
        if before is not None:
            waiting.insert(0, before)
        if isinstance(one, BaseExceptionGroup):
            waiting.extend(one.exceptions[:MOST_LINKS])


def _frames(trace: TracebackType | None) -> tuple[Frame, ...]:
    # Not `extract_tb`, which reads the source of each line.
    return tuple([_frame(frame, line) for frame, line in walk_tb(trace)][-MOST_FRAMES:])


def _frame(frame: FrameType, line: int) -> Frame:
    path = frame.f_code.co_filename
    for packages in _PACKAGES:
        if packages in path:
            return Frame(path.rpartition(packages)[2], line, frame.f_code.co_qualname, ours=False)
    ours = path.startswith(ROOT)
    return Frame(path.removeprefix(ROOT), line, frame.f_code.co_qualname, ours)


def _kind(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
