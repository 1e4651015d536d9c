"""Tells what would break clients: the published documents of today against those of an earlier version."""

import tempfile
from pathlib import Path

from infra.contracts.base import Base, History
from infra.contracts.intended import NAME, Intended, over, reminders
from infra.contracts.judgement import BREAK, Finding, judge
from infra.contracts.lint import RULES
from infra.contracts.programs import redocly

Found = tuple[str, Finding]
"""A service and what was found in its document."""


def findings(before: dict[str, bytes], now: dict[str, bytes]) -> list[Found]:
    """Return what clients of `before` would notice of `now`: documents by service.

    :raises LocalError: if Redocly cannot be run, or refuses a document.
    """
    found: list[Found] = []
    with tempfile.TemporaryDirectory() as folder:
        older, newer = Path(folder, "older.json"), Path(folder, "newer.json")
        for service, document in sorted(before.items()):
            if service not in now:
                text = "The service is gone, with all its operations."
                found.append((service, Finding(BREAK, "service-removed", "#", 1, True, text)))
            elif document != now[service]:
                older.write_bytes(document)
                newer.write_bytes(now[service])
                (report,) = redocly("diff", "--config", RULES, "--fail-on=none", older, newer)
                found += [(service, finding) for finding in judge(report)]
    return found


def told(found: list[Found], meant: list[Intended], base: Base) -> tuple[list[str], list[Found]]:
    """Return the lines that say it all, and the breaks that nobody means."""
    lines, faults = [], []
    for service, finding in found:
        why = next((one.reason for one in meant if one.covers(service, finding.pointer)), None)
        if finding.level == BREAK and why is None:
            faults.append((service, finding))
        was = " as it was" if finding.gone else ""
        level = f"meant ({why})" if finding.level == BREAK and why is not None else finding.level
        place = f"{service}.json:{finding.line}{was}"
        lines.append(f"{level}: {place}: {finding.text} [{finding.rule}] at {finding.pointer}")
    lines += [
        f"warning: breaking-changes.yaml: nothing has changed at {one.at} of {one.service}"
        for one in meant
        if not any(one.covers(service, finding.pointer) for service, finding in found)
    ]
    breaks = sum(finding.level == BREAK for _, finding in found)
    summary = f"Breaking changes since {base.name}: {breaks or 'none'}"
    return [*lines, f"{summary}, {breaks - len(faults)} of them meant" if breaks else summary], faults


def entry(found: list[Found]) -> str:
    """Return what to write into apis/breaking-changes.yaml where breaks are meant."""
    return "\n".join(
        f"- service: {service}\n  at: '{pointer}'\n  reason: …"
        for service, pointer in dict.fromkeys(
            (service, finding.pointer.replace("'", "''")) for service, finding in found
        )
    )


def check(published: list[Path], meant: list[Intended], history: History, wanted: str | None) -> int:
    """Print what has changed for clients, and return the exit code: 1 where something breaks unmeant.

    :raises LocalError: if it cannot be told.
    """
    base = history.base(wanted)
    if isinstance(base, str):
        print(f"Breaking changes: not looked for, because {base}")
        return 0
    now = {path.stem: path.read_bytes() for path in published}
    stale = over(meant, history, base, NAME)
    lines, faults = told(
        findings(history.documents(base), now), [one for one in meant if one not in stale], base
    )
    print("\n".join([*reminders(stale, NAME, base), *lines]))
    if faults:
        print("If they are meant, say why in apis/breaking-changes.yaml:")
        print(entry(faults))
    return 1 if faults else 0
