"""What a reporter is."""

from collections.abc import Mapping
from typing import Any, Protocol

Told = Mapping[str, Any]
"""A report as it leaves: JSON, redacted. docs/reports.md lists its members."""


class ReportRefused(Exception):
    """A report was not taken.

    :param status: of the answer.
    :param retry_after: seconds for which nothing more will be taken.
    """

    def __init__(self, status: int, *, retry_after: float = 0.0) -> None:
        super().__init__(f"answered {status}")
        self.status = status
        self.retry_after = retry_after


class Reporter(Protocol):
    """Tells somebody.

    Each has a thread and a queue of its own: however long it takes, nobody waits for it, and what does not
    fit into its queue by then is dropped.
    """

    @property
    def name(self) -> str:
        """What metrics and logs call it."""

    def send(self, told: Told) -> None:
        """Tell of one report; an exception means that it was not told, and it is not tried again.

        It is called in one thread of each process, also of those that were forked: a connection that is kept
        must be one of this process.

        :raises ReportRefused: if somebody has said no.
        """
