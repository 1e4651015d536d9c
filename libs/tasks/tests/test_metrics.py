"""What is counted of tasks, and that it is what happened."""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pynamodb.exceptions import QueryError

from libs.api import Dependencies
from libs.dynamodb import Database
from libs.errors import Conflict, ServiceUnavailable
from libs.tasks import Operation, Progress, Task, TaskRuntime, asynctask
from libs.tasks.admin.administration import parked
from libs.tasks.lease import current_operation, current_progress
from libs.tasks.watching import gauges as gauges_module
from libs.tasks.watching.gauges import TableGauges
from libs.tasks.watching.health import LiveWorker, show_life
from libs.tasks.watching.metrics import TaskMetrics

Store = Callable[..., Operation]
Read = Callable[[str], Operation]


@asynctask(attempts=2, retry_seconds=60, unique=lambda arguments: arguments["name"])
def greet(name: str, progress: Progress) -> str:
    """Do what the name says."""
    match name:
        case "busy":
            raise ServiceUnavailable("come back later")
        case "wrong":
            raise Conflict("never")
        case "asked to stop":
            operation = current_operation()
            assert operation is not None
            operation.update([Operation.cancel_asked_at.set(operation.created_at)])
            progress.report(0.5)
    return name


@asynctask(every=3600)
def by_itself() -> None:
    """Is started by the clock."""


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def runtime(registry: CollectorRegistry, database: Any, broker: Any) -> Iterator[TaskRuntime]:
    """A runtime that counts in `registry`, active."""
    tasks = (greet, by_itself)
    runtime = TaskRuntime(
        tasks,
        Dependencies([database], {Progress: current_progress}),
        broker,
        metrics=TaskMetrics(registry, [task.name for task in tasks]),
    )
    with runtime.active():
        yield runtime


@pytest.fixture
def count(registry: CollectorRegistry) -> Callable[..., float | None]:
    """Return the number of a series of the task `greet`, or of another."""

    def counted(name: str, task: Task | str = greet, **labels: str) -> float | None:
        label = task if isinstance(task, str) else task.name
        return registry.get_sample_value(name, {"task": label, **labels})

    return counted


def ended(count: Callable[..., float | None]) -> Mapping[str, float | None]:
    """Return how often there was each outcome, without those there never was."""
    outcomes = ("succeeded", "retried", "parked", "cancelled", "lost")
    return {one: found for one in outcomes if (found := count("tasks_ended_total", outcome=one))}


def test_all_series_begin_at_zero(runtime: TaskRuntime, count: Any) -> None:
    for task in (greet, by_itself, "unknown"):
        assert count("tasks_queued_total", task) == 0
        assert count("tasks_try_seconds_count", task) == 0
        assert count("tasks_ended_total", task, outcome="parked") == 0


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("ada", "succeeded"), ("busy", "retried"), ("wrong", "parked"), ("asked to stop", "cancelled")],
)
def test_a_try_is_counted_by_what_became_of_it(
    runtime: TaskRuntime, count: Any, name: str, outcome: str
) -> None:
    operation = greet(name=name)
    assert count("tasks_queued_total") == 1
    assert count("tasks_started_total") == 0
    runtime.run(operation.id)
    assert count("tasks_started_total") == 1
    assert ended(count) == {outcome: 1}
    assert count("tasks_try_seconds_count") == 1
    assert count("tasks_workers_lost_total") == 0


def test_a_hint_that_comes_twice_counts_once(runtime: TaskRuntime, count: Any) -> None:
    operation = greet(name="ada")
    runtime.run(operation.id)
    runtime.run(operation.id)
    assert (count("tasks_started_total"), ended(count)) == (1, {"succeeded": 1})


def test_a_call_that_returns_what_is_pending_is_not_counted(runtime: TaskRuntime, count: Any) -> None:
    assert greet(name="ada").id == greet(name="ada").id
    assert count("tasks_queued_total") == 1


def test_a_call_in_a_transaction_counts_when_it_is_stored(
    runtime: TaskRuntime, count: Any, database: Any
) -> None:
    with suppress(RuntimeError), database.transaction():
        greet(name="given up")
        raise RuntimeError
    assert count("tasks_queued_total") == 0
    with database.transaction():
        greet(name="stored")
    assert count("tasks_queued_total") == 1


def test_the_wait_is_that_from_when_it_could_have_run(
    runtime: TaskRuntime, count: Any, stored: Store
) -> None:
    operation = stored(task=greet.name, arguments={"name": "ada"}, not_before=time.time() - 40)
    runtime.run(operation.id)
    assert count("tasks_wait_seconds_bucket", le="30.0") == 0
    assert count("tasks_wait_seconds_bucket", le="60.0") == 1


def test_what_is_taken_over_from_a_dead_worker_is_told_and_has_not_waited(
    runtime: TaskRuntime, count: Any, stored: Store, read: Read
) -> None:
    operation = stored(task=greet.name, arguments={"name": "ada"})
    assert operation.claim(30)
    operation.update([Operation.due.set(time.time() - 1)])
    runtime.run(operation.id)
    assert read(operation.id).status == "succeeded"
    assert count("tasks_workers_lost_total") == 1
    assert count("tasks_wait_seconds_count") == 0


