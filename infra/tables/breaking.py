"""Tells what a table in use would not survive: the templates of today against those of an earlier version."""

from collections.abc import Mapping

import yaml

from infra.contracts.base import Base, History
from infra.contracts.intended import Intended, over, reminders
from infra.local.errors import LocalError
from infra.local.paths import ROOT
from infra.tables.changes import REFUSED, Change, changes
from infra.tables.templates import Template
from infra.tables.writing import FOLDER

NAME = "infra/tables/table-changes.yaml"
MEANT = ROOT / NAME
"""The changes that are meant, each with its reason."""

Found = tuple[str, Change]
"""A service, and what has changed about its tables."""
_NOTHING: Template = {"Resources": {}}


def history() -> History:
    """Return what git knows of the templates."""
    return History(folder=FOLDER, suffix=".yaml")


def findings(before: Mapping[str, Template], now: Mapping[str, Template]) -> list[Found]:
    """Return what differs between templates by service."""
    return [
        (service, one)
        for service in sorted(before.keys() | now.keys())
        for one in changes(before.get(service, _NOTHING), now.get(service, _NOTHING))
    ]


def told(found: list[Found], meant: list[Intended], base: Base) -> tuple[list[str], list[Found]]:
    """Return the lines that say it all, and what is refused and nobody means."""
    lines, faults = [], []
    for service, change in found:
        why = next((one.reason for one in meant if one.covers(service, change.at)), None)
        level = change.level
        if level == REFUSED and why is None:
            faults.append((service, change))
        elif level == REFUSED:
            level = f"meant ({why})"
        lines.append(f"{level}: {service}.yaml: {change.text} at {change.at}")
    lines += [
        f"warning: table-changes.yaml: nothing has changed at {one.at} of {one.service}"
        for one in meant
        if not any(one.covers(service, change.at) for service, change in found)
    ]
    refused = sum(change.level == REFUSED for _, change in found)
    summary = f"Table changes since {base.name}: {len(found) or 'none'}"
    if refused:
        summary += f", {refused} of them dangerous, {refused - len(faults)} of those meant"
    return [*lines, summary], faults


def check(now: Mapping[str, Template], meant: list[Intended], history: History, wanted: str | None) -> int:
    """Print what has changed about tables, and return the exit code: 1 where something is refused.

    :raises LocalError: if it cannot be told.
    """
    base = history.base(wanted)
    if isinstance(base, str):
        print(f"Table changes: not looked for, because {base}")
        return 0
    before = {service: _read(service, text) for service, text in history.documents(base).items()}
    stale = over(meant, history, base, NAME)
    lines, faults = told(findings(before, now), [one for one in meant if one not in stale], base)
    print("\n".join([*reminders(stale, NAME, base), *lines]))
    if faults:
        print("If they are meant, say why in infra/tables/table-changes.yaml:")
        for service, change in faults:
            print(f"- service: {service}\n  at: '{change.at}'\n  reason: …")
    return 1 if faults else 0


def _read(service: str, text: bytes) -> Template:
    read = yaml.safe_load(text)
    if not isinstance(read, dict) or "Resources" not in read:
        raise LocalError(f"{FOLDER}/{service}.yaml was no template then; name another version (BASE=…).")
    return read
