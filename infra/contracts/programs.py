"""The programs that npm carries, at the versions npm/package-lock.json pins, installed once under .local/.

Nothing of them runs while they are installed, and none is asked to phone home.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from infra.local.errors import LocalError
from infra.local.output import say
from infra.local.packages import ensure_npm, install, locked, node_of_the_wheel, run
from infra.local.paths import LOCAL, make_folder

PINNED = Path(__file__).with_name("npm")
"""The folder of package.json and package-lock.json."""
OLDEST = ((20, 19), (22, 12))
"""The Node.js that @redocly/cli runs on: 20.19 and later 20s, or 22.12 and anything later."""
QUIET = {
    "REDOCLY_TELEMETRY": "off",
    "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
    "REDOCLY_SUPPRESS_NOTIFICATIONS": "true",
    "NO_COLOR": "1",
}


def is_new_enough(version: tuple[int, ...]) -> bool:
    """Whether the programs run on a Node.js of this version."""
    old, new = OLDEST
    return old <= version < (21,) or version >= new


def node_version(node: Path) -> tuple[int, ...]:
    """The version of a `node`, (0,) if it does not run."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.match(r"v(\d+)\.(\d+)\.(\d+)", said)
    return tuple(int(number) for number in found.groups()) if found else (0,)


def ensure_node() -> Path:
    """The machine's `node` if it is new enough, else the wheel's (installed on demand).

    :raises LocalError: if there is none.
    """
    machine = shutil.which("node")
    if machine and is_new_enough(node_version(Path(machine))):
        return Path(machine)
    if node_of_the_wheel() is None:
        install("node.txt", "Node.js")
    wheel = node_of_the_wheel()
    if wheel is None:
        raise LocalError("No Node.js was found that is new enough: install 22.12 or later.")
    return wheel


def ensure_programs() -> Path:
    """The node_modules folder with the pinned programs; fetched (about 15 MB) if it is not there yet.

    Safe to call from any number of processes, and whole or not there at all.

    :raises LocalError: if they cannot be installed.
    """
    lock = hashlib.sha256((PINNED / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = LOCAL / "contract-tools" / lock
    if folder.is_dir():
        return folder / "node_modules"
    make_folder(folder.parent)
    with locked(folder.parent / ".lock"):
        if folder.is_dir():
            return folder / "node_modules"
        for leftover in folder.parent.glob(".partial-*"):  # ours alone: whoever held the lock is gone
            shutil.rmtree(leftover)
        say("Fetching the programs of infra/contracts/npm/package-lock.json ...")
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent) as partial:
            made = Path(partial, "made")
            shutil.copytree(PINNED, made)
            options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            run([*ensure_npm(), "ci", *options], "the programs could not be installed with npm", cwd=made)
            made.rename(folder)
    return folder / "node_modules"


def start(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the pinned packages to its end, and return what it said.

    :param program: its file below node_modules: ``typescript/bin/tsc``.
    """
    command: list[str | Path] = [ensure_node(), ensure_programs() / program, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env={**os.environ, **QUIET}
    )


def redocly(*arguments: str | Path) -> list[dict[str, Any]]:
    """Run `redocly` and return the JSON documents it printed: one for each file it looked at.

    :raises LocalError: if it said something else.
    """
    done = start("@redocly/cli/bin/cli.js", *arguments, "--format=json")
    found: list[dict[str, Any]] = []
    text, decoder = done.stdout.strip(), json.JSONDecoder()
    try:
        while text:
            value, end = decoder.raw_decode(text)
            found.append(value)
            text = text[end:].lstrip()
    except json.JSONDecodeError:
        found = []
    if not found:
        raise LocalError(f"redocly {arguments[0]} failed: {(done.stdout + done.stderr).strip()}")
    return found
