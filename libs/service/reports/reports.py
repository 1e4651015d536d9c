"""All that take the reports of a process."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from libs.errors import Report
from libs.errors.personal import for_reports
from libs.errors.redaction import Redaction
from libs.errors.reporting import KINDS, known
from libs.jwt import Caller, current_caller
from libs.service.reports.channel import Channel
from libs.service.reports.grouping import Grouped, Groups
from libs.service.reports.reporter import Reporter

FLUSH_SECONDS = 2.0
"""How long a process that ends waits for its reports to be told."""
OUTCOMES = ("sent", "grouped", "dropped", "failed")


class Reports:
    """Takes reports, in microseconds, and has each reporter tell of them.

    :param reporters: by whom; each has a name of its own.
    :param facts: what is the same in all reports: service, release, environment, host.
    :param redaction: what is not told.
    :param registry: where what becomes of them is counted.
    :raises ValueError: if two reporters have one name.
    """

    def __init__(
        self,
        reporters: Iterable[Reporter],
        *,
        facts: Mapping[str, Any],
        redaction: Redaction | None = None,
        registry: CollectorRegistry | None = None,
        groups: Callable[[], Groups] = Groups,
    ) -> None:
        self._facts = known(facts)
        self._redaction = redaction or for_reports()
        self._counter = Counter(
            "reports",
            "Reports by what became of them.",
            ["kind", "reporter", "outcome"],
            registry=registry or CollectorRegistry(),
        )
        self._channels = [self._channel(one, groups) for one in reporters]
        names = [one.name for one in self._channels]
        if len(set(names)) < len(names):
            raise ValueError(f"two reporters have one name: {', '.join(sorted(names))}")

    def _channel(self, reporter: Reporter, groups: Callable[[], Groups]) -> Channel:
        name = reporter.name
        for kind in KINDS:
            for outcome in OUTCOMES:
                self._counter.labels(kind, name, outcome)

        def count(kind: str, outcome: str, number: int) -> None:
            self._counter.labels(kind, name, outcome).inc(number)

        return Channel(reporter, self._told, count, groups)

    def __call__(self, report: Report) -> None:
        """Take a report, of which it is known here on whose behalf it was."""
        caller = current_caller()
        if caller is not None and "caller" not in report.about:
            report = replace(report, about={**report.about, "caller": told_of(caller)})
        for channel in self._channels:
            channel.put(report)

    def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Have all told that is known, for a process that is about to end; return whether that is done.

        :param seconds: how long it is waited for in all.
        """
        until = time.monotonic() + seconds
        for channel in self._channels:
            channel.hurry()
        done = [channel.flushed(until) for channel in self._channels]
        return all(done)

    def _told(self, one: Grouped) -> Mapping[str, Any]:
        return {**one.report.to_json(self._redaction), "count": one.count, **self._facts}


def told_of(caller: Caller) -> dict[str, Any]:
    """Return what reports tell of a caller: who it is, by ids, and what it may do."""
    return {"subject": caller.subject, "actor": caller.actor, "scopes": sorted(caller.scopes)}
