"""The commit that is deployed, as git tells it."""

from infra.deploy.exits import DeployError, Exit
from infra.deploy.programs import Programs

SHOWN = 5


class Source:
    """The repository this runs in."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    def commit(self) -> str:
        """The commit that is checked out, in 40 digits.

        :raises DeployError: this is no repository.
        """
        found = self._programs.ask("git", "rev-parse", "--verify", "HEAD^{commit}")
        if found.code != 0:
            raise DeployError(Exit.REFUSED, "this is no git repository with a commit: deploy from a clone.")
        return found.text.strip()

    def expand(self, commit: str) -> str:
        """A commit told by a part of its digits, or by a name, in all 40.

        :raises DeployError: git knows no such commit.
        """
        found = self._programs.ask(
            "git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"
        )
        if found.code != 0:
            raise DeployError(Exit.REFUSED, f"git knows no commit {commit}: `git fetch`, or another one.")
        return found.text.strip()

    def subject(self, commit: str) -> str:
        """The first line of a commit's message; "" where git does not know it."""
        found = self._programs.ask("git", "log", "-1", "--format=%s", commit)
        return found.text.strip() if found.code == 0 else ""

    def faults(self, commit: str) -> list[str]:
        """What keeps the tree from being deployed, a line each."""
        found = []
        changed = self._programs.ask("git", "status", "--porcelain").said
        if changed:
            more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
            listed = ", ".join(line[3:] for line in changed[:SHOWN])
            found.append(f"the tree differs from its commit: commit or stash {listed}{more}.")
        if not self.branches(commit):
            found.append(
                f"no branch of a remote has {commit[:7]}: push it, so that others can find what is running."
            )
        return found

    def branches(self, commit: str) -> list[str]:
        """The remote branches that have a commit, as far as this clone knows."""
        found = self._programs.ask(
            "git", "for-each-ref", "--contains", commit, "--format=%(refname:short)", "refs/remotes"
        )
        return list(found.said) if found.code == 0 else []
