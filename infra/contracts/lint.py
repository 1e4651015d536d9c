"""The style of the published documents: the rules of redocly.yaml, fault by fault."""

from pathlib import Path

from infra.contracts.programs import redocly
from infra.local.paths import ROOT

PUBLISHED = ROOT / "apis" / "published"
RULES = Path(__file__).with_name("redocly.yaml")


def published(folder: Path = PUBLISHED) -> list[Path]:
    """The documents of all services, by name."""
    return sorted(folder.glob("*.json"))


def faults(documents: list[Path]) -> list[str]:
    """Return what the documents do not keep, a line each: ``todos.json:12: what is wrong [rule] at #/…``.

    :raises LocalError: if Redocly cannot be run.
    """
    if not documents:
        return []
    reports = redocly("lint", "--config", RULES, "--max-problems=1000", *documents)
    found = []
    for problem in (problem for report in reports for problem in report["problems"]):
        place = problem["location"][0]
        file = Path(place["source"]["ref"]).name
        line = place.get("start", {}).get("line", 1)
        found.append(
            (file, line, f"{problem['message']} [{problem['ruleId']}] at {place.get('pointer', '#')}")
        )
    return [f"{file}:{line}: {text}" for file, line, text in sorted(found)]
