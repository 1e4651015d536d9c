"""The relay: what gives a hint where none was given, or the one that was has come to nothing."""

import logging
import time
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from pynamodb.exceptions import PynamoDBException

from libs.dynamodb.errors import error_code
from libs.tasks.hints import Hints
from libs.tasks.operation import PENDING, Operation
from libs.tasks.schedule import Slots
from libs.tasks.watching.metrics import TaskMetrics

logger = logging.getLogger(__name__)

RELAY_PAGE = 100
"""How many rows the relay reads at once."""
RELAY_SECONDS = 4.0
"""How long one round of the relay gives hints; the next goes on where it has ended."""
FULL_QUEUE_HINTS = 1000
"""A queue that holds more of them gets no second hint for the same row."""
FULL_QUEUE_LOOKS = 12
"""But with every so many looks at the row, for its first hint may be lost: within an hour."""


class Relay:
    """Give hints of what is due.

    :param tasks: the names of those the service has.
    :param slots: those that run by themselves.
    """

    def __init__(self, tasks: Collection[str], slots: Slots, hints: Hints, metrics: TaskMetrics) -> None:
        self._tasks = tasks
        self._slots = slots
        self._hints = hints
        self._metrics = metrics
        self._relayed_to: dict[str, dict[str, Any]] | None = None

    def round(self) -> int:
        """Publish what is due: rows whose hint was lost, whose worker died, or whose time has come.

        Before that, start what is to run by itself. Returns how many were published. Any number of relays may
        run at once. A row that cannot be changed is left out; a table that does not answer ends the round.
        While no worker runs, hints are not heaped up until the broker is full: what has one gets no other
        where more than `FULL_QUEUE_HINTS` wait.
        """
        published, held = 0, cache(self._hints.waiting)
        for operation in self._slots.start(time.time()):
            self._metrics.queued(operation.task)
            published += self._hints.give(operation)
        for operation in self._due():
            if operation.task not in self._tasks:
                logger.error("no such task", extra={"operation": operation.id, "task": operation.task})
            if not _taken_on(operation):
                continue
            if _may_have_its_hint(operation) and (held(operation.queue) or 0) > FULL_QUEUE_HINTS:
                continue
            if not self._hints.give(operation):
                operation.not_published()
                break
            self._metrics.published_again(operation.task)
            published += 1
        return published

    def _due(self) -> Iterator[Operation]:
        """Yield the rows that are due for a hint, the longest due first, for `RELAY_SECONDS`.

        However many there are that come to nothing, as those of a newer release do, those behind them have
        their turn: what the time did not suffice for comes first in the next round.
        """
        now, end = time.time(), time.monotonic() + RELAY_SECONDS
        rows = Operation.pending_index.query(
            PENDING, Operation.due <= now, page_size=RELAY_PAGE, last_evaluated_key=self._relayed_to
        )
        self._relayed_to = None
        for operation in rows:
            if operation.hint_due <= now:
                yield operation
            if time.monotonic() >= end:
                self._relayed_to = rows.last_evaluated_key
                return


def _taken_on(operation: Operation) -> bool:
    """Note that the relay takes a row on; False if somebody else did, or its row has no room for the note."""
    try:
        return operation.published_again()
    except PynamoDBException as error:
        if error_code(error) != "ValidationException":
            raise
        told = {"operation": operation.id, "task": operation.task}
        logger.error("operation not published: its row cannot be changed", extra=told)
        return False


def _may_have_its_hint(operation: Operation) -> bool:
    """Whether a hint for a row that the relay has just taken on may still be in the broker."""
    looks = int(operation.publications)
    return looks > 1 and looks % FULL_QUEUE_LOOKS != 0
