"""``python -m bench.overload``: four times the load that a web process can carry.

Prints, for handlers that wait and for handlers that compute: what it can carry, how much of that it still
does under the load, how fast the others are refused, and when all is as before. One process with eight
threads; compare the numbers of one run with each other, and not with those of another machine.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from infra.local.throwaway import reserved_port
from libs.service.testing import eventually, python_process

HANDLERS = {"waits 50 ms": "/doze/50", "computes 5 ms": "/burn/5"}
THREADS = 8
PROBE_SECONDS = 0.25


@dataclass
class Answers:
    """Seconds that requests took, by what became of them."""

    served: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    lost: int = 0


async def _ask(port: int, path: str) -> int:
    """Return the status of an answer; 0 if there is none."""
    writer = None
    try:
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
        return int(answer[9:12] or 0)
    except (OSError, TimeoutError):
        return 0
    finally:
        if writer is not None:
            writer.close()


async def _timed(port: int, path: str, answers: Answers) -> None:
    began = time.perf_counter()
    status = await _ask(port, path)
    took = time.perf_counter() - began
    if status == 200:
        answers.served.append(took)
    elif status == 503:
        answers.refused.append(took)
    else:
        answers.lost += 1


async def capacity(port: int, path: str, seconds: float) -> float:
    """Return how many requests a second are served to as many clients as there are threads."""
    answers, ends = Answers(), time.perf_counter() + seconds

    async def client() -> None:
        while time.perf_counter() < ends:
            await _timed(port, path, answers)

    await asyncio.gather(*(client() for _ in range(THREADS)))
    return len(answers.served) / seconds


async def overload(port: int, path: str, rate: float, seconds: float) -> Answers:
    """Ask `rate` times a second, whether or not there are answers; and all the while, if it lives."""
    answers, sent = Answers(), []
    began = due = time.perf_counter()

    async def probe() -> None:
        while True:
            asked = time.perf_counter()
            if await _ask(port, "/health/live") != 200:
                answers.lost += 1
            answers.probes.append(time.perf_counter() - asked)
            await asyncio.sleep(PROBE_SECONDS)

    probing = asyncio.create_task(probe())
    while due < began + seconds:
        sent.append(asyncio.create_task(_timed(port, path, answers)))
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    probing.cancel()
    await asyncio.gather(*sent)
    return answers


async def recovery(port: int, path: str, usual: float) -> float:
    """Return after how many seconds a request is answered in less than three times what is usual."""
    began = time.perf_counter()
    while True:
        asked = time.perf_counter()
        if await _ask(port, path) == 200 and time.perf_counter() - asked < 3 * usual:
            return time.perf_counter() - began


async def measure(port: int, path: str, times: float, seconds: float) -> str:
    """Return what is to be told of a handler."""
    alone = Answers()
    for _ in range(20):
        await _timed(port, path, alone)
    usual = statistics.median(alone.served)
    carried = await capacity(port, path, seconds / 2)
    answers = await overload(port, path, times * carried, seconds)
    again = await recovery(port, path, usual)
    served = len(answers.served) / seconds / carried
    told = [
        f"carries {carried:.0f}/s",
        f"asked {times:.0f} times that, serves {served:.0%} of it (median {_percentile(answers.served, 50)})",
        f"refuses {len(answers.refused)} in {_percentile(answers.refused, 50)}",
        f"99 % of them in {_percentile(answers.refused, 99)}",
        f"loses {answers.lost}",
        f"probes take {_percentile(answers.probes, 99)} at most",
        f"as before after {again:.2f} s",
    ]
    return "; ".join(told)


def _percentile(seconds: list[float], percent: int) -> str:
    if not seconds:
        return "-"
    found = sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)]
    return f"{found * 1000:.0f} ms"


@contextmanager
def _web(settings: dict[str, str]) -> Iterator[int]:
    with reserved_port() as port, tempfile.TemporaryDirectory() as folder:
        told = {
            "ENVIRONMENT": "local",
            "SERVICE": "served",
            "PORT": str(port),
            "WEB_WORKERS": "1",
            "WEB_THREADS": str(THREADS),
            "DYNAMODB_REGION": "eu-west-1",
            "JWT_ISSUER": "http://auth.bench",
            "LOG_LEVEL": "WARNING",
            **settings,
        }
        environ = {**{f"APP_{name}": value for name, value in told.items()}, "SERVED_FOLDER": folder}
        with (
            Path(folder, "log").open("wb") as log,
            python_process("-m", "libs.service.tests.processes.served", environ=environ, output=log),
        ):
            eventually(lambda: _lives(port), seconds=60)
            yield port


def _lives(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ping", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def main(arguments: list[str]) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--times", type=float, default=4, help="what it can carry (4)")
    parser.add_argument("--seconds", type=float, default=10, help="how long (10)")
    given = parser.parse_args(arguments)
    settings = {name[4:]: value for name, value in os.environ.items() if name.startswith("APP_")}
    with _web(settings) as port:
        for name, path in HANDLERS.items():
            print(f"{name}: {asyncio.run(measure(port, path, given.times, given.seconds))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
