"""Make the secrets of a local stack: `python infra/image/secrets.py DIR`.

Each service gets a folder of its own, so that it can be given its secrets and nobody else's. Two files,
readable by their owner only (mode 0600):

- `DIR/auth/key-secret`: with which auth seals the keys it signs tokens with, before it stores them;
- `DIR/todos/cursor-secret`: with which todos signs its cursors.

Each is 32 random bytes in hex. A file that is there is never touched, so a second run changes nothing and
tokens outlive a restart. On AWS
the secrets come from elsewhere; no service makes its own, because two processes would make different ones.

Nothing here may import the standard library's `secrets`: run as a script, this file would be found instead.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECRET_BYTES = 32
SECRETS = ("auth/key-secret", "todos/cursor-secret")


def new_secret() -> bytes:
    """Return a new random secret in hex: 64 characters on one line."""
    return os.urandom(SECRET_BYTES).hex().encode() + b"\n"


@contextmanager
def locked(directory: Path) -> Iterator[int]:
    """Let one run at a time into `directory`; yield its file descriptor.

    The kernel drops the lock when the process ends, however it ends, so no stale lock file can be left.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def publish(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the whole file or none.

    The draft beside it has one fixed name: the draft of a run that was killed is replaced, not collected.
    """
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)


def create_missing(directory: Path) -> list[Path]:
    """Create those of the two secrets that `directory` lacks; return the paths created.

    The folders are made where they are missing. Raises OSError where one cannot be made or written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    created = []
    for name in SECRETS:
        path = directory / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # The folder of the service is what containers share, so the lock is there and not on `directory`.
        with locked(path.parent) as descriptor:
            # A dangling link counts as present: replacing it would hide that the real secret is missing.
            if not os.path.lexists(path):
                publish(path, new_secret())
                created.append(path)
            os.fsync(descriptor)  # the rename, too, survives a power cut
    return created


def main(arguments: list[str]) -> int:
    """Run the command; return the exit code (1 with one line on stderr where it fails)."""
    if len(arguments) != 1:
        print("usage: python infra/image/secrets.py DIR", file=sys.stderr)
        return 1
    directory = Path(arguments[0])
    try:
        created = create_missing(directory)
    except OSError as error:
        print(f"cannot create the secrets in {directory}: {error}", file=sys.stderr)
        return 1
    for name in SECRETS:
        print(f"{'created' if directory / name in created else 'kept'} {directory / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
