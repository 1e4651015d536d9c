"""When a task runs by itself, and starting it then."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from celery.schedules import ParseException, crontab
from pynamodb.exceptions import DoesNotExist, TransactWriteError
from pynamodb.expressions.operand import Path

from libs.dynamodb import Change, ConditionFailed, Put, Table, Write
from libs.dynamodb.contention import is_collision
from libs.tasks.operation import Operation
from libs.tasks.unique import find_holder, taking

if TYPE_CHECKING:
    from libs.tasks.task import Task

logger = logging.getLogger(__name__)

_ONE_DAY = timedelta(days=1)
_LONGEST_GAP = 41 * 366
"""Days: a 29th of February that is a Monday comes after 28 years, or 40 across a year as 2100."""


class Schedule:
    """The slots of a task: the times at which a run of it becomes due.

    Of cron lines Celery's reader is used, and nothing else of it. Their fields are minute, hour, day of the
    month, month and day of the week (0 or sun is Sunday); a day has to fit both day fields, where cron itself
    is content with one.

    :param every: whole seconds, whose slots are the multiples since 1970; or a line of cron, in UTC.
    :raises ValueError: for seconds that are not whole or below 1, or what is no line of cron.
    """

    def __init__(self, every: int | str) -> None:
        self.text = str(every)
        self._seconds = None if isinstance(every, str) else every
        self._line = _line(every) if isinstance(every, str) else None
        if self._seconds is not None and not (isinstance(self._seconds, int) and self._seconds >= 1):
            raise ValueError("a task runs every so many whole seconds, from 1")

    def latest(self, now: float) -> float:
        """Return the last slot that is not after `now`; both in seconds since 1970."""
        if self._line is None:
            assert self._seconds is not None  # noqa: S101 - one of the two is there
            return math.floor(now / self._seconds) * float(self._seconds)
        moment = datetime.fromtimestamp(now, UTC)
        times = [time(hour, minute) for hour in self._line.hour for minute in self._line.minute]
        day, past = moment.date(), [one for one in times if one <= moment.time()]
        for _ in range(_LONGEST_GAP):
            if past and self._is_on(day):
                return datetime.combine(day, max(past), UTC).timestamp()
            day, past = day - _ONE_DAY, times
        raise ValueError(f"{self.text!r} never comes")

    def _is_on(self, day: date) -> bool:
        assert self._line is not None  # noqa: S101 - asked for lines only
        return (
            day.month in self._line.month_of_year
            and day.day in self._line.day_of_month
            and day.isoweekday() % 7 in self._line.day_of_week
        )


def slot_name(slot: float) -> str:
    """Return a slot as text, ``2026-03-01T04:05:00Z``, whose order is that of time."""
    return datetime.fromtimestamp(slot, UTC).isoformat(timespec="seconds")[:-6] + "Z"


def _line(text: str) -> crontab:
    try:
        return crontab.from_string(" ".join(text.split()))
    except (ParseException, TypeError, ValueError) as error:
        raise ValueError(f"{text!r} is no line of cron: minute hour day month weekday ({error})") from None


class Slots:
    """Start what is due by itself: one operation a slot, however many processes do so.

    Of each task a row tells its last slot, written with the operation of that slot in one transaction. A task
    seen for the first time, or with another schedule than before, begins with the next slot. Of the slots
    that nobody was there for the last alone is run, and none while the run of the one before is pending.

    :param prepare: makes the operation of a task with this id, and stores nothing.
    """

    def __init__(self, tasks: Iterable["Task"], prepare: Callable[["Task", str], Operation]) -> None:
        self._tasks = {task: task.schedule for task in tasks if task.schedule is not None}
        self._prepare = prepare
        self._done: dict[Task, str] = {}

    def start(self, now: float) -> Iterator[Operation]:
        """Store the operations that are due at `now` (seconds since 1970), and yield those stored here."""
        for task, schedule in self._tasks.items():
            slot = slot_name(schedule.latest(now))
            if self._done.get(task) == slot:
                continue
            try:
                operation, settled = self._start(task, schedule.text, slot)
            except Exception:  # one task must not keep the others, and all that waits, from being run
                logger.exception("a task could not be started by itself", extra={"task": task.name})
                continue
            if settled:
                self._done[task] = slot
            if operation is not None:
                yield operation

    def _start(self, task: "Task", every: str, slot: str) -> tuple[Operation | None, bool]:
        """Return the operation of the slot if it was started here, and whether the slot is settled."""
        table, key = Table(Operation), {"id": {"S": f"schedule:{task.name}"}}
        row, _ = table.get(key)
        known = row["every"]["S"] if row else None
        if row is None:
            first = Put({**key, "every": {"S": every}, "slot": {"S": slot}}, Path("id").does_not_exist())
            return None, _stored([(table, first)])
        if known != every:  # the run of its last slot stays known: it may be pending
            begun = [Path("every").set(every), Path("slot").set(slot)]
            return None, _stored([(table, Change(key, begun, Path("every") == known))])
        last = str(row["slot"]["S"])
        if last >= slot:
            return None, True
        if "operation" in row and _is_pending(row["operation"]["S"]):
            return None, False
        operation = self._prepare(task, f"{task.name}:{slot}")
        actions = [Path("slot").set(slot), Path("operation").set(str(operation.id))]
        writes: list[tuple[Table, Write]] = [
            (table, Put(operation.serialize(), Path("id").does_not_exist())),
            (table, Change(key, actions, Path("slot") == last)),
        ]
        if operation.unique_key is not None:
            holder, stale = find_holder(operation.unique_key)
            if holder is not None:
                return None, False
            writes.append((table, taking(operation, stale)))
        stored = _stored(writes)
        return (operation if stored else None), stored


def _stored(writes: list[tuple[Table, Write]]) -> bool:
    """Do all of the writes; False if another was faster."""
    try:
        Table(Operation).transact(writes)
    except ConditionFailed:
        return False
    except TransactWriteError as error:
        if not is_collision(error):
            raise
        return False
    return True


def _is_pending(operation_id: str) -> bool:
    try:
        return not Operation.get(operation_id, consistent_read=True).is_final
    except DoesNotExist:
        return False
