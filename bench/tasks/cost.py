"""Throughput and latency of tasks, as ratios to plain Celery, in turns within one run."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import redis

from bench.tasks.plain import RESULTS, plain
from libs.service import Running
from libs.service.testing import eventually, python_process

SINGLES = 8
"""Tasks of a round that have the worker for themselves."""

Call = Callable[[str, float], object]


@dataclass(frozen=True)
class Cost:
    """Seconds: of all tasks of a round; between call and end of one; and of the call, until it returns."""

    total: float
    latency: float
    call: float


Costs = Mapping[str, Cost]
"""By who had them: `OURS`, and those of `RESULTS`."""

OURS = "ours"


def compare(
    running: Running, environ: Mapping[str, str], *, count: int, rounds: int, lengths: tuple[float, ...]
) -> Iterator[tuple[float, list[Costs]]]:
    """Yield, for each length of a task in seconds, what `count` of them cost in each of the rounds.

    All workers are there all the time; in a round each has its turn, so that a busy machine is busy for all.
    """
    from bench.tasks import orders

    os.environ.update({name: environ[name] for name in ("APP_REDIS_URL", "APP_DYNAMODB_ENDPOINT")})

    def ours(name: str, seconds: float) -> object:
        assert running.tasks is not None  # noqa: S101 - it has some
        with running.tasks.active():
            return orders.measured(name=name, seconds=seconds)

    apps = {results: plain(results) for results in RESULTS}
    calls: dict[str, Call] = {name: app.tasks["measured"].delay for name, app in apps.items()}
    calls[OURS] = ours
    with ExitStack() as stack:
        for results in RESULTS:
            stack.enter_context(python_process("-m", "bench.tasks.plain", results, environ=environ))
        stack.enter_context(python_process("-m", "bench.tasks.orders", "worker", environ=environ))
        clock = stack.enter_context(redis.Redis.from_url(environ["APP_REDIS_URL"], decode_responses=True))
        for call in calls.values():
            _round(call, clock, 8, 0.0)  # the workers are there, and their connections are open
        for seconds in lengths:
            yield (
                seconds,
                [
                    {name: _round(call, clock, count, seconds) for name, call in _turned(calls, n)}
                    for n in range(rounds)
                ],
            )


def _turned(calls: Mapping[str, Call], by: int) -> list[tuple[str, Call]]:
    order = list(calls.items())
    at = by % len(order)
    return order[at:] + order[:at]


def _round(call: Call, clock: redis.Redis, count: int, seconds: float) -> Cost:
    def over(number: int) -> dict[str, float]:
        eventually(lambda: clock.llen("over") >= number, seconds=300)
        noted = [str(line).split() for line in clock.lrange("over", 0, -1)]
        return {name: float(at) for name, at in noted}

    clock.delete("over")
    latencies, calls = [], []
    for n in range(SINGLES):
        began = time.time()
        call(f"one-{n}", seconds)
        calls.append(time.time() - began)
        latencies.append(over(n + 1)[f"one-{n}"] - began)
    clock.delete("over")
    began = time.time()
    for n in range(count):
        call(f"{n}", seconds)
    total = max(over(count).values()) - began
    return Cost(total, statistics.median(latencies), statistics.median(calls))
