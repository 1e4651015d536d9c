"""The secrets are private, whole, made once, and never replaced, whoever else makes them just then."""

import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.image import secrets
from libs.jwt import SharedSecret

SCRIPT = Path(secrets.__file__)
NAMES = ["auth/key-secret", "todos/cursor-secret"]


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start the script the way compose does: as a file, in a process of its own."""
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments: object) -> tuple[int, str, str]:
    """Run the script to its end; return exit code, output and errors."""
    process = start(*arguments)
    output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file below `directory` by its path from there."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Take away what would hide a file created with too wide a mode."""
    previous = os.umask(0)
    yield
    os.umask(previous)


def test_creates_both(tmp_path: Path) -> None:
    code, output, errors = run(tmp_path)
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        f"created {tmp_path}/auth/key-secret",
        f"created {tmp_path}/todos/cursor-secret",
    ]
    made = contents(tmp_path)
    assert list(made) == NAMES
    for content in made.values():
        assert len(bytes.fromhex(content.decode().strip())) == 32
    SharedSecret(made["auth/key-secret"].decode().strip())  # auth refuses a weak one


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "secrets"
    secrets.create_missing(directory)
    for folder in (directory, directory / "auth", directory / "todos"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in NAMES:
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600


def test_two_stacks_get_different_secrets(tmp_path: Path) -> None:
    secrets.create_missing(tmp_path / "one")
    secrets.create_missing(tmp_path / "two")
    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert all(one[name] != two[name] for name in NAMES)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    run(tmp_path)
    before = contents(tmp_path), [(tmp_path / name).stat().st_mtime_ns for name in NAMES]
    code, output, errors = run(tmp_path)
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        f"kept {tmp_path}/auth/key-secret",
        f"kept {tmp_path}/todos/cursor-secret",
    ]
    assert (contents(tmp_path), [(tmp_path / name).stat().st_mtime_ns for name in NAMES]) == before


def test_a_file_of_ones_own_is_kept_and_the_missing_one_made(tmp_path: Path) -> None:
    own = tmp_path / "auth" / "key-secret"
    own.parent.mkdir()
    own.write_text("mine")
    own.chmod(0o640)
    assert secrets.create_missing(tmp_path) == [tmp_path / "todos" / "cursor-secret"]
    assert own.read_text() == "mine"
    assert stat.S_IMODE(own.stat().st_mode) == 0o640


def test_a_dangling_link_is_not_replaced(tmp_path: Path) -> None:
    key = tmp_path / "auth" / "key-secret"
    key.parent.mkdir()
    key.symlink_to("not-mounted-yet")
    secrets.create_missing(tmp_path)
    assert key.is_symlink()
    assert not key.exists()


def test_racing_runs_agree(tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(4)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert [errors for _, errors in answers] == ["", "", "", ""]
    lines = [line for output, _ in answers for line in output.splitlines()]
    assert sorted(line for line in lines if line.startswith("created")) == [
        f"created {tmp_path}/auth/key-secret",
        f"created {tmp_path}/todos/cursor-secret",
    ]
    assert list(contents(tmp_path)) == NAMES


def test_a_run_waits_for_the_one_before_it(tmp_path: Path) -> None:
    """The lock is in the folder of the service: that is the volume which two containers share."""
    (tmp_path / "auth").mkdir()
    holder = os.open(tmp_path / "auth", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    process = start(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=1)
    assert contents(tmp_path) == {}
    os.close(holder)
    output, _ = process.communicate(timeout=30)
    assert output.count("created") == 2


def test_a_half_written_file_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that dies before its bytes are on the disk leaves no secret, and the next run cleans up."""
    with monkeypatch.context() as patch:

        def power_cut(_descriptor: int) -> None:
            raise KeyboardInterrupt

        patch.setattr(os, "fsync", power_cut)
        with pytest.raises(KeyboardInterrupt):
            secrets.create_missing(tmp_path)
    assert list(contents(tmp_path)) == ["auth/.key-secret.draft"]
    assert stat.S_IMODE((tmp_path / "auth" / ".key-secret.draft").stat().st_mode) == 0o600
    secrets.create_missing(tmp_path)
    assert list(contents(tmp_path)) == NAMES


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, output, errors = run(tmp_path / "file" / "secrets")
    assert (code, output) == (1, "")
    assert errors.count("\n") == 1
    assert errors.startswith(f"cannot create the secrets in {tmp_path}/file/secrets: ")


@pytest.mark.parametrize("arguments", [(), ("one", "two")])
def test_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == (1, "", "usage: python infra/image/secrets.py DIR\n")


def test_it_does_not_stand_in_for_the_standard_library(tmp_path: Path) -> None:
    """Run as a script, its folder comes first on the path: nothing may ask for a module `secrets`."""
    command = [sys.executable, "-X", "importtime", str(SCRIPT), str(tmp_path)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stderr.splitlines()
    assert loaded, "expected a line for each import"
    assert "secrets" not in {line.rpartition("|")[2].strip() for line in loaded}
