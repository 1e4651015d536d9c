"""The row of an operation: what is to be done, for whom, and how far it is.

The life of a row, each arrow one conditional write::

    queued  ──claim──────────> running
    queued  ──cancel─────────> cancelled
    running ──claim, cancel──> running, cancelled    once its lease has run out
    running ──put_off────────> queued
    running ──hand_back──────> queued                as if the try had not been
    running ──finish─────────> succeeded, failed
    running ──end_cancelled──> cancelled
    failed  ──replay─────────> queued

A row that is not final has `due`: the time at which the relay must look at it if nothing happened until
then. It is in a sparse index, so that looking costs only what is pending. What has failed is parked: it is in
a partition of its own of that index until somebody replays or discards it.
"""

import math
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import DoesNotExist, UpdateError
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from libs.dynamodb import is_condition_failure
from libs.tasks.watching.metrics import count_cancelled

CLOCK_SKEW_SECONDS = 2.0
"""How far apart the clocks of two machines may be before a hint comes too early and is dropped."""

QUEUED, RUNNING = "queued", "running"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
PENDING, PARKED = "1", "parked"
"""The partitions of the index."""

KEPT_SECONDS = 7 * 24 * 3600
"""How long a finished operation can be read."""
PARKED_SECONDS = 30 * 24 * 3600
"""How long one that has failed waits for somebody to replay or discard it."""

FIRST_LOOK_SECONDS = 5.0
LATEST_LOOK_SECONDS = 300.0
"""When the relay publishes a row again: after 5 seconds, then 10, 20 … up to 300."""
_DOUBLINGS = math.ceil(math.log2(LATEST_LOOK_SECONDS / FIRST_LOOK_SECONDS))

LONGEST_HISTORY = 20
LONGEST_MESSAGE = 500
"""Characters of a progress message that are kept."""


def _now() -> datetime:
    return datetime.now(UTC)


def _in(seconds: float) -> datetime:
    return datetime.fromtimestamp(time.time() + seconds, UTC)


def looks_take(publications: int) -> float:
    """Return the seconds that pass between the first so many looks of the relay and the look after them."""
    growing = min(publications, _DOUBLINGS)
    return FIRST_LOOK_SECONDS * (2.0**growing - 1) + LATEST_LOOK_SECONDS * (publications - growing)


class PendingIndex(GlobalSecondaryIndex["Operation"]):  # type: ignore[no-untyped-call]
    """The rows that are not final, by the time they are due; and those parked, by when that happened."""

    class Meta:
        index_name = "pending"
        # What the relay needs; arguments would be copied with each prolonged lease.
        projection = IncludeProjection(["task", "status", "publications"])

    pending = UnicodeAttribute(hash_key=True)
    due = NumberAttribute(range_key=True)


