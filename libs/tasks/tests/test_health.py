"""What readiness tells of tasks."""

import os
import time
from collections.abc import Callable

import pytest

from libs.dynamodb import Database
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.admin.administration import parked
from libs.tasks.watching import health
from libs.tasks.watching.health import (
    LiveWorker,
    TaskHealth,
    end_life,
    live_workers,
    oldest_waiting_seconds,
    show_life,
    waiting_since,
)

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]


@asynctask
def greet() -> str:
    """A task that waits."""
    return "hello"


@pytest.fixture
def workers(database: Database) -> None:
    """Bind the rows of workers to the tables of operations."""
    Database(
        [LiveWorker],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=Operation.Meta.table_name.removesuffix("operations"),
    )


def test_workers_live_until_what_they_have_said_and_are_gone_when_they_end(workers: None) -> None:
    show_life("host:1", ["default"], seconds=30)
    show_life("host:2", ["default"], seconds=30)
    show_life("host:3", ["default"], seconds=-1)
    assert live_workers() == 2
    end_life("host:2")
    assert live_workers() == 1


def test_the_rows_of_workers_are_no_operations(workers: None, runtime_of: Runtimes) -> None:
    show_life("host:1", ["default"], seconds=-100)
    assert runtime_of(greet).relay() == 0
    assert oldest_waiting_seconds() == 0
    assert list(parked()) == []
    row = Operation.get("worker:host:1")
    assert row.owner is None, "so that nobody is shown it"
    assert row.expires_at is not None


@pytest.mark.parametrize("publications", [0, 1, 2, 5, 12])
def test_since_when_a_row_waits_is_told_however_often_the_relay_has_looked(
    stored: Store, monkeypatch: pytest.MonkeyPatch, publications: int
) -> None:
    """The relay looks just when it is due, and puts it off."""
    began = time.time() - 1000
    operation = stored(task=greet.name, publications=0, due=began)
    for _ in range(publications):
        due = float(operation.due)
        monkeypatch.setattr(time, "time", lambda due=due: due)
        assert operation.published_again()
    assert waiting_since(int(operation.publications), float(operation.due)) == pytest.approx(began)


def test_the_oldest_is_looked_for_among_those_that_are_due_first(
    stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LOOKED_AT", 2)
    now = time.time()
    for seconds in (10, 20, 30):
        stored(task=greet.name, publications=0, due=now - seconds)
    assert 30 <= oldest_waiting_seconds() < 40


def test_what_runs_and_what_is_for_later_does_not_wait(stored: Store) -> None:
    stored(task=greet.name).claim(30)
    stored(task=greet.name, status="running", publications=0, due=time.time() - 20)
    stored(task=greet.name, publications=0, due=time.time() + 20)
    assert oldest_waiting_seconds() == 0


def test_it_is_looked_at_most_each_ten_seconds(stored: Store) -> None:
    now = [1000.0]
    found = TaskHealth(lambda: now[0])
    assert found.look() == {"workers": 0, "oldest_waiting_seconds": 0.0}
    stored(task=greet.name, publications=0, due=time.time() - 50)
    now[0] += health.CACHED_SECONDS
    assert found.look()["oldest_waiting_seconds"] == 0.0
    now[0] += 0.1
    assert 50 <= found.look()["oldest_waiting_seconds"] < 60
