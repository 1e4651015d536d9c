"""Generated documents as they were: in git, at the version that today's are compared with."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalError
from infra.local.paths import ROOT

FOLDER = "apis/published"


@dataclass(frozen=True)
class Base:
    """A version to compare with.

    :param commit: its hash.
    :param name: what people call it, and why it was chosen: ``v1.4 (the last tag)``.
    """

    commit: str
    name: str


class History:
    """What git knows of the documents in a folder.

    :param root: the folder that apis/ is in.
    :param folder: where below it the documents are.
    :param suffix: how their names end.
    """

    def __init__(self, root: Path = ROOT, folder: str = FOLDER, suffix: str = ".json") -> None:
        self._root = root
        self._folder = folder
        self._suffix = suffix

    def base(self, wanted: str | None = None) -> Base | str:
        """Return the version to compare with, or a sentence that says why there is none.

        It is `wanted`; without that, the last tag reachable from HEAD; without a tag, where the branch left
        main; on main itself the last commit that changed the documents, or the one before that if they are
        now as that left them.

        :raises LocalError: if `wanted` is no version.
        """
        if self._git("rev-parse", "--git-dir") is None:
            return "this is no git repository"
        if wanted:
            commit = self._commit(wanted)
            if commit is None:
                raise LocalError(f"BASE={wanted}: git knows no such version; try `git fetch --tags`.")
            return Base(commit, wanted)
        head = self._commit("HEAD")
        if head is None:
            return "nothing has been committed yet"
        return self._tag() or self._branch(head) or self._before(head)

    def documents(self, base: Base) -> dict[str, bytes]:
        """Return the documents of a version by service; {} if it had none."""
        listed = self._git("ls-tree", "--name-only", base.commit, f"{self._folder}/") or ""
        found = {}
        for path in listed.splitlines():
            if path.endswith(self._suffix):
                text = self._git("show", f"{base.commit}:./{path}")
                found[Path(path).stem] = (text or "").encode()
        return found

    def text(self, base: Base, file: str) -> str:
        """Return a file as it was, by its path below the root; "" if there was none."""
        return self._git("show", f"{base.commit}:./{file}") or ""

    def _tag(self) -> Base | None:
        tag = self._git("describe", "--tags", "--abbrev=0")
        commit = self._commit(tag) if tag else None
        return Base(commit, f"{tag} (the last tag)") if commit else None

    def _branch(self, head: str) -> Base | None:
        for main in ("main", "origin/main"):
            left = self._git("merge-base", "HEAD", main)
            if left is not None and left != head:
                return Base(left, f"{left[:12]} (where this branch left {main})")
        return None

    def _before(self, head: str) -> Base | str:
        changes = (self._git("log", "-2", "--format=%H", head, "--", self._folder) or "").split()
        if changes and self._git("diff", "--quiet", changes[0], "--", self._folder) is None:
            return Base(changes[0], f"{changes[0][:12]} (the last commit that changed {self._folder})")
        if len(changes) > 1:
            return Base(
                changes[1], f"{changes[1][:12]} (the last commit but one that changed {self._folder})"
            )
        if self._git("rev-parse", "--is-shallow-repository") == "true":
            return "this clone is shallow; `git fetch --unshallow --tags` brings what it lacks"
        return f"{self._folder} has no earlier version"

    def _commit(self, version: str) -> str | None:
        return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{version}^{{commit}}")

    def _git(self, *arguments: str) -> str | None:
        """What git prints, None where it fails."""
        command = ["git", *arguments]
        try:
            done = subprocess.run(
                command, cwd=self._root, capture_output=True, text=True, stdin=subprocess.DEVNULL
            )
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None
