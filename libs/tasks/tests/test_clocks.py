"""Leases and cursors where the clocks of two machines differ by ten minutes."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from libs.dynamodb import CursorSigner, Position
from libs.tasks import Operation
from libs.tasks.operation import QUEUED, RUNNING, SUCCEEDED

Store = Callable[..., Operation]
Read = Callable[[str], Operation]
By = Callable[[float], AbstractContextManager[None]]

OFF = 600.0
LEASE = 15.0


@pytest.fixture
def clock_off(monkeypatch: pytest.MonkeyPatch) -> By:
    """Be on a machine whose clock is so many seconds ahead, for the length of a with-block."""

    @contextmanager
    def off(by: float) -> Iterator[None]:
        right = time.time
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: right() + by)
            yield

    return off


@pytest.mark.parametrize(("mine", "others"), [(0, OFF), (-OFF, 0)], ids=["other is ahead", "mine is behind"])
def test_a_task_is_taken_over_too_early_and_one_end_of_it_counts(
    stored: Store, read: Read, clock_off: By, mine: float, others: float
) -> None:
    first = stored(not_before=0)
    with clock_off(mine):
        assert first.claim(LEASE)
    with clock_off(others):
        second = read(first.id)
        assert second.claim(LEASE)
    with clock_off(mine):
        assert not first.extend(LEASE), "it hears of it, and stops"
        assert not read(first.id).claim(LEASE), "it is not taken back in turn, again and again"
        assert not first.finish(result="mine")
    with clock_off(others):
        assert second.finish(result="other")
    row = read(first.id)
    assert (row.status, row.result, row.attempts) == (SUCCEEDED, "other", 2)
    assert [one["code"] for one in row.history] == ["WORKER_LOST", None]


def test_what_a_worker_ahead_leaves_behind_is_taken_over_as_much_later(
    stored: Store, read: Read, clock_off: By
) -> None:
    lost = stored(not_before=0)
    with clock_off(OFF):
        assert lost.claim(LEASE)
    with clock_off(OFF - 1):
        assert not read(lost.id).claim(LEASE)
    with clock_off(OFF + LEASE + 1):
        assert read(lost.id).claim(LEASE)
    assert read(lost.id).status == RUNNING


def test_what_is_put_off_waits_by_the_clock_of_who_put_it_off(
    stored: Store, read: Read, clock_off: By
) -> None:
    operation = stored(not_before=0)
    with clock_off(OFF):
        assert operation.claim(LEASE)
        assert operation.put_off(1)
    assert not read(operation.id).claim(LEASE)
    assert read(operation.id).status == QUEUED
    with clock_off(OFF + 2):
        assert read(operation.id).claim(LEASE)


@pytest.mark.parametrize("by", [-OFF, OFF])
def test_a_cursor_knows_no_time(clock_off: By, by: float) -> None:
    signer, place = CursorSigner("a secret of 32 characters or more"), Position(0, {"id": {"S": "1"}})
    with clock_off(by):
        cursor = signer.sign(["todos"], place)
    assert signer.read(["todos"], cursor) == (place, False)
