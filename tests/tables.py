"""What the tables of a guide hold."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def section(guide: str, heading: str) -> str:
    """Return what stands under a heading of a guide, up to the next of its rank."""
    text = (DOCS / f"{guide}.md").read_text()
    rank, begin = re.search(rf"^(#+) {re.escape(heading)}\n()", text, re.MULTILINE).group(1, 0)
    return re.split(rf"^#{{1,{len(rank)}}} ", text.split(begin, 1)[1], flags=re.MULTILINE)[0]


def table(text: str, first: str) -> list[list[str]]:
    """Return the rows of the table whose first column is headed so."""
    found = re.search(rf"^\| {re.escape(first)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"no table headed {first!r}"
    rows = (re.split(r"(?<!\\)\|", line)[1:-1] for line in found[1].splitlines())
    return [[cell.strip() for cell in row] for row in rows]


def quoted(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def named(guide: str, heading: str, first: str) -> list[str]:
    """Return what stands in backticks in the first column of a table."""
    return [name for row in table(section(guide, heading), first) for name in quoted(row[0])]
