"""The pinned programs are fetched once, whole, and run on a Node.js that is new enough."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.contracts import programs
from infra.local.errors import LocalError


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("v18.20.0", False),
        ("v20.18.9", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v25.0.0", True),
        ("no version", False),
    ],
)
def test_the_version_of_a_node_decides(tmp_path: Path, version: str, enough: bool):
    node = program(tmp_path / "node", f"echo {version}")
    assert programs.is_new_enough(programs.node_version(node)) is enough


def test_a_node_that_is_not_there_is_not_new_enough(tmp_path: Path):
    assert not programs.is_new_enough(programs.node_version(tmp_path / "nowhere"))


def test_the_wheels_node_stands_in_for_one_that_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    old = program(tmp_path / "bin" / "node", "echo v18.0.0")
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    found: list[Path | None] = [None]
    monkeypatch.setattr(programs, "node_of_the_wheel", lambda: found[0])
    monkeypatch.setattr(programs, "install", lambda requirements, what: None)
    with pytest.raises(
        LocalError, match=r"No Node\.js was found that is new enough: install 22\.12 or later"
    ):
        programs.ensure_node()
    found[0] = tmp_path / "wheel" / "node"
    assert programs.ensure_node() == found[0]
    program(old, "echo v24.1.0")
    assert programs.ensure_node() == old


def test_four_at_the_same_time_fetch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    calls = tmp_path / "calls"
    npm = program(
        tmp_path / "npm", f'echo "$@" >>{calls}; sleep 0.2; test -f package-lock.json && mkdir node_modules'
    )
    monkeypatch.setattr(programs, "ensure_npm", lambda: [str(npm)])
    monkeypatch.setattr(programs, "LOCAL", tmp_path / ".local")
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: programs.ensure_programs(), range(4)))
    (folder,) = folders
    assert folder.is_dir()
    assert calls.read_text().splitlines() == ["ci --ignore-scripts --no-audit --no-fund --loglevel=error"]


def test_what_cannot_be_fetched_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    npm = program(tmp_path / "npm", "echo 'npm error network' >&2; exit 1")
    monkeypatch.setattr(programs, "ensure_npm", lambda: [str(npm)])
    monkeypatch.setattr(programs, "LOCAL", tmp_path / ".local")
    with pytest.raises(LocalError, match="the programs could not be installed with npm: npm error network"):
        programs.ensure_programs()
    assert [path.name for path in (tmp_path / ".local" / "contract-tools").iterdir()] == [".lock"]


def test_every_package_is_pinned_with_a_hash_and_without_an_address():
    lock = json.loads((programs.PINNED / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert [
        name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")
    ] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []
    wanted = json.loads((programs.PINNED / "package.json").read_text())["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
