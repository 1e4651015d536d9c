"""Handing back what runs when its worker has to end; with real workers in libs/service/tests/workers."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.broker import draining
from libs.tasks.broker.draining import HAND_BACK_SIGNAL, Drain, hand_back_on_signal, handing_back

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]


@asynctask(attempts=1)
def interrupted() -> None:
    """Is told to end in the middle of it."""
    signal.raise_signal(HAND_BACK_SIGNAL)


TIDIED: list[None] = []


@asynctask(attempts=1)
def tidying() -> None:
    """Is told to end again and again, also while it tidies up."""
    try:
        signal.raise_signal(HAND_BACK_SIGNAL)
    finally:
        signal.raise_signal(HAND_BACK_SIGNAL)
        TIDIED.append(None)


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


@pytest.mark.parametrize("arrive", [True, False], ids=["stored", "not stored"])
@pytest.mark.usefixtures("_obeys")
def test_it_is_queued_again_when_the_database_answers_again(
    runtime_of: Runtimes,
    read: Read,
    unanswered: Callable[..., list[str]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    arrive: bool,
) -> None:
    assert draining.HAND_BACK_SECONDS == 3.0, "docs/tasks.md"
    monkeypatch.setattr(draining, "HAND_BACK_SECONDS", 30.0)  # the machine may be busy
    runtime = runtime_of(interrupted)
    with runtime.active():
        operation: Operation = interrupted()
    lost = unanswered(" - :", 4, arrive=arrive)  # a try less
    with caplog.at_level("INFO"):
        handing_back(partial(runtime.run, task=interrupted), operation.id)
    row = read(operation.id)
    assert (row.status, row.attempts, len(lost)) == ("queued", 0, 4)
    assert "task handed back" in caplog.text


@pytest.mark.usefixtures("_obeys")
def test_what_tidies_up_is_not_broken_off_and_each_run_is_told(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(tidying)
    with runtime.active():
        operation: Operation = tidying()
    TIDIED.clear()
    for run in (1, 2):
        handing_back(partial(runtime.run, task=tidying), operation.id)
        assert (read(operation.id).status, read(operation.id).attempts) == ("queued", 0)
        assert len(TIDIED) == run


@pytest.mark.parametrize(
    ("busy", "level"), [(True, logging.ERROR), (False, logging.WARNING)], ids=["at a task", "idle"]
)
def test_a_worker_that_does_not_end_is_killed_and_an_error_only_if_a_task_is(
    busy: bool, level: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    killed, ended = list[tuple[int, int]](), list[int]()
    monkeypatch.setattr(draining.os, "kill", lambda *one: killed.append(one))
    monkeypatch.setattr(draining.os, "_exit", ended.append)
    Drain(lambda: [7] if busy else [], lambda: busy, 0)._run()
    assert (killed, ended) == ([(7, signal.SIGKILL)] if busy else [], [os.EX_OK])
    assert [one.levelno for one in caplog.records if one.levelno > logging.INFO] == [level]


@pytest.mark.usefixtures("_obeys")
def test_where_no_task_runs_the_signal_does_nothing() -> None:
    signal.raise_signal(HAND_BACK_SIGNAL)
