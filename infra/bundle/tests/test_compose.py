import re
import shutil
import subprocess
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.aws.stage import Stage
from infra.bundle import Images, write_bundle
from infra.bundle.compose import HEALTHD, STOP_SECONDS, compose
from infra.bundle.tests.conftest import COMMIT, MakeStage
from libs.service import Settings
from libs.service.settings.files import CONFIG
from libs.service.testing import ROOT

HERE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
WRITTEN = {
    "image": str,
    "command": list,
    "env_file": list,
    "environment": dict,
    "stop_grace_period": str,
    "healthcheck": dict,
    "init": bool,
    "read_only": bool,
    "tmpfs": list,
    "cap_drop": list,
    "security_opt": list,
    "mem_limit": str,
    "restart": str,
    "logging": dict,
    "depends_on": dict,
    "ports": list,
    "volumes": list,
}
"""What a container is told, and of which type: so a misspelt name is noticed without Docker, too."""


@pytest.fixture
def services(live: Stage, images: Images) -> dict[str, Any]:
    found: dict[str, Any] = compose(live, "todos", images, "web")["services"]
    return found


@pytest.mark.parametrize(
    ("worker", "role", "parts"),
    [
        ("beside", "web", ["web", "worker", "beat", "proxy"]),
        ("environment", "web", ["web", "proxy"]),
        ("environment", "worker", ["worker", "beat"]),
        ("none", "web", ["web", "proxy"]),
    ],
)
def test_what_runs_on_an_instance(
    make_stage: MakeStage, images: Images, worker: str, role: Any, parts: list[str]
) -> None:
    told = compose(make_stage(worker=worker), "todos", images, role)["services"]
    assert list(told) == parts
    for part in set(parts) - {"proxy"}:
        assert told[part]["command"] == [part]
        assert told[part]["image"] == images.service


def test_only_what_compose_knows_is_written(services: dict[str, Any]) -> None:
    for container in services.values():
        assert {name: type(value) for name, value in container.items()} == {
            name: WRITTEN[name] for name in container
        }


def test_docker_reads_it(live: Stage, images: Images, tmp_path: Path) -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"]).returncode:
        pytest.skip("there is no docker compose here")
    opened = write_bundle(live, "todos", COMMIT, images, tmp_path).with_suffix("")
    done = subprocess.run(
        ["docker", "compose", "config", "--quiet"], cwd=opened, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("part", ["web", "worker", "beat"])
def test_a_process_is_confined_and_stopped_as_in_compose_here(services: dict[str, Any], part: str) -> None:
    """docker-compose.yml is what is tested most."""
    here = HERE["todos" if part == "web" else f"todos-{part}"]
    for name in ("init", "read_only", "tmpfs", "cap_drop", "security_opt", "restart", "stop_grace_period"):
        assert services[part][name] == here[name], name
    assert services[part].get("healthcheck") == here.get("healthcheck")


def test_the_proxy_is_confined_likewise(services: dict[str, Any]) -> None:
    for name in ("init", "read_only", "tmpfs", "cap_drop", "security_opt", "restart"):
        assert services["proxy"][name] == HERE["proxy"][name], name
    assert services["proxy"]["volumes"] == [f"{HEALTHD}:{HEALTHD}"]


def test_a_process_is_killed_after_it_has_had_its_time() -> None:
    told = {one.name: one.default for one in fields(Settings)}
    assert told["shutdown_delay_seconds"] + told["drain_seconds"] < STOP_SECONDS


def test_a_container_is_told_its_environment_and_no_more(services: dict[str, Any]) -> None:
    """Else config/<stage>.yaml would not say what is in force."""
    for part in ("web", "worker", "beat"):
        assert services[part]["environment"] == {"APP_ENVIRONMENT": "live"}
        # Beanstalk writes it; here it is not there.
        assert services[part]["env_file"] == [{"path": ".env", "required": False}]


def test_the_proxy_believes_the_network_of_the_stage(live: Stage, images: Images) -> None:
    network = replace(live.network, addresses=("10.1.0.0/16", "10.2.0.0/16"))
    told = compose(replace(live, network=network), "todos", images, "web")["services"]["proxy"]
    assert told["environment"]["PROXIES"] == "10.1.0.0/16 10.2.0.0/16"


def test_logs_go_to_the_group_of_the_service_and_hold_up_nobody(services: dict[str, Any]) -> None:
    for part, container in services.items():
        logging = container["logging"]
        assert logging["driver"] == "awslogs"
        assert logging["options"] == {
            "awslogs-group": "/polymacaron/live/todos",
            "awslogs-region": "eu-west-1",
            "tag": f"{part}/{{{{.ID}}}}",
            "mode": "non-blocking",
            "max-buffer-size": "4m",
        }


def test_images_are_named_by_digest(services: dict[str, Any]) -> None:
    for container in services.values():
        assert re.search(r"@sha256:[0-9a-f]{64}\Z", container["image"])


def test_the_services_look_for_tables_where_the_stage_is(live: Stage) -> None:
    """The region stands in two files: in one for services, in the other for who deploys them."""
    told: dict[str, Any] = {}
    for name in ("default", live.name):
        told |= yaml.safe_load((CONFIG / f"{name}.yaml").read_text()).get("all", {})
    assert told["dynamodb_region"] == live.region
