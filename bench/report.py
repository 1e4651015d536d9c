"""What `make bench` prints."""

import os
import platform
import statistics
import textwrap
from collections.abc import Sequence
from importlib.metadata import version

from bench.binding.cases import BINDING, BOUND, LOGGED, PLAIN
from bench.cases import CREATE, GET, LIST, TOKEN
from bench.columns import POLYMACARON
from bench.stopwatch import Figures, Timing

PACKAGES = ("flask", "werkzeug", "boto3", "botocore", "pynamodb", "marshmallow", "pyjwt", "orjson")
WIDTH = 115

ABOUT = """\
In the figures: user and system CPU of the process that serves, from the WSGI call to the answer's last byte,
all its threads, the garbage collector on. In each column but the floor: the check of an EdDSA token, routing,
validation of what is sent, a signed request over HTTP to DynamoDB Local, JSON. In Polymacaron's only: the
checks of its contract, a request id, a JSON log line a request (to /dev/null), ETags, the cell of a place,
cursors that are signed and lead both ways. And totals: to create a todo is a transaction of it and five
counters (of all, of those not done, of each of two tags, of the minutes); "the same, no totals" does without.

Not in the figures: DynamoDB Local (another process) and waiting for it; gunicorn and its sockets, about the
same for all; fetching the key set; the start. Ratios travel to other machines, microseconds do not; compare
figures of one run only. The plain services are in bench/peers."""


def report(figures: Figures, columns: Sequence[str], *, rounds: int, calls: int) -> str:
    """Return the whole report."""
    rows = [row for row in dict.fromkeys(row for row, _ in figures) if row != BINDING]
    parts = [
        _machine(),
        _heading(figures, rounds, calls),
        _table(figures, rows, columns),
        _token_share(figures),
        _binding(figures),
        ABOUT,
    ]
    return "\n\n".join(parts)


def _machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return textwrap.fill(
        f"{python} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores; {packages}", WIDTH
    )


def _heading(figures: Figures, rounds: int, calls: int) -> str:
    unrest = max(timing.unrest for timing in figures.values())
    return textwrap.fill(
        f"CPU of one request, or of a part of one, in µs, the best of {rounds} rounds of {calls}, and how"
        " many times the first column's it is, the median of the rounds. How restless the machine was: the"
        f" median of a figure's rounds lies up to {unrest:.0%} above its best.",
        WIDTH,
    )


def _table(figures: Figures, rows: Sequence[str], columns: Sequence[str]) -> str:
    first = max(map(len, rows))
    widths = [max(len(column), 12) for column in columns]
    lines = [" " * first + "".join(f"  {name:>{width}}" for name, width in zip(columns, widths, strict=True))]
    for row in rows:
        base = figures.get((row, columns[0]))
        cells = [_cell(figures.get((row, column)), base) for column in columns]
        lines.append(
            f"{row:<{first}}"
            + "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        )
    return "\n".join(lines)


def _cell(timing: Timing | None, base: Timing | None) -> str:
    if timing is None:
        return "–"
    ratio = f"{timing.ratio(base):6.2f}" if base else f"{'–':>6}"
    return f"{timing.best:.0f}{ratio}"


def _token_share(figures: Figures) -> str:
    token = figures[TOKEN, POLYMACARON].best
    shares = (f"{token / figures[row, POLYMACARON].best:.0%} of {row}" for row in (GET, LIST, CREATE))
    return f"{POLYMACARON}'s check of a token is {', '.join(shares)}."


def _binding(figures: Figures) -> str:
    plain, logged, bound = (figures[BINDING, name] for name in (PLAIN, LOGGED, BOUND))
    own = statistics.median(
        (whole - other) / base
        for whole, other, base in zip(bound.rounds, logged.rounds, plain.rounds, strict=True)
    )
    told = ", ".join(
        f"{name} {timing.best:.0f} ({timing.ratio(plain):.2f})"
        for name, timing in ((PLAIN, plain), (LOGGED, logged), (BOUND, bound))
    )
    return textwrap.fill(
        f"{BINDING}, without a token and a database, in µs and in multiples of plain Flask: {told}. Binding"
        f" and validation are what the last two differ by: {own:.2f} of a dispatch of plain Flask.",
        WIDTH,
    )
