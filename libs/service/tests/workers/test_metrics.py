"""What worker and beat tell Prometheus, whatever was killed."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from infra.local.throwaway import reserved_port
from libs.service.tests.scraping import until
from libs.service.tests.workers import working

WORK = working.work.name


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


def test_a_worker_tells_what_its_children_have_done_also_those_that_were_killed(work: Any, port: int) -> None:
    with work.process("worker", metrics_port=str(port)) as worker:
        for name in ("one", "two", "three"):
            work.submit(working.work, name)
        told = until(port, "tasks_ended_total", "succeeded", WORK, value=3)
        assert told["tasks_started_total", WORK] == 3
        assert told["tasks_try_seconds_count", WORK] == told["tasks_wait_seconds_count", WORK] == 3
        assert ("tasks_workers",) not in told, "what is in the table web processes tell"

        work.submit(working.work, "long", 60)
        work.wait_for("began long")
        assert until(port, "tasks_started_total", WORK, value=4)
        for child in psutil.Process(worker.pid).children():
            os.kill(child.pid, signal.SIGKILL)
        work.submit(working.work, "four")
        told = until(port, "tasks_ended_total", "succeeded", WORK, value=4)
        assert told["tasks_ended_total", "succeeded", WORK] == 4
        assert told["tasks_started_total", WORK] >= 5


def test_beat_tells_what_it_relays_and_a_worker_what_it_takes_over(work: Any, port: int) -> None:
    with reserved_port() as other, work.process("beat", metrics_port=str(other)):
        with work.process("worker"):
            work.submit(working.work, "long", 60)
            work.wait_for("began long")
        with work.process("worker", metrics_port=str(port)):
            until(port, "tasks_workers_lost_total", WORK, value=1)
            assert until(other, "tasks_published_again_total", WORK, value=1)
