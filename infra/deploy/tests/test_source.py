"""The commit, asked of a real git."""

import io
import subprocess
from pathlib import Path

import pytest

from infra.deploy import programs
from infra.deploy.exits import DeployError
from infra.deploy.journal import Journal
from infra.deploy.source import Source


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose commit is pushed."""
    monkeypatch.setattr(programs, "ROOT", tmp_path / "clone")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "--bare", "--quiet", "remote")
    git(tmp_path, "clone", "--quiet", "remote", "clone")
    commit(tmp_path / "clone", "one")
    git(tmp_path / "clone", "push", "--quiet", "origin", "HEAD:main")
    return tmp_path / "clone"


def git(folder: Path, *arguments: str) -> str:
    settings = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false"]
    command = ["git", *settings, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, text: str) -> str:
    (folder / "file").write_text(text)
    git(folder, "add", "file")
    git(folder, "commit", "--quiet", "--message", f"Say {text}")
    return git(folder, "rev-parse", "HEAD")


def source() -> Source:
    return Source(programs.Programs(Journal(lambda: 0.0, io.StringIO())))


def test_a_clean_tree_whose_commit_is_pushed_has_no_fault(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    assert source().commit() == source().expand(head[:7]) == head
    assert source().faults(head) == []
    assert source().branches(head) == ["origin/main"]
    assert source().subject(head) == "Say one"


def test_a_commit_that_nobody_else_has_is_a_fault(repository: Path) -> None:
    head = commit(repository, "two")
    (fault,) = source().faults(head)
    assert f"no branch of a remote has {head[:7]}: push it" in fault


def test_files_that_no_commit_has_are_a_fault(repository: Path) -> None:
    (repository / "new").touch()
    (repository / "file").write_text("changed")
    (fault,) = source().faults(source().commit())
    assert "commit or stash file, new" in fault


def test_a_commit_that_there_is_not_is_told(repository: Path) -> None:
    with pytest.raises(DeployError, match="git knows no commit --all"):
        source().expand("--all")


def test_a_folder_that_is_no_repository_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(DeployError, match="no git repository"):
        source().commit()
