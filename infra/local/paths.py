"""Where things are. Everything that is made at run time is under `.local/`, which git ignores."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
REQUIREMENTS = ROOT / "requirements"


def make_folder(folder: Path) -> Path:
    """Make `folder` and its parents, readable by their owner only, and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write `text` to `path` so that a reader, or a full disk, never meets half of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:  # noqa: PTH123
            file.write(text)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
