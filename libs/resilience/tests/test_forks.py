"""A fork finds no thread in the middle of anything."""

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic

import pytest

from libs.resilience import between_forks, forks, in_each_child

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

LONG = 30.0


def in_a_fork(answers: Callable[[], bool]) -> bool:
    """Return what a child of this process answers."""
    if (child := os.fork()) == 0:
        try:
            os._exit(0 if answers() else 1)
        finally:
            os._exit(2)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 1}
    return code == 0


@contextmanager
def locking(lock: threading.Lock, until: threading.Event, seconds: float) -> Iterator[None]:
    """A thread that works between forks, and has the lock until there is the event, or for so long."""
    inside = threading.Event()

    def run() -> None:
        with between_forks(), lock:
            inside.set()
            until.wait(seconds)

    thread = threading.Thread(target=run)
    thread.start()
    assert inside.wait(LONG)
    try:
        yield
    finally:
        until.set()
        thread.join()


def test_a_fork_waits_until_those_inside_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "HUNG_SECONDS", LONG)
    lock, forked = threading.Lock(), threading.Event()
    # If it did not wait, the lock would be held for so long after the fork.
    with locking(lock, forked, 0.2):
        assert in_a_fork(lambda: lock.acquire(blocking=False))


def test_it_does_not_wait_for_what_hangs_and_the_child_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    hung, go_on = threading.Lock(), threading.Event()

    def grandchild_waits_for_nobody() -> bool:
        monkeypatch.setattr(forks, "HUNG_SECONDS", 2 * LONG)
        with between_forks():
            pass
        threading.Timer(LONG, os._exit, [1]).start()
        return in_a_fork(lambda: not hung.acquire(blocking=False))

    with locking(hung, go_on, LONG):
        monkeypatch.setattr(forks, "HUNG_SECONDS", 0.01)
        assert in_a_fork(grandchild_waits_for_nobody)
        assert hung.locked(), "the parent's thread goes on"


def test_it_waits_for_others_beside_what_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "HUNG_SECONDS", LONG)
    hung, go_on, lock, forked = threading.Lock(), threading.Event(), threading.Lock(), threading.Event()
    with ExitStack() as threads:
        with monkeypatch.context() as earlier:
            earlier.setattr(forks, "monotonic", lambda: monotonic() - 2 * LONG)
            threads.enter_context(locking(hung, go_on, LONG))
        threads.enter_context(locking(lock, forked, 0.2))
        assert in_a_fork(lambda: lock.acquire(blocking=False) and not hung.acquire(blocking=False))


def test_who_comes_during_a_fork_waits_for_its_end() -> None:
    entered = threading.Event()

    def run() -> None:
        with between_forks():
            entered.set()

    gate, thread = forks._ours(), threading.Thread(target=run)
    gate.shut()
    thread.start()
    assert not entered.wait(0.05)
    gate.open()
    assert entered.wait(LONG)
    thread.join()


def test_what_is_to_begin_anew_in_children_does_so_while_it_lives() -> None:
    class Counting:
        def __init__(self) -> None:
            self.count = 0
            in_each_child(self.again)

        def again(self) -> None:
            self.count += 1

    one, calls = Counting(), list[str]()

    class Gone:
        def __init__(self) -> None:
            in_each_child(self.again)

        def again(self) -> None:
            calls.append("gone")

    Gone()
    gc.collect()
    assert in_a_fork(lambda: one.count == 1 and not calls)
    assert one.count == 0
