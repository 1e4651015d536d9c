"""A service of two releases, of which `RELEASE` says which is run."""

import os
from datetime import date
from typing import Any

from libs.service import Service
from libs.service.tests.workers.working import run, told
from libs.tasks import Task, asynctask

RUN = "import sys; from libs.service.tests.workers import released; released.main(sys.argv[1])"


def in_one(arguments: dict[str, Any], version: int) -> dict[str, Any]:
    """Have a day instead of three numbers, since version 2."""
    assert version == 1
    return {"name": arguments["name"], "day": date(*arguments["day"])}


if os.environ.get("RELEASE") == "A":

    @asynctask
    def greet(name: str, day: list[int]) -> None:
        """Greet somebody on a day."""
        told(f"A greeted {name} on {day}")

    tasks: list[Task] = [greet]
else:

    @asynctask(version=2, upgrade=in_one)
    def greet(name: str, day: date) -> None:
        """Greet somebody on a day."""
        told(f"B greeted {name} on {day!r}")

    @asynctask(queue="fast")
    def wave(name: str) -> None:
        """Be what the release before has not, in a queue of its own."""
        told(f"B waved to {name}")

    tasks = [greet, wave]

service = Service("profiles", tasks=tasks)


def call_all() -> None:
    """Call each task as a request would."""
    days = {"A": [2026, 3, 1], "B": date(2026, 3, 1)}
    for task in tasks:
        task("ada", days[os.environ["RELEASE"]]) if task is greet else task("ada")


def main(process: str) -> None:
    """Run a process of the release."""
    run(service, process, call_all)