class Operation(Model):
    """One run of a task.

    `arguments` (empty once it has succeeded, was cancelled or discarded), `result` and `problem` are JSON;
    `caller` is who it runs for (`Caller.to_json`); `owner` the subject who may read it. `version` is that of
    its arguments; a row without one is from before there were versions, and its arguments are plain JSON.
    `history` has a dict for each try, the last 20: `at` (RFC 3339), `attempt`, `code` (of its problem; None
    where it succeeded), `seconds` (None where its worker died). Times without ``_at`` are seconds since 1970.
    """

    class Meta:
        table_name = "operations"

    id = UnicodeAttribute(hash_key=True, default_for_new=lambda: uuid.uuid4().hex)
    task = UnicodeAttribute()
    arguments = JSONAttribute()
    version = NumberAttribute(null=True)
    caller = JSONAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute()
    traceparent = UnicodeAttribute(null=True)
    tracestate = UnicodeAttribute(null=True)
    url = UnicodeAttribute(null=True)
    queue = UnicodeAttribute(null=True)
    priority = NumberAttribute(null=True)
    unique_key = UnicodeAttribute(null=True)
    status = UnicodeAttribute(default_for_new=QUEUED)
    progress = NumberAttribute(default_for_new=0)
    message = UnicodeAttribute(null=True)
    result = JSONAttribute(null=True)
    problem = JSONAttribute(null=True)
    history = JSONAttribute(null=True)
    attempts = NumberAttribute(default_for_new=0)
    publications = NumberAttribute(default_for_new=1)
    run_id = UnicodeAttribute(null=True)
    not_before = NumberAttribute(default_for_new=time.time)
    pending = UnicodeAttribute(null=True, default_for_new=PENDING)
    due = NumberAttribute(null=True, default_for_new=lambda: time.time() + FIRST_LOOK_SECONDS)
    cancel_asked_at = UTCDateTimeAttribute(null=True)
    created_at = UTCDateTimeAttribute(default_for_new=_now)
    started_at = UTCDateTimeAttribute(null=True)
    updated_at = UTCDateTimeAttribute(default_for_new=_now)
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute(null=True)

    pending_index = PendingIndex()

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.status not in (QUEUED, RUNNING)

    @property
    def hint_due(self) -> float:
        """When the relay gives the next hint; of what runs `due` stays the end of its lease."""
        waited = looks_take(int(self.publications)) if self.status == RUNNING else 0.0
        return float(self.due) + waited

    @classmethod
    def claim_queued(
        cls, operation_id: str, lease_seconds: float, *, run_id: str, task: str, version: int
    ) -> "Operation | None":
        """Take an operation that was not read before for the run `run_id`, in one request.

        :returns: None if it is not there, not queued, put off to a later time, of another task, or of a newer
            version than that. Or it is taken and the answer was lost: then the row has that `run_id`.
        """
        known = (cls.task == task) & (cls.version.does_not_exist() | (cls.version <= version))
        operation, now = cls(operation_id), time.time()
        taken = operation._update(cls._taking(run_id, now + lease_seconds), cls._free(now) & known)
        return operation if taken else None

    def claim(self, lease_seconds: float, *, run_id: str | None = None) -> bool:
        """Take this operation, as it was read, for one run; False if it is not to be run now.

        That is so if it is final, put off to a later time, or another worker's lease on it is good.

        :param run_id: of the run, by default a new one; if the row has it, it was claimed before.
        """
        if run_id is not None and self.run_id == run_id:
            return self.extend(lease_seconds)
        cls, now, run_id = type(self), time.time(), run_id or uuid.uuid4().hex
        actions, free = cls._taking(run_id, now + lease_seconds), cls._free(now)
        if self.status == RUNNING:
            actions.append(cls.history.set(self._with_try("WORKER_LOST", seconds=None)))
            free = self._mine() & (cls.due <= now)
        return self._update(actions, free, stored=lambda row: row.run_id == run_id)

    @classmethod
    def _taking(cls, run_id: str, until: float) -> list[Action]:
        return [
            cls.status.set(RUNNING),
            cls.run_id.set(run_id),
            cls.attempts.set(cls.attempts + 1),
            cls.publications.set(0),  # of hints that its lease has lapsed
            cls.due.set(until),
            cls.started_at.set(_now()),
        ]

    @classmethod
    def _free(cls, now: float) -> Any:
        return (cls.status == QUEUED) & (cls.not_before <= now + CLOCK_SKEW_SECONDS)

    def extend(self, lease_seconds: float) -> bool:
        """Prolong the lease; False if it was lost to another worker."""
        return self._update([type(self).due.set(time.time() + lease_seconds)], self._mine())

    def report(self, progress: float, message: str | None = None) -> bool:
        """Store how much is done, from 0 to 1, and what is being done; False if the lease was lost."""
        actions: list[Action] = [type(self).progress.set(progress)]
        if message is not None:
            actions.append(type(self).message.set(message[:LONGEST_MESSAGE]))
        return self._update(actions, self._mine())

    def put_off(self, seconds: float, *, code: str = "PUT_OFF") -> bool:
        """Give it back, to be run again in that many seconds.

        :param code: of the problem, for the history.
        :returns: False if the lease was lost, or somebody has asked to cancel it.
        """
        cls = type(self)
        actions = [*self._waits(seconds), cls.history.set(self._with_try(code))]
        return self._end_run(QUEUED, actions, self._mine() & cls.cancel_asked_at.does_not_exist())

    def hand_back(self) -> bool:
        """Queue it again at once, as if this try had not been; False if the lease was lost."""
        cls = type(self)
        return self._end_run(QUEUED, [*self._waits(0), cls.attempts.set(cls.attempts - 1)], self._mine())

    def finish(self, *, result: Any = None, problem: dict[str, Any] | None = None) -> bool:
        """Make it final; False if the lease was lost.

        The row, of which the result may be most, is not sent back: of this object only `status` is as stored.
        """
        cls = type(self)
        if problem is not None:
            status, actions = (
                FAILED,
                [
                    *self._ends(FAILED),
                    cls.pending.set(PARKED),
                    cls.due.set(time.time()),
                    cls.expires_at.set(_in(PARKED_SECONDS)),
                    cls.problem.set(problem),
                    cls.history.set(self._with_try(problem.get("code"))),
                ],
            )
        else:
            history = cls.history.set(self._with_try(None))
            status, actions = SUCCEEDED, [*self._leaves(SUCCEEDED), cls.progress.set(1), history]
            if result is not None:
                actions.append(cls.result.set(result))
        if not self._end_run(status, actions, self._mine(), read=False):
            return False
        self.status = status
        return True

    def cancel(self) -> bool:
        """Cancel it if it waits, or ask the worker that runs it to; False if it is final already.

        One whose lease has run out is not asked: perhaps no worker takes over, as of a task that is gone from
        the release. Asked once more it does nothing more.
        """
        cls, asked = type(self), type(self).cancel_asked_at.set(type(self).cancel_asked_at | _now())
        while not self.is_final:
            abandoned = (cls.status == RUNNING) & (cls.due <= time.time() - CLOCK_SKEW_SECONDS)
            if self._update(self._leaves(CANCELLED), (cls.status == QUEUED) | abandoned):
                count_cancelled(self.task)
                return True
            if self._update([asked], cls.status == RUNNING):
                return True
            self.refresh(consistent_read=True)  # it ended, or was put off between the two
        return False

    def end_cancelled(self) -> bool:
        """End a run that was asked to; False if the lease was lost."""
        cls = type(self)
        actions = [*self._leaves(CANCELLED), cls.history.set(self._with_try("CANCELLED"))]
        return self._end_run(CANCELLED, actions, self._mine())

    def replay_actions(self) -> list[Action]:
        """Return what makes a failed operation, to which a hint is given, wait with all its attempts."""
        cls = type(self)
        gone = (cls.problem, cls.message, cls.finished_at, cls.expires_at, cls.cancel_asked_at, cls.run_id)
        return [
            *self._waits(0, hints=1),
            cls.pending.set(PENDING),
            cls.attempts.set(0),
            cls.progress.set(0),
            *(one.remove() for one in gone),
            cls.updated_at.set(_now()),
        ]

    def is_parked(self) -> Any:
        """Return the condition that it has failed, and was neither replayed nor discarded."""
        return (type(self).status == FAILED) & (type(self).pending == PARKED)

    def discard(self) -> bool:
        """Have a failed operation wait no longer for a replay, and forget its arguments.

        :returns: False if it was not parked.
        """
        cls, now = type(self), _now()
        actions = [cls.pending.remove(), cls.due.remove(), cls.arguments.set({})]
        actions.append(cls.expires_at.set(_in(KEPT_SECONDS)))
        # Nothing else in the row tells who has discarded it: nobody does so in the same microsecond.
        return self._update(actions, self.is_parked(), at=now, stored=lambda row: row.updated_at == now)

    def published_again(self) -> bool:
        """Note that the relay takes this row on now; False if somebody else did."""
        cls, now = type(self), time.time()
        looks = int(self.publications)
        wait = looks_take(looks + 1) - looks_take(looks)
        actions: list[Action] = [cls.publications.set(cls.publications + 1)]
        if self.status == QUEUED:
            actions.append(cls.due.set(now + wait))
        return self._update(actions, (cls.publications == self.publications) & (cls.due == self.due))

    def not_published(self) -> None:
        """Take back the note of `published_again`, for no hint was taken: it is due, behind all that are."""
        cls, actions = type(self), [type(self).publications.set(type(self).publications - 1)]
        as_noted = (cls.status == QUEUED) & (cls.publications == self.publications)
        self._update([*actions, cls.due.set(time.time())], as_noted)

    def _waits(self, seconds: float, *, hints: int = 0) -> list[Action]:
        """Return what makes it wait. Without `hints` by others the relay gives one when the time has come."""
        cls, at = type(self), time.time() + seconds
        due = at + looks_take(hints)
        return [cls.status.set(QUEUED), cls.publications.set(hints), cls.not_before.set(at), cls.due.set(due)]

    def _ends(self, status: str) -> list[Action]:
        return [type(self).status.set(status), type(self).finished_at.set(_now())]

    def _leaves(self, status: str) -> list[Action]:
        """Return what ends it for good, and takes it out of the index."""
        cls = type(self)
        return [
            *self._ends(status),
            cls.pending.remove(),
            cls.due.remove(),
            cls.expires_at.set(_in(KEPT_SECONDS)),
            # What it was done with, an address or a name, is of no use to anybody any more.
            cls.arguments.set({}),
        ]

    def _with_try(self, code: str | None, **known: Any) -> list[dict[str, Any]]:
        """Return the history with the present run of it, of which only its worker knows how long it was."""
        at = self.started_at
        if "seconds" not in known and at is not None:
            known["seconds"] = round((_now() - at).total_seconds(), 3)
        told = {"at": at.isoformat() if at else None, "attempt": self.attempts, "code": code, **known}
        return [*(self.history or []), told][-LONGEST_HISTORY:]

    def _mine(self) -> Any:
        return (type(self).status == RUNNING) & (type(self).run_id == self.run_id)

    def _end_run(self, status: str, actions: Sequence[Action], condition: Any, *, read: bool = True) -> bool:
        """End this run with this status of its row; False if the condition (with `_mine`) fails."""
        run_id, is_over = self.run_id, self.status != RUNNING  # by an earlier call for this object

        def stored(row: Operation) -> bool:
            return not is_over and (row.run_id, row.status) == (run_id, status)

        return self._update(actions, condition, read=read, stored=stored)

    def _update(
        self,
        actions: Sequence[Action],
        condition: Any,
        *,
        read: bool = True,
        at: datetime | None = None,
        stored: Callable[["Operation"], bool] | None = None,
    ) -> bool:
        """Change the row; False if the condition does not hold.

        :param read: whether this object is to be as the row is then.
        :param at: its `updated_at`; by default now.
        :param stored: tells by the row whether a write that is refused was done before: the answer was lost,
            and it was sent again. For that the row is read, then only.
        """
        changes = [*actions, type(self).updated_at.set(at or _now())]
        try:
            if read:
                self.update(changes, condition=condition)
            else:
                self._get_connection().update_item(self.id, actions=changes, condition=condition)
        except UpdateError as error:
            if is_condition_failure(error):
                return stored is not None and self._is_stored(stored)
            raise
        return True

    def _is_stored(self, stored: Callable[["Operation"], bool]) -> bool:
        """Tell whether the row is as `stored` says; then this object is as the row is."""
        try:
            row = type(self).get(self.id, consistent_read=True)
        except DoesNotExist:
            return False
        if not stored(row):
            return False  # and this object stays what it was: the run of another is not its own
        self.attribute_values = row.attribute_values
        return True

    def to_json(self) -> dict[str, Any]:
        """Return what its owner sees."""
        seen: dict[str, Any] = {
            "id": self.id,
            "task": self.task,
            "status": self.status,
            "progress": self.progress,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }
        for name in ("message", "started_at", "finished_at", "cancel_asked_at", "result", "problem"):
            if getattr(self, name) is not None:
                seen[name] = getattr(self, name)
        return seen
