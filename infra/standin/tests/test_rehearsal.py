"""What a rehearsal delivers from, and with."""

import subprocess
from pathlib import Path

import pytest

from infra.deploy.journal import Journal
from infra.deploy.source import Source
from infra.local.paths import ROOT
from infra.standin.rehearsal import delivering
from infra.standin.rehearsal.clone import QUICK_TESTS, cloned

MAKEFILE = "test: .venv/.stamp ## Run\n\t@$(VENV) -m pytest -n auto $(ARGS)\n\nother:\n\t@echo other\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a Makefile."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "Makefile").write_text(MAKEFILE)
    (folder / ".venv").mkdir()
    (folder / ".gitignore").write_text("/.venv/\n")
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "One"]):
        subprocess.run([*git, *words], check=True)
    return folder


def test_a_clone_can_be_delivered_from(repository: Path) -> None:
    before = subprocess.run(
        ["git", "-C", str(repository), "for-each-ref"], check=True, capture_output=True, text=True
    ).stdout
    with cloned(repository) as clone:
        first = clone.git("rev-parse", "HEAD")
        second = clone.commit("Another")
        assert first != second
        assert clone.git("status", "--porcelain") == ""
        for commit in (first, second):
            assert clone.git("for-each-ref", "--contains", commit, "refs/remotes")
        assert (clone.folder / ".venv").is_symlink()
        makefile = (clone.folder / "Makefile").read_text()
        assert f"pytest -n 0 {QUICK_TESTS} $(ARGS)\n\nother:\n\t@echo other\n" in makefile
    after = subprocess.run(
        ["git", "-C", str(repository), "for-each-ref"], check=True, capture_output=True, text=True
    ).stdout
    assert after == before
    assert not clone.folder.exists()


def test_the_makefile_has_the_line_that_is_changed() -> None:
    assert "\ntest: .venv/.stamp" in (ROOT / "Makefile").read_text()
    assert (ROOT / QUICK_TESTS).is_dir()


def test_without_an_engine_all_but_docker_is_asked() -> None:
    programs = delivering.WithoutEngine(Journal(lambda: 0.0))
    assert programs.ask("docker", "version").code == 0
    assert Source(programs).commit()
