"""Programs that pin what ours need newer: each in a venv of its own under .local/, made once, from hashes."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from infra.local.output import say
from infra.local.packages import locked, run
from infra.local.paths import LOCAL, REQUIREMENTS, ROOT, make_folder

POLICY = "policy"
"""checkov."""
EMULATOR = "emulator"
"""ministack."""

LET_PASS = {
    "CKV_AWS_119": "Tables are encrypted with a key that AWS keeps for the account. One of our own would "
    "keep out nobody whom roles let in, and costs by the month and by the call.",
}
"""Checks that hold for no template, and why; what one resource alone is let pass stands in its template."""


def ensure_venv(name: str) -> Path:
    """Return the folder of programs of requirements/<name>.txt, which are installed where they are not yet.

    Safe to call from any number of processes: one installs, the others wait for it. A venv that was cut short
    has no stamp, and is made again.

    Raises:
        LocalError: it cannot be installed.
    """
    pinned = REQUIREMENTS / f"{name}.txt"
    folder = LOCAL / "venvs" / f"{name}-{hashlib.sha256(pinned.read_bytes()).hexdigest()[:12]}"
    stamp = folder / ".stamp"
    if stamp.is_file():
        return folder / "bin"
    make_folder(folder.parent)
    with locked(folder.parent / f".{name}.lock"):
        if not stamp.is_file():
            for old in folder.parent.glob(f"{name}-*"):
                shutil.rmtree(old)
            say(f"Installing requirements/{name}.txt into a venv of its own ...")
            failed = f"requirements/{name}.txt could not be installed"
            uv = [sys.executable, "-m", "uv", "--quiet"]
            run([*uv, "venv", "--python", sys.executable, str(folder)], failed)
            python = ["--python", str(folder / "bin" / "python")]
            run([*uv, "pip", "install", *python, "--require-hashes", "-r", str(pinned)], failed)
            stamp.touch()
    return folder / "bin"


def check_policy(folder: Path) -> int:
    """Check the templates of a folder with checkov, offline; return how it ended: 0 if nothing is wrong.

    What is let pass has its reason beside it: here, or in the template (Metadata, checkov, skip).
    """
    checkov = [str(ensure_venv(POLICY) / "checkov"), "--directory", str(folder)]
    options = ["--framework", "cloudformation", "--compact", "--quiet", "--skip-download"]
    options += ["--skip-check", ",".join(LET_PASS)]
    # What it finds is on standard output. On the other one it complains that it cannot look for its own news,
    # and says of what it fails. It ends with 1 then, as with findings.
    done = subprocess.run([*checkov, *options], cwd=ROOT, stderr=subprocess.PIPE, text=True, errors="replace")
    if done.returncode:
        sys.stderr.write(done.stderr)
    return done.returncode
