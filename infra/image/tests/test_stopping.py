"""What stops a process gives it longer than it takes for itself, `APP_DRAIN_SECONDS` and the delay before."""

from pathlib import Path

import pytest
import yaml

from infra.local.supervisor_config import STOP_SECONDS
from libs.service import Settings

MARGIN_SECONDS = 3
"""For Python to come down, and for a machine that is busy."""
CONTAINERS = {
    name: container
    for name, container in yaml.safe_load((Path(__file__).parents[3] / "docker-compose.yml").read_text())[
        "services"
    ].items()
    if str(container.get("image", "")).startswith("polymacaron/")
    and not {"entrypoint", "profiles"} & set(container)
}


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_container_is_killed_later_than_it_has_drained(name: str) -> None:
    container = CONTAINERS[name]
    # The delay that a stack behind a load balancer has, which is the default, fits in as well.
    drains = int(container["environment"].get("APP_DRAIN_SECONDS", Settings.drain_seconds))
    drains += Settings.shutdown_delay_seconds
    grace = container["stop_grace_period"]
    assert int(grace.removesuffix("s")) >= drains + MARGIN_SECONDS


def test_there_are_web_processes_workers_and_beats_to_be_stopped() -> None:
    assert {"auth", "auth-worker", "auth-beat", "todos-worker", "todos-beat"} <= set(CONTAINERS)


def test_supervisor_kills_later_than_a_process_has_drained() -> None:
    assert Settings.drain_seconds + MARGIN_SECONDS <= STOP_SECONDS
