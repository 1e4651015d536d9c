"""Reports: what somebody should look at, told to whoever is there to tell somebody.

`report` and `report_warning` may be called anywhere: in a handler, a task, a library. They hand a `Report` to
what the process has set up around that call (`reporting_to`), which takes it in microseconds and sends it
later; where nothing is set up, they write a line into the log. They raise nothing.

A thread that is started by hand knows of nothing that was set up around it: run it in a copy of the context
(``contextvars.copy_context().run``).
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from libs.errors.correlation import current_request_id
from libs.errors.personal import for_reports
from libs.errors.plain import plain_copy
from libs.errors.raised import Frame, Raised, calling_frame, innermost_of_ours, raised
from libs.errors.redaction import Redaction
from libs.errors.tracing import trace_ids
from libs.errors.variable_scope import VariableScope

logger = logging.getLogger(__name__)

Kind = Literal["error", "warning", "slow", "parked", "fault"]
"""A failed request or try; what `report_warning` tells; a slow request; a task that is not tried again; what
has failed outside of any request."""
KINDS: tuple[Kind, ...] = ("error", "warning", "slow", "parked", "fault")
Level = Literal["error", "warning"]
JSON = dict[str, Any]
About = Mapping[str, Mapping[str, Any]]

LONGEST_TITLE = 200
_ALONE = for_reports()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What has happened, as it was handed over; nothing in it is redacted.

    :param code: the code of the problem, where there is one.
    :param chain: the exception it is about and those it came of, without texts.
    :param where: the line of ours that raised it, or has reported it.
    :param about: what was being done: ``request``, ``task``, ``caller``.
    :param error_id: what names this one failure in all services that it has passed through.
    :param at: seconds since 1970.
    """

    title: str
    kind: Kind
    level: Level
    code: str | None = None
    chain: tuple[Raised, ...] = ()
    where: Frame | None = None
    data: Any = None
    about: About = field(default_factory=dict)
    request_id: str | None = None
    error_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    at: float = field(default_factory=time.time)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What reports of the same thing have in common; nothing in it is a client's choice."""
        task, request = self.about.get("task", {}), self.about.get("request", {})
        return (
            self.kind,
            self.code,
            self.chain[0].kind if self.chain else None,
            (self.where.file, self.where.line) if self.where else None,
            task.get("name") or (request.get("method"), request.get("route")),
        )

    def to_json(self, redaction: Redaction) -> JSON:
        """Return what may be told of it; members that nothing is known for are left out."""
        told: JSON = {
            "title": redaction.text(self.title)[:LONGEST_TITLE],
            "kind": self.kind,
            "level": self.level,
            "code": self.code,
            "at": self.at,
            "error": [one.to_json() for one in self.chain] or None,
            "where": self.where.to_json() if self.where else None,
            **{name: redaction.texts(known(one)) for name, one in self.about.items()},
            "data": redaction.value(self.data),
            "request_id": self.request_id,
            "error_id": self.error_id,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
        }
        return known(told)


def known(members: Mapping[str, Any]) -> JSON:
    """Return the members that are not None."""
    return {name: one for name, one in members.items() if one is not None}


Sink = Callable[[Report], None]
"""Takes a report without making anybody wait."""


@dataclass(frozen=True, slots=True)
class _Setup:
    sink: Sink | None = None
    about: Callable[[], About] = dict


_setup: ContextVar[_Setup] = ContextVar("reporting", default=_Setup())  # noqa: B039 - it is immutable


def reporting_to(sink: Sink | None, about: Callable[[], About] = dict) -> VariableScope[_Setup]:
    """Have what is reported within a with-block go to `sink`; None: to whom it goes already.

    :param about: returns what is being done there; asked when there is something to report.
    """
    return VariableScope(_setup, _Setup(sink or _setup.get().sink, about))


def report(
    title: str,
    *,
    kind: Kind = "error",
    level: Level = "error",
    code: str | None = None,
    error: BaseException | None = None,
    data: Any = None,
    error_id: str | None = None,
    located: bool = True,
) -> None:
    """Report that something has happened. Reports of one kind, code, exception, line and route are grouped.

    :param title: one sentence; the text of no exception.
    :param error: of it, class and lines are told, and those of what it came of; its text is not.
    :param data: what else is to be known, as JSON. Secrets and personal fields in it are redacted by name and
        by looks, and what is large is cut; what need not be there should not be.
    :param located: whether the line that reports it says something, where no line that raised does.
    """
    try:
        setup, chain = _setup.get(), raised(error) if error is not None else ()
        trace_id, span_id = trace_ids() or (None, None)
        one = Report(
            title=str(title),
            kind=kind,
            level=level,
            code=code,
            chain=chain,
            where=innermost_of_ours(chain) or (calling_frame(__file__) if located else None),
            data=None if data is None else plain_copy(data),
            about=setup.about(),
            request_id=current_request_id(),
            error_id=error_id,
            trace_id=trace_id,
            span_id=span_id,
        )
        if setup.sink is not None:
            setup.sink(one)
        else:
            logger.log(logging.getLevelName(level.upper()), "report", extra={"report": one.to_json(_ALONE)})
    except Exception:
        # Nothing may fail for being reported: neither for its data nor for who takes it.
        logger.exception("a report failed")


def report_warning(title: str, data: Any = None, error: BaseException | None = None) -> None:
    """Report something that somebody should look at and that has failed nothing, as `report` does.

    :param title: one sentence.
    :param data: what else is to be known, as JSON.
    :param error: what was caught.
    """
    report(title, kind="warning", level="warning", error=error, data=data)
