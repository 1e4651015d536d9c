"""The row of an operation: who may take it, and who may write to it."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.dynamodb import Database
from libs.tasks import Operation
from libs.tasks.operation import FAILED, KEPT_SECONDS, QUEUED, RUNNING, SUCCEEDED

Store = Callable[..., Operation]
Read = Callable[[str], Operation]


def lapsed(operation: Operation) -> None:
    """Make the lease of a running operation run out."""
    operation.update([Operation.due.set(time.time() - 1)])


def test_a_queued_operation_can_be_claimed(stored: Store, read: Read) -> None:
    operation = stored()
    assert operation.claim(30)
    row = read(operation.id)
    assert (row.status, row.attempts, row.run_id) == (RUNNING, 1, operation.run_id)
    assert row.due == pytest.approx(time.time() + 30, abs=5)
    assert row.updated_at > row.created_at


def test_of_eight_workers_one_claims_a_row(stored: Store, read: Read) -> None:
    operation_id = stored().id
    start, claimed = threading.Barrier(8), []

    def claim() -> None:
        mine = read(operation_id)
        start.wait()
        claimed.append(mine.claim(30))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False] * 7 + [True]
    assert read(operation_id).attempts == 1


RUN = {"run_id": "this run", "task": "some.task", "version": 2}


@pytest.mark.parametrize("version", [None, 1, 2])
def test_a_queued_operation_can_be_claimed_without_having_been_read(
    stored: Store, version: int | None
) -> None:
    operation = stored(version=version, arguments={"who": "ada"})
    claimed = Operation.claim_queued(operation.id, 30, **RUN)
    assert claimed is not None
    assert claimed.attribute_values == Operation.get(operation.id, consistent_read=True).attribute_values
    assert (claimed.status, claimed.run_id, claimed.attempts) == (RUNNING, "this run", 1)
    assert claimed.arguments == {"who": "ada"}


@pytest.mark.parametrize(
    "row",
    [
        {"status": RUNNING, "run_id": "another"},
        {"status": RUNNING, "run_id": "another", "due": 0},
        {"status": SUCCEEDED},
        {"status": FAILED},
        {"not_before": time.time() + 3600},
        {"task": "another.task"},
        {"version": 3},
    ],
    ids=["running", "abandoned", "succeeded", "failed", "put off", "of another task", "of a newer release"],
)
def test_what_is_not_simply_queued_is_not_claimed_unread(
    stored: Store, read: Read, row: dict[str, Any]
) -> None:
    before = stored(**row)
    assert Operation.claim_queued(before.id, 30, **RUN) is None
    assert read(before.id).attribute_values == before.attribute_values


def test_what_is_not_there_is_not_made_by_claiming_it(database: Database) -> None:
    assert Operation.claim_queued("nothing", 30, **RUN) is None
    assert list(Operation.scan()) == []


def test_what_is_handed_back_is_as_if_it_had_not_been_tried(stored: Store, read: Read) -> None:
    operation = stored(attempts=1)
    operation.claim(30)
    assert operation.hand_back()
    row = read(operation.id)
    assert (row.status, row.attempts, row.publications, row.history) == (QUEUED, 1, 0, None)
    assert row.due == row.not_before == pytest.approx(time.time(), abs=5)
    assert not operation.hand_back(), "it is not this worker's any more"


def test_its_end_is_known_without_the_row_being_read_again(stored: Store) -> None:
    for end, status in (({"result": 1}, SUCCEEDED), ({"problem": {"code": "TASK_FAILED"}}, FAILED)):
        operation = stored()
        operation.claim(30)
        assert not operation.is_final
        assert operation.finish(**end)
        assert (operation.status, operation.is_final) == (status, True)


def test_a_live_lease_refuses_other_workers(stored: Store, read: Read) -> None:
    operation = stored()
    assert operation.claim(30)
    assert not read(operation.id).claim(30)


def test_a_lapsed_lease_is_taken_over(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(30)
    first = operation.run_id
    lapsed(operation)
    other = read(operation.id)
    assert other.claim(30)
    assert other.attempts == 2
    assert other.run_id != first


def test_an_operation_put_off_cannot_be_claimed_before_its_time(stored: Store, read: Read) -> None:
    operation = stored(not_before=time.time() + 60)
    assert not operation.claim(30)
    operation.update([Operation.not_before.set(time.time() - 1)])
    assert read(operation.id).claim(30)


@pytest.mark.parametrize("status", [SUCCEEDED, FAILED])
def test_a_final_operation_cannot_be_claimed(stored: Store, status: str) -> None:
    assert not stored(status=status).claim(30)


def test_a_finished_operation_leaves_the_index_and_expires(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(30)
    assert operation.finish(result={"count": 3})
    row = read(operation.id)
    assert (row.status, row.progress, row.result) == (SUCCEEDED, 1, {"count": 3})
    assert (row.pending, row.due) == (None, None)
    assert list(Operation.pending_index.query("1")) == []
    kept = timedelta(seconds=KEPT_SECONDS)
    assert row.expires_at == pytest.approx(datetime.now(UTC) + kept, abs=timedelta(minutes=1))


def test_a_failed_operation_keeps_its_problem_and_its_progress(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(30)
    operation.report(0.5)
    assert operation.finish(problem={"code": "TASK_FAILED"})
    row = read(operation.id)
    assert (row.status, row.progress, row.problem) == (FAILED, 0.5, {"code": "TASK_FAILED"})
    assert row.result is None


def test_what_it_was_done_with_is_kept_for_who_looks_into_a_failure_only(stored: Store, read: Read) -> None:
    done, failed = (
        stored(arguments={"email": "ada@example.com"}),
        stored(arguments={"email": "bob@example.com"}),
    )
    for one, end in ((done, {"result": 1}), (failed, {"problem": {"code": "TASK_FAILED"}})):
        one.claim(30)
        assert one.finish(**end)
    assert read(done.id).arguments == {}
    assert read(failed.id).arguments == {"email": "bob@example.com"}


def test_a_result_may_be_nothing(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(30)
    assert operation.finish(result=None)
    assert "result" not in read(operation.id).to_json()


@pytest.mark.parametrize(
    "write",
    [
        lambda operation: operation.finish(result="late"),
        lambda operation: operation.finish(problem={"code": "LATE"}),
        lambda operation: operation.put_off(1),
        lambda operation: operation.hand_back(),
        lambda operation: operation.extend(30),
        lambda operation: operation.report(0.7),
    ],
    ids=["result", "problem", "put off", "hand back", "extend", "report"],
)
def test_a_worker_that_lost_its_lease_writes_nothing(
    stored: Store, read: Read, write: Callable[[Operation], bool]
) -> None:
    operation = stored()
    operation.claim(30)
    lapsed(operation)
    assert read(operation.id).claim(30)
    before = read(operation.id)
    assert not write(operation)
    assert read(operation.id).attribute_values == before.attribute_values


ENDS = {
    "succeeded": lambda one: one.finish(result=1),
    "failed": lambda one: one.finish(problem={"code": "TASK_FAILED"}),
    "put off": lambda one: one.put_off(60),
    "handed back": lambda one: one.hand_back(),
    "cancelled": lambda one: one.end_cancelled(),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_end_whose_answer_was_lost_is_stored(
    stored: Store, read: Read, unanswered: Callable[..., list[str]], end: str
) -> None:
    operation = stored()
    operation.claim(30)
    lost = unanswered('"updated_at"')
    assert ENDS[end](operation)
    assert len(lost) == 1
    row = read(operation.id)
    assert operation.status == row.status != RUNNING
    assert not ENDS[end](operation), "a second one is not taken for it"
    assert read(operation.id).attribute_values == row.attribute_values


def test_an_end_that_was_refused_to_who_is_cancelled_is_not_taken_for_stored(
    stored: Store, read: Read
) -> None:
    operation = stored()
    operation.claim(30)
    read(operation.id).cancel()
    assert not operation.put_off(1)
    assert operation.end_cancelled(), "it is still this run's"


def test_taking_over_costs_one_try_though_the_answer_was_lost(
    stored: Store, read: Read, unanswered: Callable[..., list[str]]
) -> None:
    operation = stored(status=RUNNING, run_id="dead", attempts=1, due=0)
    lost = unanswered("WORKER_LOST")
    assert operation.claim(30)
    assert len(lost) == 1
    row = read(operation.id)
    assert (row.attempts, row.run_id, [one["code"] for one in row.history]) == (
        2,
        operation.run_id,
        ["WORKER_LOST"],
    )
    assert operation.attribute_values == row.attribute_values


def test_a_claim_that_is_refused_leaves_what_was_read_as_it_was(stored: Store, read: Read) -> None:
    operation = stored()
    seen = read(operation.id)
    assert operation.claim(30)
    before = dict(seen.attribute_values)
    assert not seen.claim(30)
    assert seen.attribute_values == before


@pytest.mark.parametrize("write", [lambda one: one.finish(result=1), lambda one: one.put_off(1)])
def test_nothing_is_written_to_a_final_operation(
    stored: Store, read: Read, write: Callable[[Operation], bool]
) -> None:
    operation = stored()
    operation.claim(30)
    operation.finish(problem={"code": "TASK_FAILED"})
    assert not write(operation)
    assert read(operation.id).status == FAILED


def test_an_operation_put_off_is_due_when_its_time_has_come(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(30)
    assert operation.put_off(60)
    row = read(operation.id)
    assert row.status == QUEUED
    assert row.due == row.not_before == pytest.approx(time.time() + 60, abs=5)


@pytest.mark.parametrize(("publications", "wait"), [(1, 10), (2, 20), (5, 160), (6, 300), (5000, 300)])
def test_the_relay_waits_longer_each_time(stored: Store, read: Read, publications: int, wait: int) -> None:
    operation = stored(publications=publications)
    assert operation.published_again()
    row = read(operation.id)
    assert row.publications == publications + 1
    assert row.due == pytest.approx(time.time() + wait, abs=3)


def test_of_two_relays_one_takes_a_row_on(stored: Store, read: Read) -> None:
    operation = stored()
    first, second = read(operation.id), read(operation.id)
    assert first.published_again()
    assert not second.published_again()


def test_of_two_relays_one_takes_an_abandoned_run_on(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(30)
    lapsed(operation)
    first, second = read(operation.id), read(operation.id)
    assert first.published_again()
    assert not second.published_again(), "its due is as it was: only the count of publications tells"


def test_a_relay_that_looked_before_the_row_was_put_off_leaves_it_alone(stored: Store, read: Read) -> None:
    operation = stored()
    seen = read(operation.id)
    operation.claim(30)
    operation.put_off(60)
    assert not seen.published_again()
    assert read(operation.id).due == pytest.approx(time.time() + 60, abs=5)


def test_taking_on_an_abandoned_run_leaves_its_lapsed_lease_as_it_is(stored: Store, read: Read) -> None:
    operation = stored()
    operation.claim(30)
    lapsed(operation)
    assert read(operation.id).published_again()
    assert read(operation.id).claim(30)


def test_an_owner_sees_no_inner_workings(stored: Store) -> None:
    seen = stored(owner="ada", caller={"subject": "ada", "scopes": []}).to_json()
    assert set(seen) == {"id", "task", "status", "progress", "created_at", "updated_at"}
