"""What an image says of the commit it is made of."""

import subprocess
from pathlib import Path

import pytest

from infra.image.revision import read_revision, web_address
from infra.local.errors import LocalError


def git(clone: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", clone, *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of one commit."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("one = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "One", "--date", "2026-01-02T03:04:05Z")
    return tmp_path


def test_a_clean_tree_is_its_commit(clone: Path) -> None:
    revision = read_revision(clone)
    assert revision.commit == git(clone, "rev-parse", "HEAD")
    assert revision.version == revision.commit[:12]
    assert revision.seconds == int(git(clone, "log", "-1", "--format=%ct"))
    assert revision.created.endswith("Z")
    assert revision.source == ""
    assert not revision.dirty


@pytest.mark.parametrize("file", ["code.py", "new.py"])
def test_a_tree_that_differs_says_so(clone: Path, file: str) -> None:
    (clone / file).write_text("two = 2\n")
    revision = read_revision(clone)
    assert revision.dirty
    assert revision.commit == git(clone, "rev-parse", "HEAD") + "-dirty"
    assert revision.version.endswith("-dirty")


def test_a_tag_is_the_version(clone: Path) -> None:
    git(clone, "tag", "v1.4.0")
    assert read_revision(clone).version == "v1.4.0"


def test_no_clone_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="in a clone with a commit"):
        read_revision(tmp_path)


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@example.com:todos/todos.git", "https://example.com/todos/todos"),
        ("https://example.com/todos/todos.git", "https://example.com/todos/todos"),
        ("https://ada:secret@example.com:8443/todos.git", "https://example.com:8443/todos"),
        ("https://secret@example.com/todos?token=secret#secret", "https://example.com/todos"),
        ("ssh://git@example.com:2222/todos.git", "https://example.com/todos"),
        ("https://ada:sec/ret@example.com/todos.git", ""),
        ("https://ada:[secret]@example.com/todos.git", ""),
        ("/srv/git/todos.git", ""),
        ("../todos", ""),
        ("file:///srv/git/todos.git", ""),
        ("", ""),
    ],
)
def test_a_remote_is_told_as_a_web_address_without_secrets(remote: str, address: str) -> None:
    assert web_address(remote) == address
