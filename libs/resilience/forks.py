"""Forks of a process that has threads.

The child of a fork has the forking thread alone, and every lock as it was: what another thread held at that
moment stays held in the child for ever. It need not be a lock that anybody thinks of: a module that is
imported for the first time has one, and so had every `functools.cached_property` up to Python 3.11. The child
then hangs where it needs the same, until somebody kills it.

So threads beside which a process may be forked work `between_forks`, as those of a worker do, whose children
run its tasks; and what has a lock of its own has it made anew `in_each_child`.
"""

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from time import monotonic

HUNG_SECONDS = 3.0
"""What takes longer waits for an answer, in all likelihood, and holds nothing: forks do not wait for it."""


class _Gate:
    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[object, float] = {}

    def enter(self) -> object:
        token = object()
        with self._changed:
            self._inside[token] = monotonic()
        return token

    def leave(self, token: object) -> None:
        with self._changed:
            self._inside.pop(token, None)
            self._changed.notify_all()

    def shut(self) -> None:
        self._changed.acquire()
        end = monotonic() + 2 * HUNG_SECONDS  # however many come and go
        while (seconds := self._wanted(end)) > 0:
            self._changed.wait(seconds)

    def _wanted(self, end: float) -> float:
        latest = max(self._inside.values(), default=float("-inf"))
        return min(latest + HUNG_SECONDS, end) - monotonic()

    def open(self) -> None:
        self._changed.release()


@contextmanager
def between_forks() -> Iterator[None]:
    """Have no fork of this process happen for the length of a with-block, or for `HUNG_SECONDS`.

    Not to fork in. The programs that `subprocess` starts wait for nothing.
    """
    gate = _ours()
    token = gate.enter()
    try:
        yield
    finally:
        gate.leave(token)


@cache
def _ours() -> _Gate:
    # Not made before it is used: hooks of forks run in reverse order, and another (that of counts) takes a
    # lock that a thread may need before it leaves. The gate has to be shut before that is taken.
    gate = _Gate()
    os.register_at_fork(before=gate.shut, after_in_parent=gate.open, after_in_child=gate.begin_anew)
    return gate


def in_each_child(begin_anew: Callable[[], None]) -> None:
    """Have a method called in each process that is forked from this one, for as long as its object lives.

    :param begin_anew: a bound method.
    """
    method = weakref.WeakMethod(begin_anew)

    def call() -> None:
        if (found := method()) is not None:
            found()

    os.register_at_fork(after_in_child=call)
