"""A hint is not thrown away, nor a try counted in vain, where the database does not answer to the claim."""

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pynamodb.exceptions import UpdateError

from libs.tasks import Operation, TaskRuntime, asynctask

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]
Lose = Callable[..., list[str]]

CLAIM = '"started_at"'
"""What is in the request of a claim, and in no other."""

left: list[float] = []


@asynctask(attempts=1)
def once() -> None:
    """Keep for how long the lease is good, counted from the claim."""
    (row,) = Operation.scan()
    left.append(row.due - row.started_at.timestamp())


@pytest.fixture(autouse=True)
def _nothing_left() -> None:
    left.clear()


@pytest.mark.parametrize("arrive", [True, False], ids=["claimed", "not claimed"])
@pytest.mark.parametrize("hinted", [once, None], ids=["hint with its task", "hint without"])
def test_what_cannot_be_claimed_is_claimed_when_the_database_answers_again(
    runtime_of: Runtimes, read: Read, unanswered: Lose, hinted: Any, arrive: bool
) -> None:
    runtime = runtime_of(once)
    with runtime.active():
        operation = once()
    lost = unanswered(CLAIM, 2, arrive=arrive)
    runtime.run(operation.id, hinted)
    row = read(operation.id)
    assert (row.status, row.attempts) == ("succeeded", 1)
    assert [one["code"] for one in row.history] == [None]
    assert (len(lost), len(left)) == (2, 1)
    # Of what was claimed all the same the lease is prolonged, after a pause of 0.1 s.
    assert (left[0] > 15.09) == arrive


@pytest.mark.parametrize("arrive", [True, False], ids=["claimed", "not claimed"])
def test_so_is_what_is_taken_over(
    runtime_of: Runtimes, stored: Store, read: Read, unanswered: Lose, arrive: bool
) -> None:
    runtime = runtime_of(once)
    operation = stored(task=once.name, status="running", run_id="dead", due=time.time() - 10)
    lost = unanswered("WORKER_LOST", 2, arrive=arrive)
    runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.attempts, len(lost)) == ("succeeded", 1, 2)
    assert [one["code"] for one in row.history] == ["WORKER_LOST", None]


def test_what_is_cancelled_after_a_claim_whose_answer_was_lost_is_not_run(
    runtime_of: Runtimes, stored: Store, read: Read
) -> None:
    runtime = runtime_of(once)
    operation = stored(task=once.name, status="cancelled", run_id="mine")
    assert not read(operation.id).claim(15, run_id="mine")
    assert (runtime.run(operation.id), left, read(operation.id).status) == (None, [], "cancelled")


def test_a_hint_is_given_up_while_another_worker_could_not_have_taken_over_yet(
    runtime_of: Runtimes, read: Read, unanswered: Lose, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, runtime = [0.0], runtime_of(once, lease_seconds=3)
    pausing = SimpleNamespace(monotonic=lambda: sum(gone), sleep=gone.append)
    monkeypatch.setattr("libs.tasks.ending.time", pausing)
    with runtime.active():
        operation = once()
    unanswered(CLAIM, 1000, arrive=False)
    with pytest.raises(UpdateError):
        runtime.run(operation.id, once)
    assert 0 < sum(gone) <= 1, "a third of it"
    assert read(operation.id).status == "queued"


def test_a_claim_that_is_refused_is_not_made_again(
    runtime_of: Runtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[object] = []

    def refused(*claim: object, **_: object) -> None:
        claims.append(claim)
        raise UpdateError("no rights, say")

    monkeypatch.setattr(Operation, "claim_queued", refused)
    with pytest.raises(UpdateError):
        runtime_of(once).run("one", once)
    assert len(claims) == 1
