"""What a command says while it works: lines for a person, or a JSON object a line for a program."""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

KINDS = {
    "plan": "what is about to be done",
    "step": "a step begins",
    "skip": "a step that was done before, and by what one sees it",
    "done": "a step is done",
    "note": "something on the way",
    "event": "an event of Elastic Beanstalk",
    "output": "a line of a program that was started",
    "call": "a call of AWS that would be made (--dry-run)",
    "run": "a program that would be run (--dry-run)",
    "fault": "why the command ends",
    "end": "the command has ended, with its exit code",
}
"""Every kind of line there is. Programs may rely on their names."""


class Journal:
    """Tells what happens. This one tells persons, on stderr.

    :param subject: what all lines are about: service and stage.
    """

    def __init__(self, now: Callable[[], float], to: TextIO | None = None) -> None:
        self._now = now
        self._to = to or sys.stderr
        self.subject: dict[str, str] = {}
        self.step: str = ""
        """The step that is at work, or the last one that was."""

    def tell(self, kind: str, text: str, **facts: Any) -> None:
        """Tell one thing.

        :param kind: one of `KINDS`.
        :param facts: the same for programs, as names and values.
        """
        if kind == "step":
            self.step = text
            return
        self._write(kind, text, facts)

    def _write(self, kind: str, text: str, facts: Mapping[str, Any]) -> None:
        if kind == "fault":
            self._line(f"Error: {text}")
        if kind in ("fault", "end"):
            return  # the exit code says the rest
        mark = {"event": "· ", "output": "| ", "call": "would call ", "run": "would run "}.get(kind, "")
        where = f"{self.subject.get('service', ''):<9} {self.step if kind != 'plan' else '':<11}"
        for line in text.splitlines() or [""]:
            self._line(f"{self._time():%H:%M:%S}  {where} {mark}{line}".rstrip())
        for name, value in facts.get("parameters", {}).items():
            self._line(f"{'':10}{'':21}   {name}: {shown(value)}")

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _line(self, line: str) -> None:
        print(line, file=self._to, flush=True)


class JsonJournal(Journal):
    """Tells programs: a JSON object a line, on stdout."""

    def __init__(self, now: Callable[[], float], to: TextIO | None = None) -> None:
        super().__init__(now, to or sys.stdout)

    def _write(self, kind: str, text: str, facts: Mapping[str, Any]) -> None:
        told = {"time": self._time().isoformat(timespec="milliseconds"), "kind": kind, **self.subject}
        if self.step:
            told["step"] = self.step
        told = {**told, "text": text, **{name: shown(value) for name, value in facts.items()}}
        self._line(json.dumps(told, ensure_ascii=False))

    def tell(self, kind: str, text: str, **facts: Any) -> None:
        """Tell one thing; that a step begins, too."""
        if kind == "step":
            self.step = text
        self._write(kind, text, facts)


def shown(value: Any) -> Any:
    """A parameter as it can be shown: bytes by their number, the rest as JSON would have it."""
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if isinstance(value, Mapping):
        return {name: shown(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    return value if isinstance(value, int | float | str | None) else str(value)
