"""A service of nothing but tasks, for tests to run as real processes.

Its tasks write what they do into the file that `WORK_DONE` names, a line each.
"""

import os
import signal
import time
from pathlib import Path

from libs.service import Service
from libs.service.logs import configure_logs
from libs.service.processes import run_beat, run_worker
from libs.tasks import asynctask
from libs.tasks.draining import HAND_BACK_SIGNAL

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


def told(line: str) -> None:
    """Append a line in one write, as many processes do so."""
    with Path(os.environ[WORK_DONE]).open("a") as file:
        file.write(f"{line}\n")


@asynctask(timeout=60, attempts=50)
def work(name: str, seconds: float = 0) -> str:
    """Take so long."""
    told(f"began {name}")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
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
service = Service("profiles", tasks=[work, once, poison, aside, stubborn])


def main(process: str) -> None:
    """Run the worker or beat, as ``python -m libs.service`` does it."""
    settings = service.load_settings(os.environ)
    configure_logs("profiles", log_format="json", level="INFO")
    {"worker": run_worker, "beat": run_beat}[process](service.start(settings))
