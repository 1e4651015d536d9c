"""Accepting orders while workers, Redis and the web process are killed, and counting what became of them."""

import random
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
from pynamodb.exceptions import PynamoDBException

from bench.tasks.orders import Order
from infra.local.ports import HOST
from infra.local.servers import redis_answers, redis_command, wait_until
from libs.service.testing import kill_group, python_process
from libs.tasks import Operation
from libs.tasks.operation import PENDING

CLIENTS = 8
WEB_KILLS = 10
REDIS_KILLS = 5
SETTLE_SECONDS = 600.0
TRIES = 20


Found = TypeVar("Found")


def _asked(question: Callable[[], Found]) -> Found:
    """Return the answer of a database that may be too busy for one."""
    for _ in range(TRIES):
        with suppress(PynamoDBException):
            return question()
        time.sleep(2)
    return question()


def _pending() -> list[Operation]:
    return list(Operation.pending_index.query(PENDING, limit=1))


@dataclass
class Outcome:
    """What became of the orders; `meanwhile`: how many of them ended while all was being killed."""

    accepted: int = 0
    unanswered: int = 0
    done: int = 0
    parked: int = 0
    meanwhile: int = 0
    lost: int = 0
    double: int = 0
    half: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.accepted == self.done + self.parked and not (self.lost or self.double or self.half)


class Killable:
    """A process that is killed and started again."""

    def __init__(self, start: Callable[[ExitStack], subprocess.Popen[bytes]]) -> None:
        self._start = start
        self._stack = ExitStack()
        self.process = start(self._stack)

    def restart(self) -> None:
        """Kill it and all its children, as the loss of a machine would, and start it."""
        self.stop()
        self.process = self._start(self._stack)

    def stop(self) -> None:
        kill_group(self.process)
        self._stack.close()


class Chaos:
    """The processes of the service, and what kills them.

    :param count: the orders to be accepted.
    :param rate: how many are sent a second, at most.
    :param workers: how many there are, of which one is killed each `kill_seconds`.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        folder: Path,
        *,
        count: int,
        rate: float,
        workers: int,
        kill_seconds: float,
        port: int,
    ) -> None:
        self._environ = environ
        self._folder = folder
        self._count = count
        self._rate = rate
        self._workers = workers
        self._port = port
        self._kill_seconds = kill_seconds
        self._accepted: dict[str, str] = {}
        self._unanswered: set[str] = set()
        self._lock = threading.Lock()
        self._quiet_since = 0.0
        self.outcome = Outcome()

    def run(self, redis_port: int) -> Outcome:
        """Do it all."""
        began = time.monotonic()
        log = (self._folder / "processes.log").open("ab")
        web = Killable(lambda stack: self._web(stack, log))
        redis = Killable(lambda stack: self._redis(stack, redis_port))
        beat = Killable(lambda stack: self._process(stack, "beat", log))
        workers = [Killable(lambda stack: self._process(stack, "worker", log)) for _ in range(self._workers)]
        over = threading.Event()
        try:
            killers = [
                threading.Thread(target=self._kill_workers, args=(workers, over)),
                threading.Thread(target=self._kill_at, args=("web", web, WEB_KILLS, over)),
                threading.Thread(target=self._kill_at, args=("redis", redis, REDIS_KILLS, over)),
            ]
            for killer in killers:
                killer.start()
            with ThreadPoolExecutor(CLIENTS) as clients:
                for _ in range(CLIENTS):
                    clients.submit(self._send)
            over.set()
            for killer in killers:
                killer.join()
            self._quiet_since = time.time()
            self._settle()
        finally:
            over.set()
            for one in (web, beat, redis, *workers):
                one.stop()
            log.close()
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def _process(self, stack: ExitStack, kind: str, log: object) -> subprocess.Popen[bytes]:
        process = python_process("-m", "bench.tasks.orders", kind, environ=self._environ, output=log)  # type: ignore[arg-type]
        return stack.enter_context(process)

    def _web(self, stack: ExitStack, log: object) -> subprocess.Popen[bytes]:
        arguments = ["-m", "gunicorn", "-w", "2", "-k", "gthread", "--threads", "8", "--log-level", "error"]
        bound = ["-b", f"{HOST}:{self._port}", "bench.tasks.orders:web()"]
        process = python_process(*arguments, *bound, environ=self._environ, output=log)  # type: ignore[arg-type]
        return stack.enter_context(process)

    def _redis(self, stack: ExitStack, port: int) -> subprocess.Popen[bytes]:
        data = self._folder / "redis"
        data.mkdir(exist_ok=True)
        server = subprocess.Popen(  # noqa: S603 - a server of our own
            redis_command(port, data), stdout=subprocess.DEVNULL, start_new_session=True
        )
        wait_until(lambda: redis_answers(port), 30)
        return server

    def _send(self) -> None:
        with httpx.Client(base_url=f"http://{HOST}:{self._port}", timeout=15) as client:
            while len(self._accepted) < self._count:
                order, started = uuid.uuid4().hex, time.monotonic()
                try:
                    answer = client.post(f"/orders/{order}")
                except httpx.TransportError as error:
                    refused = isinstance(error, httpx.ConnectError)
                    with self._lock:
                        self._unanswered |= set() if refused else {order}
                    time.sleep(0.2)
                    continue
                with self._lock:
                    if answer.status_code == 202:
                        self._accepted[order] = answer.json()["operation"]
                    else:
                        self._unanswered.add(order)
                time.sleep(max(CLIENTS / self._rate - (time.monotonic() - started), 0))

    def _kill_workers(self, workers: list[Killable], over: threading.Event) -> None:
        while not over.wait(self._kill_seconds):
            random.choice(workers).restart()  # noqa: S311 - no secret
            self.outcome.killed["worker"] += 1

    def _kill_at(self, name: str, victim: Killable, times: int, over: threading.Event) -> None:
        for n in range(1, times + 1):
            while len(self._accepted) < self._count * n / (times + 1):
                if over.wait(0.05):
                    return
            victim.restart()
            self.outcome.killed[name] += 1

    def _settle(self) -> None:
        """Wait until all that was accepted has ended, and count."""
        outcome, deadline = self.outcome, time.monotonic() + SETTLE_SECONDS
        while _asked(lambda: bool(_pending())) and time.monotonic() < deadline:
            time.sleep(1)
        rows = _asked(lambda: {row.id: row for row in Operation.scan(consistent_read=True, page_size=100)})
        orders = _asked(lambda: {row.id: row for row in Order.scan(consistent_read=True, page_size=100)})
        states = Counter(rows[one].status if one in rows else "lost" for one in self._accepted.values())
        outcome.accepted, outcome.unanswered = len(self._accepted), len(self._unanswered)
        outcome.done, outcome.parked = states["succeeded"], states["failed"]
        ends = [rows[one].finished_at for one in self._accepted.values() if one in rows]
        outcome.meanwhile = sum(1 for at in ends if at is not None and at.timestamp() < self._quiet_since)
        outcome.lost = outcome.accepted - outcome.done - outcome.parked
        outcome.double = sum(1 for row in orders.values() if row.charges > 1)
        # An order without its charge or the other way round, also of those that got no answer.
        outcome.half = sum(
            1
            for row in orders.values()
            if row.operation not in rows or (rows[row.operation].status == "succeeded") != (row.charges == 1)
        )
