"""Which of the two modes a command works in: native (processes here) or compose (containers)."""

import json
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from infra.local import paths
from infra.local.errors import LocalError
from infra.local.ports import Ports, ports_from_json, read_ports


class Mode(StrEnum):
    """How the stack runs."""

    NATIVE = "native"
    COMPOSE = "compose"


@dataclass(frozen=True)
class Remembered:
    """What `up` wrote down for the commands after it."""

    mode: Mode
    ports: Ports


@dataclass(frozen=True)
class Choice:
    """The mode, and why it is this one."""

    mode: Mode
    reason: str

    def __str__(self) -> str:
        return f"Mode: {self.mode} ({self.reason})"


def choose(environ: Mapping[str, str], up: Mode | None, docker: Callable[[], bool]) -> Choice:
    """MODE if it is set, else the mode that is up, else compose where Docker answers, else native."""
    asked = environ.get("MODE")
    if asked:
        if asked not in list(Mode):
            raise LocalError(f"MODE={asked} is no mode: set it to native or compose.")
        return Choice(Mode(asked), "MODE says so")
    if up:
        return Choice(up, "it is up; MODE chooses another after `make down`")
    if docker():
        return Choice(Mode.COMPOSE, "a Docker engine answers; MODE=native does without it")
    return Choice(Mode.NATIVE, "no Docker engine with compose v2 answers")


def docker_answers() -> bool:
    """Whether a Docker engine and its compose plugin are there."""
    return all(
        _succeeds(command)
        for command in (
            ["docker", "version", "--format", "{{.Server.Version}}"],
            ["docker", "compose", "version"],
        )
    )


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def remember(mode: Mode, ports: Ports) -> None:
    """Write down what is being started, so that `down`, `logs`, `seed` find it."""
    text = json.dumps({"mode": mode, "ports": ports.as_dict()})
    paths.write_atomically(paths.make_folder(paths.LOCAL) / "mode", text + "\n")


def recall() -> Remembered | None:
    """What was started last and not taken down since."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        value = json.loads((paths.LOCAL / "mode").read_text())
        return Remembered(Mode(value["mode"]), ports_from_json(value["ports"]))
    return None


def forget() -> None:
    """Nothing is up any more."""
    (paths.LOCAL / "mode").unlink(missing_ok=True)


def ports_of_what_is_up(environ: Mapping[str, str]) -> Ports:
    """The ports `up` used, else those the environment asks for."""
    remembered = recall()
    return remembered.ports if remembered else read_ports(environ)
