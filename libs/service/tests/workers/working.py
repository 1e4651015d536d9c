"""A service of nothing but tasks, for tests to run as real processes.

Its tasks write what they do into the file that `WORK_DONE` names, a line each.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from libs.service import Service
from libs.service.logs import configure_logs
from libs.service.processes import run_beat, run_worker
from libs.tasks import asynctask
from libs.tasks.broker.draining import HAND_BACK_SIGNAL

WORK_DONE = "WORK_DONE"

RUN = "import sys; from libs.service.tests.workers import working; working.main(sys.argv[1])"
"""A script that runs a process of the service."""

STUCK = f"""
import os
from kombu.transport.redis import Channel

ask = Channel._brpop_start

def ask_unless_stuck(self, *args):
    if not os.path.exists(os.environ["STUCK"]):
        ask(self, *args)

Channel._brpop_start = ask_unless_stuck
{RUN}
"""
"""The same, with a consumer that asks for no message any more once there is a file."""

DYING = f"""
import os, signal
from libs.tasks.broker.celery_app import CeleryPublisher

publish, hints = CeleryPublisher.publish, iter(range(int(os.environ["HINTS"])))

def publish_or_die(self, *args, **kwargs):
    if next(hints, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    publish(self, *args, **kwargs)

CeleryPublisher.publish = publish_or_die
{RUN}
"""
"""The same, killed when it is to give one hint more than `HINTS`."""

ASKED_WHILE_FORKING = f"""
import threading
import time
from celery import signals
from libs.dynamodb import Database
from libs.resilience import forks
from libs.service.tests.workers.working import told

forks.HUNG_SECONDS = 60
ping, lock, asking, forking = Database.ping, threading.Lock(), threading.Event(), threading.Event()

def ping_while_forking(self):
    with lock:
        asking.set()
        forking.wait(60)
        time.sleep(0.2)
    ping(self)

Database.ping = ping_while_forking
signals.worker_init.connect(lambda **_: asking.wait(60), weak=False)
signals.worker_before_create_process.connect(lambda **_: forking.set(), weak=False)
signals.worker_process_init.connect(lambda **_: told(f"locked {{lock.locked()}}"), weak=False)
{RUN}
"""
"""The same, whose first child is to be forked while health is asked for, which keeps a lock for a while."""


def told(line: str) -> None:
    """Append a line in one write, as many processes do so."""
    with Path(os.environ[WORK_DONE]).open("a") as file:
        file.write(f"{line}\n")


def enough() -> Path:
    """Return the file that ends what is at work, however long it was to take."""
    return Path(os.environ[WORK_DONE]).with_name("enough")


@asynctask(timeout=60, attempts=50)
def work(name: str, seconds: float = 0) -> str:
    """Take so long, or until there is the file `enough`."""
    told(f"began {name}")
    until = time.monotonic() + seconds
    while time.monotonic() < until and not enough().exists():
        time.sleep(0.02)
    told(f"ended {name}")
    return name


@asynctask(timeout=60, attempts=1)
def once(name: str, seconds: float = 0) -> str:
    """Take so long, and be tried once."""
    return work.function(name, seconds)  # type: ignore[no-any-return]


@asynctask(timeout=60, attempts=3, retry_seconds=0.1)
def poison(name: str) -> None:
    """Take the worker with it."""
    told(f"began {name}")
    os._exit(1)


@asynctask(timeout=60, retry_seconds=0.1)
def flaky(name: str) -> None:
    """Fail at the first try."""
    done = Path(os.environ[WORK_DONE])
    first = not done.exists() or f"began {name}" not in done.read_text().splitlines()
    told(f"began {name}")
    if first:
        raise RuntimeError("the first try")
    told(f"ended {name}")


@asynctask(timeout=60, attempts=1)
def hopeless(name: str) -> None:
    """Fail for good."""
    told(f"began {name}")
    raise RuntimeError(name)


@asynctask(timeout=60, queue="slow", priority=5)
def aside(name: str) -> None:
    """Do it in another queue."""
    told(f"ended {name}")


@asynctask(timeout=60)
def stubborn(name: str) -> None:
    """Heed no signal."""
    signal.signal(HAND_BACK_SIGNAL, signal.SIG_IGN)
    work.function(name, 50)


# The name is one that has a contract; nothing of it is served.
service = Service("profiles", tasks=[work, once, poison, flaky, hopeless, aside, stubborn])


def call() -> None:
    """Call a task as a request would."""
    work.options(unique_key="called")("called")


def main(process: str) -> None:
    """Run a process of the service."""
    run(service, process, call)


def run(one: Service, process: str, calling: Callable[[], None]) -> None:
    """Run the worker or beat of a service, as ``python -m libs.service`` does it; or only `calling`."""
    settings = one.load_settings(os.environ)
    configure_logs("profiles", log_format="json", level="INFO")
    running = one.start(settings)
    if process == "call":
        assert running.tasks is not None
        with running.tasks.active():
            calling()
    else:
        sys.exit({"worker": run_worker, "beat": run_beat}[process](running))
