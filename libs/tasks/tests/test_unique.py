"""Unique tasks: while one is pending, a call returns it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from pynamodb.models import Model

from libs.dynamodb import Database
from libs.errors import NotFound, ServiceUnavailable
from libs.jwt import Caller, acting_as
from libs.tasks import Operation, TaskRuntime, asynctask, submitting
from libs.tasks.admin import administration
from libs.tasks.following.handlers import cancel_operation, get_operation
from libs.tasks.operation import PARKED_SECONDS

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]


@asynctask(unique="arguments", attempts=1)
def sync(user: str, full: bool = False) -> None:
    """One for the same caller and arguments."""
    if user == "broken":
        raise ServiceUnavailable


@asynctask(unique=lambda arguments: arguments["index"])
def rebuild(index: str, reason: str) -> None:
    """One for an index, whoever asks and why."""


@asynctask
def plain(user: str) -> None:
    """Not unique by itself."""


def locks() -> list[str]:
    return [one.id for one in Operation.scan() if one.id.startswith("unique:")]


def test_a_second_call_returns_the_operation_that_waits(runtime_of: Runtimes, broker: Any) -> None:
    with runtime_of(sync).active():
        first, second, other = sync("ada"), sync(user="ada"), sync("ada", full=True)
    assert second.id == first.id != other.id
    assert broker.ids == [first.id, other.id]
    assert len(list(Operation.scan(Operation.status == "queued"))) == 2


def test_none_is_no_key(runtime_of: Runtimes) -> None:
    @asynctask(unique=lambda arguments: arguments.get("order"))
    def ship(order: str | None = None) -> None: ...

    with runtime_of(ship).active():
        with pytest.raises(TypeError, match=r"ship: its unique has returned None"):
            ship()
        assert list(Operation.scan()) == []
        assert ship("one").unique_key
        assert ship.options(unique_key="none")().unique_key


def test_one_that_runs_is_pending_too(runtime_of: Runtimes, read: Read) -> None:
    with runtime_of(sync).active():
        first = sync("ada")
        read(first.id).claim(30)
        assert sync("ada").id == first.id


@pytest.mark.parametrize("user", ["ada", "broken"], ids=["succeeded", "failed"])
def test_when_it_is_over_the_next_call_starts_another(runtime_of: Runtimes, read: Read, user: str) -> None:
    runtime = runtime_of(sync)
    with runtime.active():
        first = sync(user)
        runtime.run(first.id)
        assert read(first.id).is_final
        # Of what has failed it is left: it may be replayed before the worker comes to delete it.
        assert len(locks()) == (user == "broken")
        assert sync(user).id != first.id


def test_what_is_replayed_at_the_moment_it_is_parked_keeps_its_lock(
    runtime_of: Runtimes, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = runtime_of(sync)
    finish = Operation.finish

    def replayed_at_once(self: Operation, **end: Any) -> bool:
        kept = finish(self, **end)
        runtime.replay(read(self.id))
        return kept

    monkeypatch.setattr(Operation, "finish", replayed_at_once)
    with runtime.active():
        first = sync("broken")
        runtime.run(first.id)
        assert read(first.id).status == "queued"
        assert sync("broken").id == first.id


def test_a_replay_takes_the_lock_that_what_failed_has_left_and_renews_it(
    runtime_of: Runtimes, read: Read
) -> None:
    runtime = runtime_of(sync)
    with runtime.active():
        first = sync("broken")
        runtime.run(first.id)
        (lock,) = locks()
        Operation(lock).update([Operation.expires_at.set(datetime.fromtimestamp(time.time() + 60, UTC))])
        runtime.replay(read(first.id))
        assert Operation.get(lock).expires_at.timestamp() > time.time() + PARKED_SECONDS - 60
        assert sync("broken").id == first.id


def test_what_is_discarded_leaves_no_lock(runtime_of: Runtimes, read: Read) -> None:
    runtime = runtime_of(sync)
    with runtime.active():
        first = sync("broken")
    runtime.run(first.id)
    administration.discard(read(first.id), by="boss")
    assert locks() == []


def test_one_that_was_cancelled_is_over(runtime_of: Runtimes) -> None:
    with runtime_of(sync).active(), acting_as(Caller("ada")):
        first = sync("ada")
        cancel_operation(first.id, Caller("ada"))
        assert locks() == []
        assert sync("ada").id != first.id


@pytest.mark.parametrize("gone", [True, False], ids=["expired", "over"])
def test_a_lock_that_was_left_behind_stops_nobody(runtime_of: Runtimes, read: Read, gone: bool) -> None:
    with runtime_of(sync).active():
        first = sync("ada")
        if gone:
            first.delete()
        else:
            read(first.id).claim(30)
            first.refresh()
            assert first.finish(result=1), "by a worker that died right after"
        assert len(locks()) == 1
        second = sync("ada")
        assert second.id != first.id
        assert sync("ada").id == second.id


def test_callers_do_not_share_an_operation_they_cannot_both_see(runtime_of: Runtimes) -> None:
    with runtime_of(sync).active():
        with acting_as(Caller("ada")):
            adas = sync("x")
        with acting_as(Caller("bob")):
            bobs = sync("x")
    assert adas.id != bobs.id
    assert get_operation(bobs.id, Caller("bob")).body["id"] == bobs.id


def test_a_key_of_the_tasks_own_is_for_all_callers(runtime_of: Runtimes) -> None:
    with runtime_of(rebuild).active():
        first = rebuild("todos", "because")
        with acting_as(Caller("ada")):
            assert rebuild("todos", "why not").id == first.id
            assert rebuild("users", "why not").id != first.id


def test_a_call_can_bring_its_key(runtime_of: Runtimes) -> None:
    with runtime_of(plain, rebuild).active():
        first = plain.options(unique_key="k")("ada")
        assert plain.options(unique_key="k")("bob").id == first.id
        assert plain("ada").id != plain("ada").id
        assert rebuild.options(unique_key="k")("todos", "x").id != first.id, "keys are of one task"


def test_a_key_is_stored_as_its_hash(runtime_of: Runtimes, read: Read) -> None:
    with runtime_of(plain).active():
        row = read(plain.options(unique_key="ada@example.com")("ada").id)
    assert row.unique_key.startswith(f"unique:{plain.name}:")
    assert "ada@" not in row.unique_key


def test_of_two_hundred_calls_by_many_at_once_one_operation_comes(runtime_of: Runtimes, broker: Any) -> None:
    runtime, threads = runtime_of(sync), 8
    start = threading.Barrier(threads)

    def calls() -> list[str]:
        with runtime.active():
            start.wait()
            return [sync("ada").id for _ in range(200 // threads)]

    with ThreadPoolExecutor(threads) as pool:
        started = [pool.submit(calls) for _ in range(threads)]
        ids = [one for each in started for one in each.result()]
    assert (len(ids), len(set(ids))) == (200, 1)
    assert broker.ids == ids[:1], "one hint, so one effect"
    assert sum(not row.id.startswith("unique:") for row in Operation.scan()) == 1


def test_a_lock_outlives_an_operation_that_was_put_off_for_months(runtime_of: Runtimes) -> None:
    delay = 100 * 24 * 3600
    with runtime_of(plain).active():
        plain.options(unique_key="k", delay=delay)("ada")
    (lock,) = locks()
    expires_at = Operation.get(lock).expires_at.timestamp()
    assert expires_at == pytest.approx(time.time() + delay + PARKED_SECONDS, abs=10)


def test_a_lock_is_no_operation_to_anybody(runtime_of: Runtimes) -> None:
    with runtime_of(sync).active(), acting_as(Caller("ada")):
        sync("ada")
    (lock,) = locks()
    for call in (get_operation, cancel_operation):
        with pytest.raises(NotFound):
            call(lock, Caller("ada"))


def test_in_a_transaction_lock_and_operation_are_stored_with_the_rest(
    runtime_of: Runtimes, database: Database, note_model: type[Model], broker: Any
) -> None:
    with runtime_of(sync).active():
        with database.transaction() as transaction:
            transaction.create(note_model("n1"))
            first, again = sync("ada"), sync("ada")
            assert (locks(), broker.ids) == ([], [])
        assert (again.id, broker.ids, len(locks())) == (first.id, [first.id], 1)
        with database.transaction() as transaction:
            transaction.create(note_model("n2"))
            assert sync("ada").id == first.id
    assert broker.ids == [first.id]
    assert note_model.get("n2")


def test_if_the_same_starts_meanwhile_the_transaction_is_refused_to_be_tried_again(
    runtime_of: Runtimes, database: Database, note_model: type[Model], broker: Any
) -> None:
    runtime = runtime_of(sync)
    others: list[Operation] = []

    def elsewhere() -> None:
        with runtime.active():
            others.append(sync("ada"))

    def here() -> None:
        with database.transaction() as transaction:
            transaction.create(note_model("n1"))
            sync("ada")
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()

    with runtime.active():
        with pytest.raises(ServiceUnavailable):
            here()
        assert list(note_model.scan()) == []
        assert sync("ada").id == others[0].id
    assert broker.ids == [others[0].id]


def test_a_race_that_is_lost_each_time_is_a_503(
    runtime_of: Runtimes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with runtime_of(sync).active():
        sync("ada")
        monkeypatch.setattr(submitting, "find_holder", lambda lock: (None, None))
        with pytest.raises(ServiceUnavailable):
            sync("ada")
