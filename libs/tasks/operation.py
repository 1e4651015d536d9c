"""The row of an operation: what is to be done, for whom, and how far it is.

The life of a row, each arrow one conditional write::

    queued ──claim──> running ──finish──> succeeded
      ^                  │  └───finish──> failed
      └─────put_off──────┘

A row that is not final has `due`: the time at which the relay must look at it if nothing happened until
then. It is in a sparse index, so that looking costs only what is pending.
"""

import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import (
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from libs.dynamodb import is_condition_failure

CLOCK_SKEW_SECONDS = 2.0
"""How far apart the clocks of two machines may be before a hint comes too early and is dropped."""

QUEUED, RUNNING, SUCCEEDED, FAILED = "queued", "running", "succeeded", "failed"
KEPT_SECONDS = 7 * 24 * 3600
"""How long a finished operation can be read."""

FIRST_LOOK_SECONDS = 5.0
LATEST_LOOK_SECONDS = 300.0
"""When the relay publishes a queued row again: after 5 seconds, then 10, 20 … up to 300."""


def _now() -> datetime:
    return datetime.now(UTC)


class PendingIndex(GlobalSecondaryIndex["Operation"]):  # type: ignore[no-untyped-call]
    """The rows that are not final, by the time they are due."""

    class Meta:
        index_name = "pending"
        # What the relay needs; arguments would be copied with each prolonged lease.
        projection = IncludeProjection(["task", "status", "publications"])

    pending = UnicodeAttribute(hash_key=True)
    due = NumberAttribute(range_key=True)


class Operation(Model):
    """One run of a task.

    `arguments` (empty once it has succeeded), `result` and `problem` are JSON; `caller` is who it runs for
    (`Caller.to_json`); `owner` the subject who may read it. Times without ``_at`` are seconds since 1970.
    """

    class Meta:
        table_name = "operations"

    id = UnicodeAttribute(hash_key=True, default_for_new=lambda: uuid.uuid4().hex)
    task = UnicodeAttribute()
    arguments = JSONAttribute()
    caller = JSONAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute()
    status = UnicodeAttribute(default_for_new=QUEUED)
    progress = NumberAttribute(default_for_new=0)
    result = JSONAttribute(null=True)
    problem = JSONAttribute(null=True)
    attempts = NumberAttribute(default_for_new=0)
    publications = NumberAttribute(default_for_new=1)
    run_id = UnicodeAttribute(null=True)
    not_before = NumberAttribute(default_for_new=time.time)
    pending = UnicodeAttribute(null=True, default_for_new="1")
    due = NumberAttribute(null=True, default_for_new=lambda: time.time() + FIRST_LOOK_SECONDS)
    created_at = UTCDateTimeAttribute(default_for_new=_now)
    updated_at = UTCDateTimeAttribute(default_for_new=_now)
    expires_at = TTLAttribute(null=True)

    pending_index = PendingIndex()

    def claim(self, lease_seconds: float) -> bool:
        """Take this operation for one run; False if it is not to be run now.

        That is so if it is final, put off to a later time, or another worker's lease on it is good.
        """
        cls, now, run_id = type(self), time.time(), uuid.uuid4().hex
        free = (cls.status == QUEUED) & (cls.not_before <= now + CLOCK_SKEW_SECONDS)
        abandoned = (cls.status == RUNNING) & (cls.due <= now)
        actions = [
            cls.status.set(RUNNING),
            cls.run_id.set(run_id),
            cls.attempts.set(cls.attempts + 1),
            cls.due.set(now + lease_seconds),
        ]
        return self._update(actions, free | abandoned)

    def extend(self, lease_seconds: float) -> bool:
        """Prolong the lease; False if it was lost to another worker."""
        return self._update([type(self).due.set(time.time() + lease_seconds)], self._mine())

    def report(self, progress: float) -> bool:
        """Store how much is done, from 0 to 1; False if the lease was lost."""
        return self._update([type(self).progress.set(progress)], self._mine())

    def put_off(self, seconds: float) -> bool:
        """Give it back, to be run again in that many seconds; False if the lease was lost."""
        cls, at = type(self), time.time() + seconds
        actions = [cls.status.set(QUEUED), cls.publications.set(0), cls.not_before.set(at), cls.due.set(at)]
        return self._update(actions, self._mine())

    def finish(self, *, result: Any = None, problem: dict[str, Any] | None = None) -> bool:
        """Make it final; False if the lease was lost."""
        cls = type(self)
        actions = [
            cls.status.set(SUCCEEDED if problem is None else FAILED),
            cls.pending.remove(),
            cls.due.remove(),
            cls.expires_at.set(datetime.fromtimestamp(time.time() + KEPT_SECONDS, UTC)),
        ]
        if problem is not None:
            actions.append(cls.problem.set(problem))
        else:
            # What it was done with, an address or a name, is of no use to anybody any more.
            actions += [cls.progress.set(1), cls.arguments.set({})]
            if result is not None:
                actions.append(cls.result.set(result))
        return self._update(actions, self._mine())

    def published_again(self) -> bool:
        """Note that the relay takes this row on now; False if somebody else did."""
        cls, now = type(self), time.time()
        doublings = min(self.publications, 10)  # a row can be published thousands of times
        wait = min(FIRST_LOOK_SECONDS * 2.0**doublings, LATEST_LOOK_SECONDS)
        actions: list[Action] = [cls.publications.set(cls.publications + 1)]
        if self.status == QUEUED:
            actions.append(cls.due.set(now + wait))
        return self._update(actions, (cls.publications == self.publications) & (cls.due == self.due))

    def _mine(self) -> Any:
        return (type(self).status == RUNNING) & (type(self).run_id == self.run_id)

    def _update(self, actions: Sequence[Action], condition: Any) -> bool:
        try:
            self.update([*actions, type(self).updated_at.set(_now())], condition=condition)
        except UpdateError as error:
            if is_condition_failure(error):
                return False
            raise
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
        if self.result is not None:
            seen["result"] = self.result
        if self.problem is not None:
            seen["problem"] = self.problem
        return seen
