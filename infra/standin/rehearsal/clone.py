"""A clone of this repository to deliver from: commits can be made and pushed there, and nobody sees them."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.local.paths import ROOT

BRANCH = "rehearsal"
QUICK_TESTS = "infra/aws"
"""What `make test` runs there: the whole suite takes minutes, and says nothing of a delivery."""
_TEST = re.compile(r"(^test: .*\n)\t.*\n", re.MULTILINE)
_OURS = (".venv", ".local")
"""What is not in git, and is of this clone."""


class Clone:
    """A clone, whose remote is a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.commits: list[str] = []
        """Those that were made here."""

    def git(self, *arguments: str) -> str:
        """Run git there; what it prints."""
        who = {"GIT_AUTHOR_NAME": "rehearsal", "GIT_AUTHOR_EMAIL": "rehearsal@example.com"}
        who |= {"GIT_COMMITTER_NAME": "rehearsal", "GIT_COMMITTER_EMAIL": "rehearsal@example.com"}
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            cwd=self.folder,
            env={**os.environ, **who},
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit what was changed, if anything, and push it; the commit."""
        self.git("commit", "--quiet", "--all", "--allow-empty", "--message", message)
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{BRANCH}")
        self.commits.append(self.git("rev-parse", "HEAD"))
        return self.commits[-1]


@contextmanager
def cloned(repository: Path = ROOT) -> Iterator[Clone]:
    """Clone what is committed here, for the length of a with-block."""
    with TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True) as folder:
        origin, clone = Path(folder, "origin.git"), Clone(Path(folder, "clone"))
        _git("clone", "--quiet", "--bare", "--shared", str(repository), str(origin))
        _git("clone", "--quiet", "--shared", str(origin), str(clone.folder))
        with (clone.folder / ".git" / "info" / "exclude").open("a") as exclude:
            exclude.write("".join(f"/{name}\n" for name in _OURS))
        for name in _OURS:
            if (repository / name).exists():
                (clone.folder / name).symlink_to((repository / name).resolve())
        makefile = clone.folder / "Makefile"
        # PYTEST_ADDOPTS chooses acceptance tests.
        tests = rf"\1\t@PYTEST_ADDOPTS= $(VENV) -m pytest -n 0 {QUICK_TESTS} $(ARGS)\n"
        makefile.write_text(_TEST.sub(tests, makefile.read_text(), count=1))
        clone.commit("Test little, for a rehearsal")
        yield clone


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True)
