"""A rolling restart under a steady load."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx

from bench.rolling.balancer import Balancer

Restart = Callable[[Balancer], Awaitable[None]]
"""Stops an instance, waits until it has ended, and starts it."""


@dataclass(frozen=True)
class Rolled:
    """What has become of all requests: `answered`, a status of 400 or more, or an error's name."""

    outcomes: Counter[str]
    slowest: float
    """Seconds that one request took at most."""

    @property
    def failed(self) -> int:
        return self.outcomes.total() - self.outcomes["answered"]


async def roll(
    restarts: dict[str, Restart],
    requests: Sequence[httpx.Request],
    *,
    rate: float,
    interval: float = 0.2,
    at_least: float = 0,
) -> Rolled:
    """Restart one instance after the other while requests come.

    :param restarts: of each instance, by its address.
    :param requests: what is asked in turn; only their paths matter.
    :param rate: requests a second, whether or not those before are answered.
    :param interval: seconds between two looks at the readiness of each.
    :param at_least: seconds that it goes on for, with one round after the other.
    """
    balancer = Balancer(list(restarts), interval=interval)
    watching = asyncio.create_task(balancer.watch())
    sending: set[asyncio.Task[None]] = set()

    async def load() -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for request in itertools.cycle(requests):
            task = asyncio.create_task(balancer.send(request))
            sending.add(task)
            task.add_done_callback(sending.discard)
            due += 1 / rate
            await asyncio.sleep(max(0.0, due - loop.time()))

    try:
        for instance in restarts:
            await balancer.until(instance, ready=True)
        loading = asyncio.create_task(load())
        ends = asyncio.get_running_loop().time() + at_least
        while True:
            for instance, restart in restarts.items():
                await restart(balancer)
                await balancer.until(instance, ready=True)
            if asyncio.get_running_loop().time() >= ends:
                break
        loading.cancel()
        await asyncio.gather(*sending)
        return Rolled(balancer.outcomes, balancer.slowest)
    finally:
        watching.cancel()
        await balancer.close()
