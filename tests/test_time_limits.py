"""docs/protection.md says who waits how long: as services are made, where nothing is set."""

import re
from dataclasses import fields

import pytest

from infra.local.paths import ROOT
from libs.dynamodb.calls import Limits
from libs.service.limits.counters import REDIS_AWAY_SECONDS, REDIS_SECONDS
from libs.service.processes.web import KEPT_SECONDS
from libs.service.settings import Settings
from libs.tasks import asynctask
from libs.tasks.broker.brokers import CONNECT_TIMEOUT_SECONDS, SOCKET_TIMEOUT_SECONDS
from libs.tasks.broker.celery_app import PAUSE_AFTER_FAILURE_SECONDS

ROW = re.compile(r"^\|[^|]*\| ([^|]+) \| ([^|]*\d s\b[^|]*) \|([^|]*)\|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "protection.md").read_text())
DEFAULTS = {f"APP_{one.name.upper()}": one.default for one in fields(Settings)}


@asynctask
def usual() -> None:
    """A task that says nothing of time."""


OTHERS = {
    "the next request of a connection": [KEPT_SECONDS],
    "a connection": [Limits().connect],
    "each answer": [Limits().read],
    "all of it, with its retries": [Limits().total],
    "Redis, for one question": [REDIS_SECONDS, REDIS_AWAY_SECONDS],
    "the broker": [CONNECT_TIMEOUT_SECONDS, SOCKET_TIMEOUT_SECONDS, PAUSE_AFTER_FAILURE_SECONDS],
    "everything": [usual.timeout],
}
"""What there is no setting for, by what it is waited for."""


def test_all_of_it_is_looked_at() -> None:
    assert len(ROWS) == 17
    without = {what for what, _, setting in ROWS if "`APP_" not in setting}
    assert without == OTHERS.keys()


@pytest.mark.parametrize(("what", "told", "setting"), ROWS)
def test_a_limit_on_time_is_as_long_as_it_says(what: str, told: str, setting: str) -> None:
    seconds = [float(one) for one in re.findall(r"([\d.]+) s\b", told)]
    name = setting.strip(" `")
    assert seconds == ([DEFAULTS[name]] if name in DEFAULTS else OTHERS[what])
