"""Handing back what runs when its worker has to end; with real workers in libs/service/tests/workers."""

import signal
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.broker.draining import HAND_BACK_SIGNAL, hand_back_on_signal, handing_back

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]


@asynctask(attempts=1)
def interrupted() -> None:
    """Is told to end in the middle of it."""
    signal.raise_signal(HAND_BACK_SIGNAL)


@pytest.fixture
def _obeys() -> Iterator[None]:
    before = signal.getsignal(HAND_BACK_SIGNAL)
    hand_back_on_signal()
    yield
    signal.signal(HAND_BACK_SIGNAL, before)


@pytest.mark.usefixtures("_obeys")
def test_the_task_that_runs_is_queued_again_as_if_it_had_not_been_tried(
    runtime_of: Runtimes, read: Read
) -> None:
    runtime = runtime_of(interrupted)
    with runtime.active():
        operation: Operation = interrupted()
    handing_back(partial(runtime.run, task=interrupted), operation.id)
    row = read(operation.id)
    assert (row.status, row.attempts) == ("queued", 0)


@pytest.mark.usefixtures("_obeys")
def test_where_no_task_runs_the_signal_does_nothing() -> None:
    signal.raise_signal(HAND_BACK_SIGNAL)
