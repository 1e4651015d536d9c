"""Two instances behind a load balancer are restarted while requests come: none of them fails."""

import asyncio
import signal
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench.rolling.balancer import Balancer
from bench.rolling.restarting import Restart, Rolled, roll
from infra.local.throwaway import reserved_port
from libs.service.tests.processes.serving import Web, served
from libs.service.tests.workers.forking import Forks


def test_a_rolling_restart_under_load_fails_no_request(forks: Forks, tmp_path: Path) -> None:
    requests = [httpx.Request("GET", f"http://balancer{path}") for path in ("/quick", "/doze/50", "/doze/5")]
    with ExitStack() as ports:
        found = [ports.enter_context(reserved_port()) for _ in range(2)]
        rolled = asyncio.run(_rolled(forks, tmp_path, found, requests))
    assert rolled.failed == 0, rolled.outcomes
    assert rolled.outcomes["answered"] > 10


async def _rolled(forks: Forks, folder: Path, ports: list[int], requests: list[httpx.Request]) -> Rolled:
    running: dict[int, tuple[Web, ExitStack]] = {}

    def start(port: int) -> None:
        own = folder / str(port)
        own.mkdir(exist_ok=True)
        stack = ExitStack()
        web = stack.enter_context(served(forks, own, port, shutdown_delay_seconds="600", web_threads="8"))
        running[port] = web, stack

    def restarting(port: int) -> Restart:
        async def restart(balancer: Balancer) -> None:
            web, stack = running[port]
            web.process.send_signal(signal.SIGTERM)
            await balancer.until(web.url, ready=False)
            web.process.send_signal(signal.SIGTERM)  # which ends the delay: no test waits for a time
            assert await asyncio.to_thread(web.process.wait, 30) == 0
            stack.close()
            await asyncio.to_thread(start, port)

        return restart

    for port in ports:
        start(port)
    try:
        return await roll(
            {f"http://127.0.0.1:{port}": restarting(port) for port in ports}, requests, rate=40, interval=0.1
        )
    finally:
        for _, stack in running.values():
            stack.close()
