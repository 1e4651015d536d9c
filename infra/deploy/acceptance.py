"""The acceptance tests, against images on this machine and against environments."""

import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from shlex import join

import yaml

from infra.aws import names
from infra.deploy.exits import DeployError, Exit
from infra.deploy.work import Work
from infra.local.paths import ROOT
from infra.local.ports import DEFAULTS, HOST, variable

PYTEST = (sys.executable, "-m", "pytest", "testaccept", "-n", "4")
UP_SECONDS = "300"


def accept_images(work: Work, images: Mapping[str, str]) -> None:
    """Start the stack of docker-compose.yml with `images`, run the acceptance tests, and take it down again.

    :param images: the image of each service.
    :raises DeployError: it does not start, or a test fails.
    """
    ports = _free_ports(list(DEFAULTS))
    environment = {variable(name): str(port) for name, port in ports.items()}
    with tempfile.TemporaryDirectory(prefix="deploy-compose-") as folder:
        override = Path(folder, "images.yml")
        override.write_text(yaml.safe_dump(compose_override(images)))
        compose = (
            *("docker", "compose", "--project-directory", str(ROOT), "--project-name", f"{work.name}-try"),
            *("--file", str(ROOT / "docker-compose.yml"), "--file", str(override)),
        )
        down = (*compose, "down", "--volumes", "--remove-orphans")
        work.programs.run(*down, environment=environment)  # what a run that was killed has left
        try:
            up = (*compose, "up", "--no-build", "--quiet-pull", "--wait", "--wait-timeout", UP_SECONDS)
            if work.programs.run(*up, environment=environment).code != 0:
                work.programs.run(*compose, "logs", "--tail", "20", environment=environment)
                raise DeployError(
                    Exit.IMAGE_REJECTED, "the stack does not start with the image: see its logs above."
                )
            urls = {f"{service.upper()}_URL": f"http://{HOST}:{ports[service]}" for service in images}
            token = join([*compose, "exec", "-T", "auth", "python", "-m", "services.auth.token"])
            done = work.programs.run(
                *PYTEST, environment={**environment, **urls, "TESTACCEPT_TOKEN_COMMAND": token}
            )
        finally:
            work.programs.run(*down, environment=environment)
    if done.code != 0:
        raise DeployError(Exit.IMAGE_REJECTED, "the acceptance tests fail against the image: see above.")


def compose_override(images: Mapping[str, str]) -> dict[str, object]:
    """What makes docker-compose.yml start these images, in each container of a service.

    The tables are kept in memory: they are gone at the end, and a disk that is busy (with the images) would
    have calls take longer than a service waits.
    """
    told = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    built = {f"{names.repository(service)}:dev": image for service, image in images.items()}
    started = {
        name: {"image": built[container["image"]]}
        for name, container in told["services"].items()
        if container.get("image") in built
    }
    return {"services": {**started, "dynamodb": {"volumes": [{"type": "tmpfs", "target": "/data"}]}}}


def accept_environment(work: Work, address: str) -> str | None:
    """Run the acceptance tests against the whole stage, with this service at `address`.

    Everything is spoken to under its public name and connected to at its CNAME, so that neither DNS of the
    domain nor what resolvers remember of it has a part. Tests that need the stage's signing key are left out.

    :returns: None where it was done; where a service of the stage is not there yet, a sentence that names it.
    :raises DeployError: a test fails.
    """
    others = [service for service in work.stage.services if service != work.service]
    found = {service: work.beside(service).live() for service in others}
    missing = [service for service, live in found.items() if live is None]
    if missing:
        return f"not there yet: {' and '.join(missing)}; the acceptance tests are run when all services are"
    addresses = {service: live.cname for service, live in found.items() if live} | {work.service: address}
    environment = {"TESTACCEPT_TOKEN_COMMAND": ""}
    for service, where in addresses.items():
        environment[f"{service.upper()}_URL"] = f"{work.stage.scheme}://{work.stage.host(service)}"
        environment[f"{service.upper()}_CONNECT_TO"] = where
    done = work.programs.run(*PYTEST, "-m", "not operator", environment=environment)
    if done.code != 0:
        raise DeployError(
            Exit.ENVIRONMENT_REJECTED, f"the acceptance tests fail against {work.name}: see above."
        )
    return None


def _free_ports(wanted: list[str]) -> dict[str, int]:
    """A free port of the loopback for each name; all are held until all are found, so that they differ."""
    probes = {name: socket.socket() for name in wanted}
    try:
        for probe in probes.values():
            probe.bind((HOST, 0))
        return {name: probe.getsockname()[1] for name, probe in probes.items()}
    finally:
        for probe in probes.values():
            probe.close()
