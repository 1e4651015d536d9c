"""Reports to be given, and what takes them."""

import threading
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry

from libs.errors import Report
from libs.service.reports import Reports
from libs.service.reports.grouping import Groups
from libs.service.reports.reporter import Told

FACTS = {
    "service": "probe",
    "release": {"version": "1.2.3", "commit": "abc1234"},
    "environment": "staging",
    "host": "box",
}


def one(what: object = "x", **members: Any) -> Report:
    """Return a report; those of different things are not grouped."""
    return Report(title=f"It is {what}.", kind="error", level="error", code=str(what), **members)


class Kept:
    """A reporter that keeps what it is told, once it is let."""

    name = "kept"

    def __init__(self, *, closed: bool = False) -> None:
        self.told: list[Told] = []
        self.asked = threading.Event()
        self.gate = threading.Event()
        if not closed:
            self.gate.set()

    def send(self, told: Told) -> None:
        self.asked.set()
        self.gate.wait()
        self.told.append(told)


class Broken:
    """A reporter that raises."""

    name = "broken"

    def send(self, told: Told) -> None:
        raise RuntimeError("the password is hunter2")


class Setup:
    """Reports to these reporters, and what was counted of them."""

    def __init__(self, *reporters: Any, groups: Callable[[], Groups] = Groups) -> None:
        self.registry = CollectorRegistry()
        self.reports = Reports(reporters, facts=FACTS, registry=self.registry, groups=groups)

    def counted(self, reporter: str, kind: str = "error") -> dict[str, float]:
        found = {}
        for outcome in ("sent", "grouped", "dropped", "failed"):
            labels = {"kind": kind, "reporter": reporter, "outcome": outcome}
            if number := self.registry.get_sample_value("reports_total", labels):
                found[outcome] = number
        return found
