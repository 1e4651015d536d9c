"""Compose mode: the same stack as containers, by docker-compose.yml."""

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from typing import Any

from infra.local import paths, preflight
from infra.local.errors import LocalError
from infra.local.interrupt import exclusively
from infra.local.mode import Mode, forget, recall, remember
from infra.local.output import say
from infra.local.ports import Ports, read_ports

LOG_LINES = 15
BUILD_LINES = 40
PROGRESS = re.compile(r"\s*(Container|Network|Volume) ")
READY_SECONDS = 180
DOWN = ("--profile", "*", "down")
"""With the tools that somebody has started, which else stay, and hold the network."""


def command(*arguments: str) -> list[str]:
    """A `docker compose` command line for this clone."""
    return ["docker", "compose", "--project-directory", str(paths.ROOT), *arguments]


def environment(ports: Ports | None = None) -> dict[str, str]:
    """The caller's environment (DOCKER_HOST and the like) with the ports that docker-compose.yml reads."""
    remembered = recall()
    chosen = ports or (remembered.ports if remembered else read_ports(os.environ))
    return {**os.environ, **chosen.as_environment()}


def run(*arguments: str, ports: Ports | None = None) -> int:
    """Run a compose command before the user's eyes; its exit code."""
    return subprocess.run(command(*arguments), env=environment(ports), cwd=paths.ROOT).returncode


def run_python(service: str, arguments: list[str], *, terminal: bool) -> int:
    """Run Python in the container of a service, or in another one of its image where it does not run.

    :returns: the exit code.
    :raises LocalError: if nothing is up.
    """
    state = {container.get("Service"): container.get("State") for container in containers()}
    if not state:
        raise LocalError("nothing is up: make up")
    no_terminal = [] if terminal else ["-T"]
    if state.get(service) == "running":
        return run("exec", *no_terminal, service, "python", *arguments)
    return run("run", "--rm", "--no-deps", *no_terminal, "--entrypoint", "python", service, *arguments)


def run_calmly(*arguments: str, ports: Ports | None = None) -> int:
    """Like `run`; in a pipe, where progress is hundreds of lines, show the last of them on failure only."""
    if sys.stderr.isatty():
        return run(*arguments, ports=ports)
    done = subprocess.run(
        command(*arguments),
        env=environment(ports),
        cwd=paths.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        said = [line for line in done.stdout.splitlines() if not PROGRESS.match(line)]
        say("\n".join(said[-BUILD_LINES:]))
    return done.returncode


def ask(*arguments: str) -> str:
    """What a compose command prints. Raises LocalError with its last line if it fails."""
    done = subprocess.run(
        command(*arguments), env=environment(), cwd=paths.ROOT, capture_output=True, text=True
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LocalError(f"docker compose {arguments[0]}: {said[-1] if said else 'it failed'}")
    return done.stdout


def containers() -> list[dict[str, Any]]:
    """Every container of the project, running or not, as `docker compose ps` describes it."""
    return [
        json.loads(line)
        for line in ask("ps", "--all", "--format", "json").splitlines()
        if line.startswith("{")
    ]


def is_up() -> bool:
    """Whether a container of the project is running."""
    return any(container.get("State") == "running" for container in containers())


def up(ports: Ports) -> None:
    """Build, start and wait until all containers are healthy; on a LocalError all are down again."""
    with exclusively("compose"):
        if not is_up():
            preflight.check_ports(ports, ports.as_dict())
        remember(Mode.COMPOSE, ports)
        try:
            _up(ports)
        except BaseException:
            say("Stopping what was started ...")
            run_calmly(*DOWN, ports=ports)
            forget()
            raise


def _up(ports: Ports) -> None:
    """`docker compose up`; where it fails, show the containers and the last lines of those that failed."""
    say("Building and starting the containers (the first time takes minutes) ...")
    if run_calmly("up", "--build", "--wait", "--wait-timeout", str(READY_SECONDS), ports=ports) == 0:
        return
    failed: list[str] = []
    with suppress(LocalError):
        run("ps", "--all")
        failed = [container["Service"] for container in containers() if has_failed(container)]
        for service in failed:
            run("logs", "--no-log-prefix", "--tail", str(LOG_LINES), service)
    if not failed:
        raise LocalError("docker compose up failed: see its last lines above")
    raise LocalError(f"not ready: {', '.join(failed)}; the last lines of its log are above")


def has_failed(container: dict[str, Any]) -> bool:
    """Whether a container ended with an error, or runs and is not healthy."""
    if container.get("State") == "running":
        return container.get("Health") not in ("healthy", "", None)
    return container.get("ExitCode") != 0


def down(data: bool = False) -> bool:
    """Stop and remove the containers; False if there were none.

    The volumes, and so data and secrets, stay, unless `data` says to remove them, too.
    """
    with exclusively("compose"):
        there = bool(containers())
        # Volumes may be left from an earlier `down`, so their removal is tried without containers, too.
        if (there or data) and run_calmly(*DOWN, *(["--volumes"] if data else [])) != 0:
            raise LocalError("docker compose down failed: see its last lines above")
        forget()
        return there
