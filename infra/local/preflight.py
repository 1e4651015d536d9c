"""What has to be true before anything is started. Each fault is one line that says how to mend it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from infra.local import paths
from infra.local.errors import LocalError
from infra.local.ports import HOST, Ports, variable

NEEDED_BYTES = 500_000_000


def check_ports(ports: Ports, names: Iterable[str]) -> None:
    """Raise LocalError if a port that is to be listened on is taken, naming who has it if /proc tells."""
    taken = [(name, ports.of(name)) for name in names if not is_free(ports.of(name))]
    if not taken:
        return
    (name, port), *others = taken
    also = f". Taken, too: {', '.join(f'{port} ({name})' for name, port in others)}" if others else ""
    elsewhere = next(candidate for candidate in range(port + 100, 65536, 100) if is_free(candidate))
    raise LocalError(
        f"port {port} ({name}) is in use by {listener(port) or 'another program'}; "
        f"stop it or set {variable(name)}={elsewhere}{also}"
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on `port`, on the loopback and (as DynamoDB Local) on every address."""
    for address in (HOST, "0.0.0.0"):  # noqa: S104 - it is tried, and nothing ever listens on it
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
                probe.listen(1)
            except OSError:
                return False
    return True


def listener(port: int, proc: Path = Path("/proc")) -> str | None:
    """The program that listens on `port`, as "name (pid N)"; None where /proc does not tell."""
    inodes = set()
    for table in ("net/tcp", "net/tcp6"):
        with suppress(OSError):
            for line in (proc / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:  # 0A: LISTEN
                    inodes.add(f"socket:[{fields[9]}]")
    for process in proc.glob("[0-9]*") if inodes else ():
        with suppress(OSError):
            if any(_leads_to(fd, inodes) for fd in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def _leads_to(fd: Path, inodes: set[str]) -> bool:
    try:
        return str(fd.readlink()) in inodes
    except OSError:  # closed since it was listed
        return False


def check_disk(usage: Callable[[Path], object] = shutil.disk_usage) -> None:
    """Raise LocalError if .local cannot be written, or holds less than 500 MB of free space."""
    try:
        probe = paths.make_folder(paths.LOCAL) / f".write-probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise LocalError(
            f"{paths.LOCAL} cannot be written ({error.strerror}): see to its owner and mode."
        ) from None
    free: int = getattr(usage(paths.LOCAL), "free")  # noqa: B009 - shutil's type has no public name
    if free < NEEDED_BYTES:
        raise LocalError(
            f"{free // 1_000_000} MB are free in {paths.LOCAL}, "
            f"{NEEDED_BYTES // 1_000_000} MB are needed: make room."
        )


def make_secrets() -> None:
    """Make auth's signing key and the cursor secret, if they are not there yet (infra/image/secrets.py)."""
    script = paths.ROOT / "infra" / "image" / "secrets.py"
    done = subprocess.run(
        [sys.executable, "-I", str(script), str(paths.LOCAL / "secrets")], capture_output=True, text=True
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LocalError(said[-1] if said else f"{script} ended with exit code {done.returncode}")
