"""What each difference between two documents is to the clients of the older one.

Redocly finds the differences, follows references, knows requests from answers, and names most breaks. What it
rates otherwise than the clients that are made here would feel it is judged here (docs/publishing.md has all).
"""

import re
from dataclasses import dataclass
from typing import Any

BREAK, WARNING = "breaks", "warning"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_LIMITS = {
    **dict.fromkeys(("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"), 1),
    **dict.fromkeys(("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"), -1),
}


@dataclass(frozen=True)
class Finding:
    """One change that matters to clients.

    :param level: `BREAK` or `WARNING`.
    :param rule: what kind of change it is, in Redocly's words or in ours.
    :param pointer: where it is in the newer document; in the older one, if it is gone.
    :param line: the same place's line.
    :param gone: whether `pointer` and `line` are those of the older document.
    :param text: what has changed, in words.
    """

    level: str
    rule: str
    pointer: str
    line: int
    gone: bool
    text: str


def judge(report: dict[str, Any]) -> list[Finding]:
    """Return what matters in a report of ``redocly diff --format=json``, in its order."""
    found = []
    for change in report["changes"]:
        if (change.get("base") or {}).get("value") == [] and "revision" not in change:
            continue  # an empty list said nothing
        verdicts = [(one["ruleId"], one["message"]) for one in change["verdicts"] if one["impact"] == "major"]
        level = _level(change)
        if not verdicts:
            level, verdicts = _unnoticed(change)
        side = change.get("revision") or change["base"]
        found += [
            Finding(
                level,
                rule,
                side["pointer"],
                side.get("line", 1),
                "revision" not in change,
                f"{_where(change['path'])}: {message}",
            )
            for rule, message in verdicts
        ]
    return list(dict.fromkeys(found))


def _level(change: dict[str, Any]) -> str:
    """How hard a break of Redocly's hits."""
    if change["typeName"] == "Response" and not change["path"].rsplit("/", 1)[-1].startswith(("2", "3")):
        return WARNING  # an error that is told no more: `default` still covers it
    keyword = change.get("property")
    if change["typeName"] == "Schema" and keyword in _LIMITS:
        before, after = (change[side].get("value") for side in ("base", "revision"))
        if after is None or (before is not None and (after - before) * _LIMITS[keyword] >= 0):
            return WARNING  # looser, so it is an answer's: it may hold more than it did
    return BREAK


def _unnoticed(change: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """What Redocly lets pass and a client would notice."""
    kind, what, name = change["typeName"], change["kind"], change.get("property")
    before, after = ((change.get(side) or {}).get("value") for side in ("base", "revision"))
    last = change["path"].rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")
    match kind, what, name:
        case "RequestBody", "added", _ if isinstance(after, dict) and after.get("required"):
            return BREAK, [("request-body-added", "A request body is required now.")]
        case "Header", "modified", "required" if before is True:
            return BREAK, [("response-header-optional", f"The header {last} is not always sent any more.")]
        case "Schema", "modified", "readOnly" if after is True:
            return BREAK, [("read-only", f"`{last}` is read-only now: a request may not hold it.")]
        case "Schema", "modified", "writeOnly" if after is True:
            return BREAK, [("write-only", f"`{last}` is write-only now: no answer holds it.")]
        case "Parameter", "modified", "name":
            told = f"The path parameter {before} is called {after} now: clients name their arguments by it."
            return BREAK, [("path-parameter-renamed", told)]
        case "Discriminator", "modified", _:
            return BREAK, [("discriminator-changed", f"The discriminator is `{after}` now, not `{before}`.")]
        case "Schema", "modified" | "removed", _ if "/discriminator/mapping/" in change["path"]:
            return BREAK, [("discriminator-changed", f"The discriminator's `{last}` is something else now.")]
        case "Schema", "modified", "default":
            told = f"The default changed from {before!r} to {after!r}: who sends nothing gets something else."
            return WARNING, [("default-changed", told)]
        case "Response", "added", _ if last.startswith("2"):
            return WARNING, [("response-added", f"Success can be {last}, too.")]
        case "Schema", "removed", _ if re.search(r"/properties/[^/]+$", change["path"]):
            return WARNING, [
                ("property-ignored", f"`{last}` is not known any more: it is taken and ignored.")
            ]
    return WARNING, []


def _where(path: str) -> str:
    """Say a place of a document in words: ``POST /todos, request body application/json, title``."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in path.removeprefix("#/").split("/")]
    if steps[0] != "paths" or len(steps) < 2:
        return " ".join(steps)
    said = f"{steps[2].upper()} {steps[1]}" if steps[2:3] and steps[2] in METHODS else steps[1]
    rest = steps[3:] if steps[2:3] and steps[2] in METHODS else steps[2:]
    words = [word for word in _words(rest) if word]
    return ", ".join([said, *words])


def _words(steps: list[str]) -> list[str]:
    said: list[str] = []
    while steps:
        step, *steps = steps
        if step == "requestBody":
            said.append("request body")
        elif step == "parameters":
            steps = steps[1:]  # its number; the message has its name
        elif step in ("responses", "headers", "properties") and steps:
            names = {"responses": "answer ", "headers": "header "}
            said.append(names.get(step, "") + steps.pop(0))
        elif step == "content" and steps:
            said[-1:] = [f"{said[-1]} {steps.pop(0)}"] if said else []
        elif step == "items":
            said[-1:] = [f"{said[-1]}[]"] if said else []
        elif step not in ("schema",):
            said.append(step)
    return said
