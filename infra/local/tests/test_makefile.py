"""The Makefile's own work: the help, and a .venv that is whole or made again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.paths import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the Makefile and no packages to install."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").touch()
    return tmp_path


def make(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *arguments], cwd=clone, env=environ, capture_output=True, text=True)


def fake_python(clone: Path, text: str) -> str:
    python = clone / "python"
    python.write_text(f"#!/bin/sh\n{text}\n")
    python.chmod(0o755)
    return f"PYTHON={python}"


def recorder(file: Path) -> None:
    """Make `file` a program that adds its name and arguments to `ran` in the current folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # The Makefile asks the venv's Python whether it works: that is answered and not recorded.
    file.write_text('#!/bin/sh\n[ "$1" = -c ] && echo 1 && exit\necho "$(basename "$0") $*" >> ran\n')
    file.chmod(0o755)


def errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if not line.startswith("make")]


def test_make_alone_is_the_help_and_needs_nothing(clone: Path):
    done = make(clone)
    assert done.returncode == 0
    shown = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    assert shown >= {
        "up",
        "down",
        "ps",
        "logs",
        "seed",
        "shell",
        "token",
        "tasks",
        "run",
        "test",
        "testaccept",
        "lint",
        "fmt",
    }
    assert not (clone / ".venv").exists()


def test_a_venv_that_is_half_made_or_broken_is_made_again(clone: Path):
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").touch()
    arguments = (".venv/.stamp", f"PYTHON={sys.executable}")
    assert make(clone, *arguments).returncode == 0
    python = clone / ".venv" / "bin" / "python"
    assert subprocess.run([python, "-c", "import pip"]).returncode == 0
    assert errors(make(clone, *arguments)) == [], "nothing to do any more"

    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert "-m venv .venv" in make(clone, "--dry-run", *arguments).stdout


@pytest.mark.parametrize(
    ("venv", "command"),
    [
        (True, "python -m infra.local down --data"),
        (False, "docker compose --file docker-compose.yml --profile * down --volumes"),
    ],
)
def test_clean_removes_the_data_of_both_modes_though_nothing_is_up(
    clone: Path, monkeypatch: pytest.MonkeyPatch, venv: bool, command: str
):
    """Containers' volumes are outside the clone, and outlive `make down` and everything in it."""
    recorder(clone / "bin" / "docker")
    monkeypatch.setenv("PATH", str(clone / "bin"), prepend=os.pathsep)
    if venv:
        recorder(clone / ".venv" / "bin" / "python")
        (clone / ".venv" / ".stamp").touch()
    (clone / ".local").mkdir()
    done = make(clone, "clean")
    assert (done.returncode, done.stderr) == (0, "")
    assert (clone / "ran").read_text() == f"{command}\n"
    assert not (clone / ".venv").exists()
    assert not (clone / ".local").exists()


@pytest.mark.parametrize(
    ("python", "line"),
    [
        (
            'case "$1" in -V) echo Python 3.9.6;; *) exit 1;; esac',
            "Error: Python 3.11 or newer is needed and ",
        ),
        ('case "$2" in *ensurepip*) exit 1;; esac', " cannot make a virtual environment: "),
    ],
)
def test_a_python_that_does_not_do_is_one_line(clone: Path, python: str, line: str):
    done = make(clone, "ps", fake_python(clone, python))
    assert done.returncode != 0
    (said,) = errors(done)
    assert line in said
    assert not (clone / ".venv").exists()


def test_no_python_is_one_line(clone: Path):
    (said,) = errors(make(clone, "ps", "PYTHON=no-such-python"))
    assert said.startswith("Error: no-such-python was not found")
