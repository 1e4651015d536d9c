"""A migration survives what its workers do not: it loses no item, and does a page again at most."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.service import Running
from libs.service.testing import environment, eventually, running_service
from libs.service.tests.workers.forking import Forks
from libs.service.tests.workers.migrating import DEATHS, LOOKED_AT, PAGE_ITEMS, RUN, Thing, count, service

ITEMS = [f"thing-{number:03}" for number in range(120)]
DYING_AT = ITEMS[:3]
"""Items at which the child that does the page is killed."""
QUICK = {"task_lease_seconds": "1", "task_sweep_seconds": "0.2", "worker_concurrency": "1"}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "deaths").mkdir()
    for item in DYING_AT:
        (tmp_path / "deaths" / item).touch()
    return environment("profiles", **QUICK)


@pytest.fixture
def running(environ: dict[str, str]) -> Iterator[Running]:
    with running_service(service, environ) as started:
        with Thing.batch_write() as rows:
            for item in ITEMS:
                rows.save(Thing(item))
        yield started


def test_workers_that_are_killed_cost_a_page_each(
    running: Running, environ: dict[str, str], forks: Forks, tmp_path: Path
) -> None:
    looked_at = tmp_path / "looked-at"
    looked_at.touch()
    told = {**environ, DEATHS: str(tmp_path / "deaths"), LOOKED_AT: str(looked_at)}
    assert running.tasks is not None
    with running.tasks.active():
        count.start(running.database)
    with (tmp_path / "log").open("ab") as log, forks.process(RUN, "beat", environ=told, output=log):
        with forks.process(RUN, "worker", environ=told, output=log) as worker:
            eventually(lambda: len(looked_at.read_text().splitlines()) > 2 * PAGE_ITEMS, seconds=90)
            worker.send_signal(signal.SIGKILL)
            worker.wait(30)
        with forks.process(RUN, "worker", environ=told, output=log):
            eventually(lambda: count.found()[0].state == "done", seconds=120, every=0.1)
    assert list((tmp_path / "deaths").iterdir()) == [], "each of them was died at"
    assert {thing.id: thing.changes for thing in Thing.scan()} == dict.fromkeys(ITEMS, 1)
    (part,) = count.found()
    assert part.examined == len(ITEMS)
    seen = Counter(looked_at.read_text().splitlines())
    assert set(seen) == set(ITEMS)
    again = seen.total() - len(ITEMS)
    assert len(DYING_AT) <= again <= (len(DYING_AT) + 1) * PAGE_ITEMS
