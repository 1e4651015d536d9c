"""What the commands print: lines on stderr about the work, the answer itself on stdout."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.local.ports import DATABASES, SERVICES, Ports

NEXT_COMMANDS = (
    ("make seed", "a demo user with some todos, and a curl line to start from"),
    ("make testaccept", "the acceptance tests against what is running now"),
    ("make logs SERVICE=todos", "what todos says while you try it"),
)


def say(line: str) -> None:
    """One line about the work in progress."""
    print(line, file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows under a header, each column as wide as its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def urls(ports: Ports) -> str:
    """Where everything is."""
    rows = [("SERVICE", "URL", "CONTRACT", "HEALTH")]
    rows += [(name, ports.url(name), "/openapi.json", "/health/ready") for name in SERVICES]
    rows += [(name, ports.url(name), "", "") for name in DATABASES]
    return table(rows)


def next_commands() -> str:
    """What to type after `up`."""
    width = max(len(command) for command, _ in NEXT_COMMANDS)
    lines = [f"  {command.ljust(width)}  {what}" for command, what in NEXT_COMMANDS]
    return "\n".join(["Next:", *lines, "  (make down stops everything and keeps the data)"])


def last_lines(file: Path, count: int) -> list[str]:
    """The last lines of a text file, looking at no more than its last 64 kB; [] if there is no file."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 65536))
            return log.read().decode(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []
