"""Which commit an image is made of, as git tells it."""

import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from infra.local.errors import LocalError
from infra.local.paths import ROOT


@dataclass(frozen=True)
class Revision:
    """What an image says of where it comes from."""

    commit: str
    """40 digits, with ``-dirty`` behind them where the work tree is not what was committed."""
    version: str
    """The last tag, and how far the commit is from it; without tags the first 12 digits of the commit."""
    seconds: int
    """When it was committed, in seconds since 1970."""
    source: str
    """Where the repository is, as a web address; empty where git knows of none."""

    @property
    def dirty(self) -> bool:
        """Whether what is built is in no commit."""
        return self.commit.endswith("-dirty")

    @property
    def created(self) -> str:
        """When it was committed (RFC 3339, in UTC)."""
        return datetime.fromtimestamp(self.seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_revision(root: Path = ROOT) -> Revision:
    """Ask git about the work tree at `root`.

    A file that git neither tracks nor ignores makes a tree dirty, too: it may be in the image.

    :raises LocalError: if it is no clone, or has no commit.
    """
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    dirty = "-dirty" if _git(root, "status", "--porcelain") else ""
    return Revision(
        commit=commit + dirty,
        # --abbrev: else its length would depend on how much a clone has fetched.
        version=_git(root, "describe", "--tags", "--always", "--abbrev=12") + dirty,
        seconds=int(_git(root, "show", "--no-patch", "--format=%ct", "HEAD")),
        source=web_address(_git(root, "config", "--default", "", "--get", "remote.origin.url")),
    )


def web_address(remote: str) -> str:
    """Return where a remote can be looked at, without the password it may hold; "" if there is none.

    ``git@example.com:todos/todos.git`` and ``https://user:token@example.com/todos/todos.git`` both are
    ``https://example.com/todos/todos``.
    """
    if scp := re.fullmatch(r"(?:[^/@]+@)?([\w.-]+):(?!//)([^:]+)", remote):
        remote = f"https://{scp[1]}/{scp[2].lstrip('/')}"
    try:
        parts = urlsplit(remote)
        asked = parts.port
    except ValueError:  # as of a password with / or [ in it, which its message quotes
        return ""
    if parts.scheme not in ("http", "https", "ssh", "git") or not parts.hostname:
        return ""
    scheme = "http" if parts.scheme == "http" else "https"
    port = f":{asked}" if asked and parts.scheme in ("http", "https") else ""
    return urlunsplit((scheme, parts.hostname + port, parts.path.removesuffix(".git"), "", ""))


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    except OSError as error:
        raise LocalError("git was not found: an image says which commit it is made of.") from error
    if done.returncode != 0:
        raise LocalError(f"git {arguments[0]} failed in {root}: build images in a clone with a commit.")
    return done.stdout.strip()
