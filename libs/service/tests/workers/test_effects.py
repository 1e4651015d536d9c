"""Effects are made once, though the process that makes them is killed right before and right after."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.service import Running
from libs.service.testing import environment, eventually, running_service
from libs.service.tests.workers.forking import Forks
from libs.service.tests.workers.paying import DEATHS, PLACES, RUN, Account, pay, receipt, service
from libs.tasks import Operation

ACCOUNTS = [f"account-{n}" for n in range(4)]
QUICK = {"task_lease_seconds": "1", "task_sweep_seconds": "0.2", "worker_concurrency": "2"}
"""What has died is seen by its lease."""


@pytest.fixture
def deaths(tmp_path: Path) -> Path:
    """A folder with a file for each death: every account's task dies at all places, one in each run."""
    folder = tmp_path / "deaths"
    folder.mkdir()
    for account in ACCOUNTS:
        for place in PLACES:
            (folder / f"{account} {place}").touch()
    return folder


@pytest.fixture
def environ() -> dict[str, str]:
    return environment("profiles", **QUICK)


@pytest.fixture
def running(environ: dict[str, str]) -> Iterator[Running]:
    with running_service(service, environ) as started:
        yield started


def test_a_process_killed_around_its_effects_makes_none_of_them_twice(
    running: Running, environ: dict[str, str], deaths: Path, forks: Forks, tmp_path: Path
) -> None:
    assert running.tasks is not None
    with running.tasks.active():
        payments = {account: pay(account_id=account).id for account in ACCOUNTS}
    environ = {**environ, DEATHS: str(deaths)}
    with (
        (tmp_path / "log").open("ab") as log,
        forks.process(RUN, "beat", environ=environ, output=log),
        forks.process(RUN, "worker", environ=environ, output=log),
    ):

        def ended() -> dict[str, Operation]:
            rows = {row.id: row for row in Operation.scan() if row.task in {pay.name, receipt.name}}
            return rows if all(row.is_final for row in rows.values()) else {}

        rows = eventually(ended, seconds=180, every=0.1)
    assert list(deaths.iterdir()) == [], "each of them died at each place"
    assert {row.status for row in rows.values()} == {"succeeded"}
    assert min(rows[one].attempts for one in payments.values()) > len(PLACES), "in a run for each"
    accounts = {row.id: (row.charges, row.bonus) for row in Account.scan()}
    assert accounts == dict.fromkeys(ACCOUNTS, (1, 1)), "no effect was lost, and none made twice"
    assert Counter(row.task for row in rows.values()) == {
        pay.name: len(ACCOUNTS),
        receipt.name: len(ACCOUNTS),
    }
    assert {rows[rows[one].result].task for one in payments.values()} == {receipt.name}
