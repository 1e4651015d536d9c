"""Throughput and latency of tasks, as ratios to plain Celery, alternately in one run."""

import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import redis

from libs.service import Running
from libs.service.testing import eventually, python_process


@dataclass(frozen=True)
class Cost:
    """Seconds: of all tasks, and between call and end of one that has the worker for itself."""

    total: float
    latency: float


def compare(running: Running, environ: Mapping[str, str], *, count: int, seconds: float) -> tuple[Cost, Cost]:
    """Return what `count` tasks of so many seconds each cost plain Celery, and here."""
    from bench.tasks import orders

    os.environ["APP_REDIS_URL"] = environ["APP_REDIS_URL"]
    from bench.tasks import plain

    def ours(name: str) -> None:
        assert running.tasks is not None  # noqa: S101 - it has some
        with running.tasks.active():
            orders.measured(name=name, seconds=seconds)

    def theirs(name: str) -> None:
        plain.measured.delay(name, seconds)

    with python_process("-c", "from bench.tasks import plain; plain.run()", environ=environ):
        baseline = _measure(theirs, environ["APP_REDIS_URL"], count)
    with python_process("-m", "bench.tasks.orders", "worker", environ=environ):
        return baseline, _measure(ours, environ["APP_REDIS_URL"], count)


def _measure(call: Callable[[str], None], url: str, count: int) -> Cost:
    with redis.Redis.from_url(url) as clock:

        def over(number: int) -> dict[str, float]:
            eventually(lambda: clock.llen("over") >= number, seconds=300)
            noted = [line.decode().split() for line in clock.lrange("over", 0, -1)]
            return {name: float(at) for name, at in noted}

        clock.delete("over")
        call("first")
        over(1)  # the worker is there, and its connections are open
        latencies = []
        for n in range(20):
            began = time.time()
            call(f"one {n}".replace(" ", "-"))
            latencies.append(over(n + 2)[f"one-{n}"] - began)
        clock.delete("over")
        began = time.time()
        for n in range(count):
            call(f"{n}")
        total = max(over(count).values()) - began
        return Cost(total, statistics.median(latencies))
