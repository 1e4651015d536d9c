"""What an operator sees of the operations of a service, whoever's they are, and does with them.

What has succeeded, was cancelled or discarded is in no index, so it is found by its id and not listed. Each
list reads one partition of the index, and so many rows of it at the most.
"""

import base64
import binascii
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pynamodb.expressions.operand import Path

from libs.dynamodb import Item, Table
from libs.errors import Conflict, Fault, InvalidParameters
from libs.errors.redaction import SECRETS
from libs.tasks.following import owned
from libs.tasks.operation import FAILED, PARKED, PENDING, QUEUED, RUNNING, Operation
from libs.tasks.runtime import TaskRuntime
from libs.tasks.unique import release
from libs.tasks.watching.health import live_workers, oldest_waiting_seconds

audit_log = logging.getLogger("libs.tasks.audit")
audit_log.setLevel(logging.INFO)  # of its own: it is written whatever APP_LOG_LEVEL lets through

OPERATOR = "operator"
"""`by` of what is done with a command: whoever can run it need not have an account."""

LISTED = (PARKED, QUEUED, RUNNING)
MOST_LISTED = 100
MOST_EXAMINED = 1000
"""Rows of the index that are read for a page; one that would need more is shorter, and has a `next`."""
MOST_COUNTED = 10_000
"""Rows of each partition that are counted."""

_PLACE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,20})?) (.{1,255})", re.DOTALL)
_SHORT = ("id", "task", "status", "owner", "attempts", "queue", "problem", "pending", "not_before")
_SHORT_TIMES = ("created_at", "started_at", "updated_at", "finished_at")


@dataclass(frozen=True)
class Page:
    """Some operations of a list, with what `summary` tells and no more; and where the next page begins."""

    operations: list[Operation]
    next: str | None


def list_page(status: str, *, task: str | None = None, limit: int = 50, after: str | None = None) -> Page:
    """Return some of the operations that are `parked` (the latest first), `queued` or `running`.

    The latter two come in the order in which the relay looks at them. That changes while they are worked on,
    so that one may be on two pages or on none. `after` is `next` of the page before; it is a place in the
    order and not signed, since a made-up one shows nothing that the list does not.

    :param limit: the most operations of the page, up to `MOST_LISTED`.
    :raises InvalidParameters: for an `after` that is none.
    """
    partition = PARKED if status == PARKED else PENDING
    only = None if partition == PARKED else Path("status") == status
    if task is not None:
        only = Path("task") == task if only is None else only & (Path("task") == task)
    found: list[Item] = []
    start, examined = _place(partition, after), 0
    while True:
        answer = Table(Operation).query(
            Path("pending") == partition,
            index="pending",
            filter_condition=only,
            start=start,
            limit=limit + 1 if only is None else MOST_EXAMINED // 5,
            forward=partition != PARKED,
        )
        found += answer.items
        examined += answer.examined
        start = answer.last_key
        if start is None or len(found) > limit or examined >= MOST_EXAMINED:
            break
    if len(found) > limit:
        found, start = found[:limit], found[limit - 1]
    rows = _read([str(one["id"]["S"]) for one in found])
    # The index lags behind: what is there no more, or is something else by now, is left out.
    return Page([one for one in rows if _list_of(one) == status], None if start is None else _cursor(start))


def parked(*, task: str | None = None, code: str | None = None) -> Iterator[Operation]:
    """Yield what is parked, the latest first: all, or that of a task, or with this code of its problem."""
    after = None
    while True:
        page = list_page(PARKED, task=task, limit=MOST_LISTED, after=after)
        yield from (one for one in page.operations if code in (None, _code(one)))
        after = page.next
        if after is None:
            return


def replay(operation: Operation, runtime: TaskRuntime, *, by: str) -> None:
    """Have a parked operation run once more, with all its attempts before it.

    :param by: the subject of who wants it, for the audit log; the same below.
    :raises Conflict: NOT_PARKED or ALREADY_PENDING, as `TaskRuntime.replay`.
    """
    runtime.replay(operation)
    _audit("operation replayed", operation, by)


def discard(operation: Operation, *, by: str) -> None:
    """Give a parked operation up, and forget its arguments.

    :raises Conflict: NOT_PARKED, if it has not failed or was replayed or discarded by another.
    """
    if not operation.discard():
        raise Conflict("It is not there to be discarded.", code="NOT_PARKED")
    operation.refresh(consistent_read=True)
    release(operation)
    _audit("operation discarded", operation, by)


