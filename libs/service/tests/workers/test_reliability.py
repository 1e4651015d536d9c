"""Nothing accepted is lost, whatever is killed; in small. `make bench-tasks` does it in large.

What a task has to be by itself, safe to run again, is left out here: `work` counts as done once it has ended.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
import redis

from infra.local.ports import HOST
from infra.local.servers import redis_answers, redis_command
from infra.local.throwaway import reserved_port
from libs.service.testing import eventually
from libs.service.tests.workers import working
from libs.tasks.broker import celery_app


def ended(work: Any) -> set[str]:
    return {line.removeprefix("ended ") for line in work.lines() if line.startswith("ended")}


def test_workers_killed_with_all_they_have_in_hand_lose_nothing(work: Any) -> None:
    names = {f"{n}" for n in range(30)}
    with work.process("beat"):
        operations = [work.submit(working.work, name, 0.1) for name in sorted(names)]
        for killed in range(2):
            with work.process("worker") as worker:
                eventually(lambda: len(work.lines()) > 8 * (killed + 1), seconds=30)  # noqa: B023 - asked at once
                worker.kill_group()
        with work.process("worker"):
            rows = work.all_final(operations)
    assert {row.status for row in rows} == {"succeeded"}
    assert ended(work) == names
    assert len([line for line in work.lines() if line.startswith("began")]) <= 30 + 2 * 2 * 2


def test_children_killed_in_the_middle_of_a_task_lose_nothing(work: Any) -> None:
    names = {f"{n}" for n in range(8)}
    with work.process("beat"), work.process("worker") as worker:
        operations = [work.submit(working.work, name, 0.3) for name in sorted(names)]
        for round_ in range(2):
            eventually(lambda: len(ended(work)) > 2 * round_)  # noqa: B023 - asked at once
            for child in psutil.Process(worker.pid).children()[:1]:
                child.kill()
        rows = work.all_final(operations)
    assert {row.status for row in rows} == {"succeeded"}
    assert ended(work) == names


def test_a_task_that_takes_its_worker_with_it_ends_as_failed_and_the_queue_goes_on(
    make_work: Callable[..., Any],
) -> None:
    work = make_work(task_lease_seconds="1", task_sweep_seconds="0.2")  # each try ends with its lease
    with work.process("beat"), work.process("worker"):
        poison = work.submit(working.poison, "poison")
        others = [work.submit(working.work, f"{n}") for n in range(5)]
        assert {row.status for row in work.all_final(others)} == {"succeeded"}
        row = work.final(poison)
    assert (row.status, row.problem["code"]) == ("failed", "TASK_FAILED")
    assert work.lines().count("began poison") == 3


@pytest.fixture
def own_redis(make_work: Callable[..., Any], servers: Any, tmp_path: Any) -> Any:
    """A service whose Redis has an append-only file and can be killed: the work, and what starts it."""
    data = tmp_path / "redis"
    data.mkdir()
    with reserved_port() as port:
        work = make_work(redis_url=f"redis://{HOST}:{port}/0")

        def start() -> Any:
            return servers.start(redis_command(port, data), lambda: redis_answers(port))

        yield work, start


def test_a_redis_that_is_killed_and_comes_back_loses_nothing(own_redis: Any) -> None:
    work, start = own_redis
    server = start()
    with work.process("beat"), work.process("worker") as worker:
        operations = [work.submit(working.work, f"{n}", 0.1) for n in range(10)]
        for round_ in range(2):
            eventually(lambda: len(ended(work)) > round_)  # noqa: B023 - asked at once
            server.kill()
            server.wait()
            operations.append(work.submit(working.work, f"while away {round_}"))
            server = start()
        returned = time.monotonic()
        rows = work.all_final(operations)
        assert time.monotonic() - returned < 45
        assert worker.poll() is None, "it consumes again without a restart"
    assert {row.status for row in rows} == {"succeeded"}


def full(client: redis.Redis) -> None:
    client.config_set("maxmemory", 1)


def demoted(client: redis.Redis) -> None:
    client.execute_command("REPLICAOF", HOST, "1")


def without_rights(client: redis.Redis) -> None:
    client.execute_command("ACL", "SETUSER", "default", "-@write")


def well(client: redis.Redis) -> None:
    client.execute_command("ACL", "SETUSER", "default", "+@all")
    client.config_set("maxmemory", 0)
    client.execute_command("REPLICAOF", "NO", "ONE")


@pytest.mark.parametrize("refusing", [full, demoted, without_rights])
def test_a_redis_that_answers_with_errors_ends_no_worker_and_loses_nothing(
    own_redis: Any, refusing: Callable[[redis.Redis], None]
) -> None:
    work, start = own_redis
    start()
    connected = redis.Redis.from_url(work.environ["APP_REDIS_URL"])
    with connected as client, work.process("beat"), work.process("worker") as worker:
        operations = [work.submit(working.work, f"{n}", 0.5) for n in range(6)]
        work.wait_for("ended 0")
        refusing(client)
        eventually(lambda: "Connection to broker lost" in work.said(), seconds=30)
        operations.append(work.submit(working.work, "meanwhile"))
        with work.process("worker", alive_path=str(work.folder / "another")) as another:
            eventually((work.folder / "another").exists)
            well(client)
            rows = work.all_final(operations)
            assert [worker.poll(), another.poll()] == [None, None], "they go on without a restart"
    assert {row.status for row in rows} == {"succeeded"}


def test_a_stalled_redis_costs_a_request_a_while_and_no_task(own_redis: Any) -> None:
    """A while is three seconds in `libs/tasks/tests/test_celery_settings.py`, and as long as a stall here."""
    work, start = own_redis
    server = start()
    operations = [work.submit(working.work, "before")]
    os.kill(server.pid, signal.SIGSTOP)
    slowest = 0.0
    for n in range(5):
        started = time.monotonic()
        operations.append(work.submit(working.work, f"{n}"))
        slowest = max(slowest, time.monotonic() - started)
    os.kill(server.pid, signal.SIGCONT)
    assert slowest < 15
    with work.process("beat"), work.process("worker"):
        rows = work.all_final(operations)
    assert {row.status for row in rows} == {"succeeded"}


def test_a_stalled_redis_costs_many_requests_at_once_no_more_than_one(
    own_redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(celery_app, "MOST_CONNECTIONS", 2)  # one after the other, each of 32 would take two
    work, start = own_redis
    server = start()
    work.submit(working.work, "before")
    took: list[float] = []

    def call(name: str) -> None:
        started = time.monotonic()
        work.submit(working.work, name)
        took.append(time.monotonic() - started)

    os.kill(server.pid, signal.SIGSTOP)
    threads = [threading.Thread(target=call, args=[f"{n}"]) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(took) == 32
    assert max(took) < 15


def test_what_is_put_off_is_run_once_however_short_the_memory_of_the_broker(work: Any) -> None:
    with work.process("beat"), work.process("worker"), work.process("worker"):
        names = [f"{n}" for n in range(20)]
        operations = [work.submit(working.work.options(delay=3), name) for name in names]
        with redis.Redis.from_url(os.environ["TEST_REDIS_URL"]) as client:
            prefix = f"{work.environ['APP_TABLE_PREFIX']}profiles:"
            assert not [*client.keys(f"{prefix}profiles"), *client.keys(f"{prefix}profiles\x06*")]
        rows = [work.final(operation, seconds=60) for operation in operations]
    assert {(row.status, int(row.attempts)) for row in rows} == {("succeeded", 1)}
    assert sorted(work.lines()) == sorted(f"{what} {name}" for what in ("began", "ended") for name in names)
