"""docs/problems.md: every code there is, and what to do about it."""

from collections.abc import Iterable

from libs.errors import InvalidBody, ServiceUnavailable, Unauthorized, problem_for_status
from libs.service.problems.codes import ROOT, Code

PAGE = ROOT / "docs" / "problems.md"
MARK = "<!-- What follows is made by `make contracts` from the files problems.yaml. -->\n"
_LIBS = "libs/"
_TITLES = {
    Unauthorized.status: Unauthorized.title,
    InvalidBody.status: "Unprocessable content",
    502: "Bad gateway",
    ServiceUnavailable.status: ServiceUnavailable.title,
}


def problems_page(page: str, codes: Iterable[Code]) -> str:
    """Return the page with a table of the codes of each status after `MARK`.

    :raises ValueError: if there is no such line on it.
    """
    introduction, mark, _ = page.partition(MARK)
    if not mark:
        raise ValueError(f"docs/problems.md has no line {MARK}")
    given = list(codes)
    tables = [_table(status, given) for status in sorted({one.status for one in given})]
    return introduction + mark + "".join(f"\n{one}\n" for one in tables)


def _table(status: int, codes: Iterable[Code]) -> str:
    rows = [
        f"| `{one.name}` | {_by(one)} | {_cell(one.means)} | {_cell(one.advice)} |"
        for one in sorted(codes, key=lambda one: (not one.room.startswith(_LIBS), one.room, one.name))
        if one.status == status
    ]
    title = _TITLES.get(status) or problem_for_status(status, "").title
    head = ("| code | of | it means | what to do |", "|---|---|---|---|")
    return "\n".join([f"### {status} {title}".rstrip(), "", *head, *rows])


def _by(code: Code) -> str:
    return "all services" if code.room.startswith(_LIBS) else code.room.removeprefix("services/")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