def test_an_end_that_comes_after_another_took_over_is_lost(
    runtime: TaskRuntime, count: Any, stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = stored(task=greet.name, arguments={"name": "ada"})

    def taken_over(*_: Any) -> None:
        Operation(operation.id).update([Operation.run_id.set("another's")])

    monkeypatch.setitem(runtime._functions, greet.name, lambda name: taken_over())
    runtime.run(operation.id)
    assert ended(count) == {"lost": 1}


def test_what_is_cancelled_while_it_waits_counts_once(runtime: TaskRuntime, count: Any) -> None:
    operation = greet(name="ada")
    assert operation.cancel()
    assert not operation.cancel()
    assert ended(count) == {"cancelled": 1}
    assert count("tasks_try_seconds_count") == 0


def test_hints_that_the_broker_does_not_take_and_those_of_the_relay_are_counted(
    runtime: TaskRuntime, count: Any, broker: Any
) -> None:
    broker.down = True
    operation = greet(name="ada")
    assert count("tasks_publish_failures_total") == 1
    broker.down = False
    operation.update([Operation.due.set(time.time() - 1)])
    assert runtime.relay() == 1
    assert count("tasks_published_again_total") == 1


def test_slots_and_replays_are_queued_as_calls_are(
    runtime: TaskRuntime, count: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    runtime.relay()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    runtime.relay()
    assert count("tasks_queued_total", by_itself) == 1
    monkeypatch.undo()
    operation = greet(name="wrong")
    runtime.run(operation.id)
    operation.refresh(consistent_read=True)
    runtime.replay(operation)
    assert count("tasks_queued_total") == 2


def test_a_name_that_is_not_declared_is_no_label(registry: CollectorRegistry, count: Any) -> None:
    TaskMetrics(registry, [greet.name]).queued("of.another.release")
    assert count("tasks_queued_total", "unknown") == 1
    assert count("tasks_queued_total", "of.another.release") is None


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def look(database: Any, clock: Clock) -> Callable[..., float | None]:
    """Return a number that is read from the table."""
    registry = CollectorRegistry()
    registry.register(TableGauges([greet.name, by_itself.name], clock))

    def found(name: str, task: str | None = None, **labels: str) -> float | None:
        return registry.get_sample_value(name, {**({"task": task} if task else {}), **labels})

    return found


def test_what_there_is_in_the_table_is_told_by_kind(look: Any, stored: Store) -> None:
    now = time.time()
    stored(task=greet.name)
    stored(task=greet.name, not_before=now + 500, due=now + 500, publications=0)
    stored(task=greet.name).claim(30)
    for one in (stored(task=by_itself.name), stored(task="of.another.release")):
        one.claim(30)
        one.finish(problem={"code": "TASK_FAILED"})
    done = stored(task=by_itself.name)
    done.claim(30)
    done.finish(result=1)
    for kind in ("waiting", "later", "running"):
        assert look("tasks_pending", greet.name, status=kind) == 1
        assert look("tasks_pending", by_itself.name, status=kind) == 0
    assert look("tasks_parked", greet.name) == 0
    assert look("tasks_parked", by_itself.name) == 1
    assert look("tasks_parked", "unknown") == 1


def test_the_oldest_is_the_one_that_could_have_run_the_longest(look: Any, stored: Store) -> None:
    now = time.time()
    stored(task=greet.name, due=now + 300 - 120, publications=0)  # its time comes in three minutes
    stored(task=greet.name, due=now - 50, publications=0)
    stored(task=greet.name, due=now - 900, publications=0, status="running")  # it waits for nobody's time
    assert 50 <= look("tasks_oldest_waiting_seconds") < 60


def test_nothing_waits_in_an_empty_table(look: Any) -> None:
    assert look("tasks_oldest_waiting_seconds") == 0
    assert look("tasks_workers") == 0


def test_workers_that_live_are_counted_and_are_no_operations(look: Any, database: Database) -> None:
    Database(
        [LiveWorker],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=Operation.Meta.table_name.removesuffix("operations"),
    )
    show_life("host:1", ["default"], seconds=30)
    show_life("host:2", ["default"], seconds=-1)
    assert look("tasks_workers") == 1
    assert look("tasks_pending", "unknown", status="running") == 0
    assert list(parked()) == []


def test_no_more_rows_are_read_than_so_many(
    look: Any, stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges_module, "COUNTED_AT_MOST", 3)
    for _ in range(5):
        stored(task=greet.name)
    assert look("tasks_pending", greet.name, status="waiting") == 3


def test_of_what_is_parked_the_latest_is_counted(
    look: Any, stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauges_module, "COUNTED_AT_MOST", 2)
    for due, task in ((1, greet), (3, by_itself), (2, by_itself)):
        stored(task=task.name, status="failed", pending="parked", due=due)
    assert look("tasks_parked", by_itself.name) == 2
    assert look("tasks_parked", greet.name) == 0


def test_it_is_looked_at_most_each_fifteen_seconds(look: Any, stored: Store, clock: Clock) -> None:
    assert look("tasks_pending", greet.name, status="waiting") == 0
    stored(task=greet.name)
    clock.now += gauges_module.CACHED_SECONDS
    assert look("tasks_pending", greet.name, status="waiting") == 0
    clock.now += 0.1
    assert look("tasks_pending", greet.name, status="waiting") == 1


def test_while_the_table_does_not_answer_there_are_no_gauges(
    look: Any, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise QueryError("the secret address does not answer")

    assert look("tasks_workers") == 0
    monkeypatch.setattr(Operation.pending_index, "query", away)
    clock.now += 60
    assert look("tasks_workers") is None
    assert "secret" not in caplog.text
    assert "tasks could not be counted" in caplog.text


def test_the_document_names_every_metric_and_no_other(
    runtime: TaskRuntime, registry: CollectorRegistry
) -> None:
    registry.register(TableGauges([greet.name]))
    page = (Path(__file__).parents[3] / "docs/metrics.md").read_text()
    documented = set(re.findall(r"^\| `(tasks_\w+)` \|", page, re.MULTILINE))
    told = {f"{one.name}_total" if one.type == "counter" else one.name for one in registry.collect()}
    assert documented == told