def cancel(operation: Operation, *, by: str) -> None:
    """Cancel an operation that waits, or ask the worker that runs it to; asked again, nothing more.

    :raises Conflict: NOT_CANCELLABLE, if it has succeeded or failed.
    """
    owned.cancel(operation)
    _audit("operation cancelled", operation, by)


def summary(operation: Operation) -> dict[str, Any]:
    """Return what a list tells of an operation."""
    told = {
        "id": operation.id,
        "task": operation.task,
        "status": operation.status,
        "parked": _list_of(operation) == PARKED,
        "owner": operation.owner,
        "attempts": operation.attempts,
        "queue": operation.queue,
        "code": _code(operation),
        "not_before": _time(operation.not_before),
        **{name: getattr(operation, name) for name in _SHORT_TIMES},
    }
    return {name: value for name, value in told.items() if value is not None}


def details(operation: Operation) -> dict[str, Any]:
    """Return everything about an operation but its result, which is its owner's; secrets are redacted."""
    message = operation.message
    told = {
        **summary(operation),
        "caller": operation.caller,
        "arguments": SECRETS.value(operation.arguments),
        "version": operation.version,
        "unique": operation.unique_key is not None,
        "priority": operation.priority,
        "request_id": operation.request_id,
        "traceparent": operation.traceparent,
        "progress": operation.progress,
        "message": None if message is None else SECRETS.text(message),
        "problem": SECRETS.texts(operation.problem),
        "history": operation.history or [],
        "publications": operation.publications,
        "due": _time(operation.due),
        "cancel_asked_at": operation.cancel_asked_at,
        "expires_at": operation.expires_at,
    }
    return {name: value for name, value in told.items() if value is not None}


def statistics() -> dict[str, Any]:
    """Return how many operations there are in each list by task, how old they are, and who does them.

    ``{"counts": [{"status": "parked", "task": …, "count": 2}], "complete": True, "workers": 1,
    "oldest_waiting_seconds": 0.4}``; `complete` is False where there is more than `MOST_COUNTED`.
    """
    counts: Counter[tuple[str, str]] = Counter()
    complete = True
    for partition in (PARKED, PENDING):
        rows = list(Operation.pending_index.query(partition, limit=MOST_COUNTED + 1))
        complete = complete and len(rows) <= MOST_COUNTED
        for row in rows[:MOST_COUNTED]:
            counts[PARKED if partition == PARKED else row.status, row.task] += 1
    return {
        "counts": [
            {"status": status, "task": task, "count": count}
            for (status, task), count in sorted(
                counts.items(), key=lambda one: (LISTED.index(one[0][0]), one)
            )
        ],
        "complete": complete,
        "oldest_waiting_seconds": round(oldest_waiting_seconds(), 1),
        "workers": live_workers(),
    }


def _read(ids: list[str]) -> list[Operation]:
    """Return the rows that are there of those with these ids, in their order, with what `summary` needs."""
    wanted = [*_SHORT, *_SHORT_TIMES]
    rows = Operation.batch_get(ids, consistent_read=True, attributes_to_get=wanted) if ids else ()
    by_id = {str(row.id): row for row in rows}
    return [by_id[one] for one in ids if one in by_id]


def _list_of(operation: Operation) -> str | None:
    """Return the list that an operation is in; None if that is none."""
    if operation.status == FAILED:
        return PARKED if operation.pending == PARKED else None
    return operation.status if operation.pending == PENDING else None


def _code(operation: Operation) -> str | None:
    return (operation.problem or {}).get("code")


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _cursor(key: Item) -> str:
    place = f"{key['due']['N']} {key['id']['S']}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place(partition: str, after: str | None) -> Item | None:
    if after is None:
        return None
    try:
        text = base64.b64decode(f"{after}{'=' * (-len(after) % 4)}", altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    place = _PLACE.fullmatch(text)
    if place is None:
        raise InvalidParameters(errors=[Fault("is not a cursor of this list", parameter="after")])
    return {"pending": {"S": partition}, "due": {"N": place[1]}, "id": {"S": place[2]}}


def _audit(event: str, operation: Operation, by: str) -> None:
    """Log who did something; never what the operation is done with."""
    told = {"operation": operation.id, "task": operation.task, "user": operation.owner, "by": by}
    audit_log.info(event, extra={name: value for name, value in told.items() if value is not None})
