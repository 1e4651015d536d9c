"""Two instances behind a load balancer are restarted while requests come: none of them fails."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench.rolling.restarting import Restart, Rolled, roll
from infra.local.throwaway import reserved_port
from libs.service.tests.processes.serving import served
from libs.service.tests.workers.forking import Forks

DELAY_SECONDS = 1.0
"""Longer than the load balancer takes to look, four times over: the machine may be busy."""


def test_a_rolling_restart_under_load_fails_no_request(forks: Forks, tmp_path: Path) -> None:
    requests = [httpx.Request("GET", f"http://balancer{path}") for path in ("/quick", "/doze/50", "/doze/5")]
    with ExitStack() as ports:
        found = [ports.enter_context(reserved_port()) for _ in range(2)]
        rolled = asyncio.run(_rolled(forks, tmp_path, found, requests))
    assert rolled.failed == 0, rolled.outcomes
    assert rolled.outcomes["answered"] > 50


async def _rolled(forks: Forks, folder: Path, ports: list[int], requests: list[httpx.Request]) -> Rolled:
    running: dict[int, ExitStack] = {}
    codes: list[int] = []

    def start(port: int) -> None:
        stack = running[port] = ExitStack()
        own = folder / str(port)
        own.mkdir(exist_ok=True)
        settings = {"shutdown_delay_seconds": str(DELAY_SECONDS), "web_threads": "8"}
        web = stack.enter_context(served(forks, own, port, **settings))
        stack.callback(lambda: codes.append(web.process.wait(20)))
        stack.callback(web.process.send_signal, signal.SIGTERM)

    def restarting(port: int) -> Restart:
        def restart() -> None:
            running[port].close()
            start(port)

        return lambda: asyncio.to_thread(restart)

    for port in ports:
        start(port)
    try:
        instances = {f"http://127.0.0.1:{port}": restarting(port) for port in ports}
        rolled = await roll(instances, requests, rate=40, interval=0.1)
    finally:
        for stack in running.values():
            stack.close()
    assert codes == [0, 0, 0, 0]
    return rolled
