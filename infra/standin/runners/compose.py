"""A runner that does what an instance of Beanstalk does: `docker compose up` in the unpacked bundle.

What is of EC2 alone is changed before: logs are Docker's own, the proxy is published on a free port, and what
lies on the host lies in the deployment's folder.
"""

import base64
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from infra.local.ports import HOST
from infra.standin.bundles import COMPOSE
from infra.standin.runners.runner import CannotRun, Order
from infra.standin.runners.settings import Told, dotenv, whose

GATEWAY = "host.docker.internal"
"""What containers call this machine."""
LOOK_SECONDS = 5.0
"""Between two looks at the states of containers: Docker takes its time to tell."""
LOG_LINES = "100"


class Compose:
    """Runs bundles by docker compose.

    :param told: what a service is told, in a container.
    :param token: a password for the registry of images.
    """

    def __init__(self, told: Told, token: Callable[[], str]) -> None:
        self._told, self._token = told, token

    def start(self, order: Order) -> "Containers":
        """Pull the images of a bundle, and start its containers."""
        told = self._told(whose(order).service)
        folder = tempfile.TemporaryDirectory(prefix="standin-", ignore_cleanup_errors=True)
        root = Path(folder.name)
        order.bundle.unpack(root)
        compose = adapted(yaml.safe_load((root / COMPOSE).read_text()), told, root)
        (root / COMPOSE).write_text(yaml.safe_dump(compose))
        (root / ".env").write_text(dotenv(order.properties))
        containers = Containers(f"standin-{os.getpid()}-{order.environment}-{order.number}", folder)
        try:
            self._pull({service["image"] for service in compose["services"].values()})
            if order.given_up():
                raise CannotRun("given up")
            containers.run("up", "--detach", "--no-build", "--pull", "never")
            containers.find()
        except BaseException:
            containers.stop(gently=False)
            raise
        return containers

    def _pull(self, images: set[str]) -> None:
        """Pull images by digest, as whoever has a token of ECR."""
        token = base64.b64encode(f"AWS:{self._token()}".encode()).decode()
        with tempfile.TemporaryDirectory(prefix="standin-docker-") as folder:
            auths = {image.partition("/")[0]: {"auth": token} for image in images}
            Path(folder, "config.json").write_text(json.dumps({"auths": auths}))
            for image in sorted(images):
                _docker("--config", folder, "pull", "--quiet", image)


def adapted(compose: Mapping[str, Any], told: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """Return a compose file that runs here.

    :param told: environment variables of processes of the service.
    :param folder: for what would lie on the host.
    """
    services = {}
    for name, service in compose["services"].items():
        changed = {**service, "logging": {"driver": "json-file"}}
        if "APP_ENVIRONMENT" in service.get("environment", {}):
            changed["environment"] = {**service["environment"], **told}
            changed["extra_hosts"] = [f"{GATEWAY}:host-gateway"]
        if "ports" in service:
            changed["ports"] = [f"{HOST}::{port.rpartition(':')[2]}" for port in service["ports"]]
        if "volumes" in service:
            changed["volumes"] = [_in(folder, volume) for volume in service["volumes"]]
        services[name] = changed
    return {**compose, "services": services}


def _in(folder: Path, volume: str) -> str:
    source, _, target = volume.partition(":")
    if not source.startswith("/"):
        return volume
    here = folder / "host" / source.lstrip("/")
    here.mkdir(parents=True, exist_ok=True)
    here.chmod(0o777)
    return f"{here}:{target}"


class Containers:
    """A compose project that is up."""

    def __init__(self, project: str, folder: tempfile.TemporaryDirectory[str]) -> None:
        self._project, self._folder = project, folder
        self._address: tuple[str, int] | None = None
        self._looked = 0.0
        self._fault: str | None = None

    @property
    def address(self) -> tuple[str, int] | None:
        return self._address

    def find(self) -> None:
        """Ask where the proxy is, if there is one."""
        services = yaml.safe_load(Path(self._folder.name, COMPOSE).read_text())["services"]
        for name, service in services.items():
            for port in service.get("ports", ()):
                host, _, number = self.run("port", name, port.rpartition(":")[2]).strip().rpartition(":")
                self._address = (host, int(number))

    def fault(self) -> str | None:
        if time.monotonic() - self._looked > LOOK_SECONDS:
            self._fault, self._looked = self._look(), time.monotonic()
        return self._fault

    def _look(self) -> str | None:
        try:
            lines = self.run("ps", "--all", "--format", "json").splitlines()
        except CannotRun as error:
            return str(error)
        found = [json.loads(line) for line in lines if line.startswith("{")]
        ended = [one["Service"] for one in found if one["State"] != "running"]
        ill = [one["Service"] for one in found if one.get("Health") == "unhealthy"]
        if ended:
            return f"Containers have ended: {', '.join(sorted(ended))}."
        return f"Containers are not healthy: {', '.join(sorted(ill))}." if ill else None

    def log(self) -> str:
        with suppress(CannotRun):
            return self.run("logs", "--no-color", "--tail", LOG_LINES)
        return ""

    def stop(self, *, gently: bool = True) -> None:
        with suppress(CannotRun):
            # Each container has the time to stop that its compose file gives it, or none.
            self.run("down", "--volumes", "--remove-orphans", *([] if gently else ["--timeout", "0"]))
        self._folder.cleanup()

    def run(self, *arguments: str) -> str:
        """Run a compose command; what it prints.

        :raises CannotRun: if it fails.
        """
        where = ("--project-name", self._project, "--project-directory", self._folder.name)
        return _docker("compose", *where, "--file", str(Path(self._folder.name, COMPOSE)), *arguments)


def sweep() -> None:
    """Remove what stand-ins have left that were killed."""
    label = "com.docker.compose.project"
    asked = ("ps", "--all", "--filter", "name=^standin-", "--format", f'{{{{.Label "{label}"}}}}')
    for project in set(_docker(*asked).split()):
        owner = re.fullmatch(r"standin-([0-9]+)-.*", project)
        if owner and not psutil.pid_exists(int(owner[1])):
            _docker("compose", "--project-name", project, "down", "--volumes", "--timeout", "0")


def _docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it failed"]
        raise CannotRun(f"docker {arguments[0]}: {said[-1]}")
    return done.stdout
