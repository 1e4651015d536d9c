"""Whether a worker lives is told by what it consumes, and not by its heartbeat."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.ports import HOST
from infra.local.servers import redis_answers, redis_command
from infra.local.throwaway import reserved_port
from libs.errors import ServiceUnavailable
from libs.service.testing import eventually
from libs.service.tests.workers import working
from libs.tasks.watching.health import live_workers

EVERY = 2 / 3
"""A sign of life each third of the lease, which is two seconds here."""


def touched(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


def touches(file: Path, *, within: float) -> bool:
    """Whether the file is touched in that time."""
    before = touched(file)
    try:
        eventually(lambda: touched(file) > before, seconds=within)
    except TimeoutError:
        return False
    return True


def tasks_of(work: Any) -> dict[str, Any]:
    """What readiness tells of the tasks; a machine that is busy may need a few looks."""

    def look() -> dict[str, Any] | None:
        # What was found is kept, so it is made anew.
        health = type(work.running).health.func(work.running)
        try:
            found: dict[str, Any] = health.ready()["tasks"]
        except ServiceUnavailable:
            return None
        return found if found["ok"] else None

    answer = eventually(look)
    assert answer is not None
    return answer


@pytest.fixture
def alive(tmp_path: Path) -> Path:
    return tmp_path / "alive"


def test_a_worker_that_consumes_shows_it_and_readiness_counts_it_until_it_has_ended(
    work: Any, alive: Path
) -> None:
    assert tasks_of(work)["workers"] == 0
    with work.process("worker", alive_path=str(alive)) as worker:
        assert touches(alive, within=30)
        assert touches(alive, within=10 * EVERY)
        assert tasks_of(work)["workers"] == 1
        worker.terminate()
        worker.wait(30)
    assert tasks_of(work)["workers"] == 0


def test_a_consumer_that_is_stuck_is_seen_though_its_event_loop_turns(
    make_work: Callable[..., Any], alive: Path, tmp_path: Path
) -> None:
    work, stuck, silence = make_work(task_lease_seconds="1"), tmp_path / "stuck", 5 / 3
    with work.process("worker", script=working.STUCK, alive_path=str(alive), environ={"STUCK": str(stuck)}):
        assert touches(alive, within=30)
        stuck.touch()
        eventually(lambda: not touches(alive, within=silence))
        left = work.submit(working.work, "left")
        assert not touches(alive, within=silence)
        assert work.row(left).status == "queued", "it was stuck indeed"


def test_a_worker_with_its_hands_full_is_alive(work: Any, alive: Path) -> None:
    with work.process("worker", alive_path=str(alive)):
        for name in ("one", "two", "three"):
            work.submit(working.work, name, 10)
        work.wait_for("began one", "began two")
        assert touches(alive, within=10 * EVERY)
        assert touches(alive, within=10 * EVERY)
        assert "ended one" not in work.lines(), "its hands were full all the time"


def test_a_broker_that_is_away_is_no_fault_of_the_worker(
    make_work: Callable[..., Any], alive: Path, servers: Any
) -> None:
    with reserved_port() as port:
        work = make_work(redis_url=f"redis://{HOST}:{port}/0", task_sweep_seconds="0.5")
        redis = servers.start(redis_command(port, None), lambda: redis_answers(port))
        with work.process("worker", alive_path=str(alive)), work.process("beat"):
            assert touches(alive, within=30)
            redis.kill()
            redis.wait()
            assert touches(alive, within=30)
            servers.start(redis_command(port, None), lambda: redis_answers(port))
            started = time.monotonic()
            work.submit(working.work, "one")
            work.wait_for("ended one", seconds=60)
            assert time.monotonic() - started < 30
            assert touches(alive, within=30)


def test_what_is_started_while_the_broker_is_away_is_alive(
    make_work: Callable[..., Any], alive: Path, servers: Any
) -> None:
    with reserved_port() as port:
        work, of_beat = make_work(redis_url=f"redis://{HOST}:{port}/0"), alive.with_name("beat")
        with (
            work.process("worker", alive_path=str(alive)),
            work.process("beat", alive_path=str(of_beat)),
        ):
            assert touches(alive, within=30)
            assert touches(of_beat, within=30)
            assert touches(alive, within=30)
            assert live_workers() == 1
            servers.start(redis_command(port, None), lambda: redis_answers(port))
            work.all_final([work.submit(working.work, "one")])
            assert touches(alive, within=30)


def test_the_oldest_that_waits_is_told(work: Any) -> None:
    work.submit(working.work.options(delay=1000), "later")
    work.submit(working.work, "waits")
    time.sleep(1.1)  # the clock is what is tested
    found = tasks_of(work)
    assert 1 <= found["oldest_waiting_seconds"] < 60
