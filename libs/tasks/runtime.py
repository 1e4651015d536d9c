"""Submitting and running operations. Knows no broker but by the `Publisher` protocol."""

import json
import logging
import random
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson
from prometheus_client import CollectorRegistry
from pynamodb.exceptions import DoesNotExist, PynamoDBException
from pynamodb.expressions.condition import Condition

from libs.api import Dependencies, dump_json
from libs.dynamodb import Change, ConditionFailed, Table, Write, as_problem, current_transaction
from libs.errors import (
    Conflict,
    InternalError,
    Problem,
    Tracer,
    current_span,
    error_id_of,
    request_id_scope,
)
from libs.errors.reporting import Sink
from libs.jwt import Caller, Identity, acting_as, current_caller, running_as
from libs.tasks.arguments import decode, fits
from libs.tasks.effects import effects_of
from libs.tasks.ending import store_end, until_answered
from libs.tasks.failures import report_parked, report_try, reporting_try
from libs.tasks.hints import Hints, Publisher
from libs.tasks.lease import Cancelled, LeaseLost, Leases
from libs.tasks.operation import FAILED, Operation
from libs.tasks.options import DEFAULT_QUEUE, CallOptions
from libs.tasks.relay import Relay
from libs.tasks.request_url import url_scope
from libs.tasks.schedule import Slots
from libs.tasks.submitting import Submission, prepared
from libs.tasks.task import Task, active_runtime, asked_to_wait
from libs.tasks.unique import find_holder, release, taking
from libs.tasks.watching.metrics import TaskMetrics, current_metrics
from libs.tasks.watching.spans import processing, publishing, tell_published

logger = logging.getLogger(__name__)

LARGEST_PROBLEM = 16_000
"""Bytes of a problem in the row; of a larger one its code is kept, and not its detail."""
KILL_AFTER_SECONDS = 10.0
"""How long after its timeout a task that does not end by itself is killed with its process."""


class Unreadable(InternalError):
    """The arguments of an operation are nothing this release can run it with, however often it is tried."""


class Unstorable(InternalError):
    """What a task has returned cannot be kept, however often it is run."""


class TaskRuntime:
    """The tasks of one service.

    :param lease_seconds: how long after its last sign of life a worker counts as dead.
    :param identity: what `load_auth_token` and `generate_token` go by in a task.
    :param reports: who is told of tasks that fail; by default who is told of what has called `run`.
    :param metrics: where what happens is counted; by default where nobody looks.
    :param tracer: goes on with the traces of those who have called; by default they are passed on.
    :raises TypeError: for a task that needs what nobody provides, or, run by itself, an argument.
    """

    def __init__(
        self,
        tasks: Collection[Task],
        dependencies: Dependencies,
        publisher: Publisher,
        *,
        lease_seconds: float = 15.0,
        identity: Identity | None = None,
        metrics: TaskMetrics | None = None,
        tracer: Tracer | None = None,
        reports: Sink | None = None,
    ) -> None:
        self._reports = reports
        self._identity = identity
        self._tracer = tracer or Tracer()
        self.tasks = {task.name: task for task in tasks}
        self._metrics = metrics or TaskMetrics(CollectorRegistry(), self.tasks)
        self._functions: dict[str, Callable[..., Any]] = {
            task.name: dependencies.bind(task.function, task.arguments_given(dependencies.provides))
            for task in tasks
        }
        self._required = {task.name: task.arguments_required(dependencies.provides) for task in tasks}
        self._queues = {None, DEFAULT_QUEUE, *(task.usual.queue for task in tasks)}
        self._hints = Hints(publisher, self._metrics)
        self._leases = Leases(lease_seconds)
        self._submission = Submission()
        for task in tasks:
            if task.schedule is not None and self._required[task.name]:
                needed = ", ".join(sorted(self._required[task.name]))
                raise TypeError(f"{task.name} is run by itself, so nobody gives it {needed}")
        slots = Slots(
            self.tasks.values(),
            lambda task, slot: prepared(task, {}, task.usual, caller=None, operation_id=slot),
        )
        self._relay = Relay(self.tasks, slots, self._hints, self._metrics)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Have calls of tasks submit operations for the length of a with-block."""
        token, counting = active_runtime.set(self), current_metrics.set(self._metrics)
        try:
            yield
        finally:
            current_metrics.reset(counting)
            active_runtime.reset(token)

    def submit(self, task: Task, arguments: dict[str, Any], options: CallOptions) -> Operation:
        """Store the operation, with the current transaction where there is one, then tell a worker.

        If that cannot be told, the relay will do it: what is stored is not lost.

        :returns: the operation; for a unique task the one that is pending already, if there is one.
        :raises LookupError: if the service does not list the task among its own, or none has the queue.
        :raises TypeError: if an argument is missing, or has no JSON form.
        :raises BodyTooLarge: if there is more in the arguments than a row keeps.
        """
        if self.tasks.get(task.name) is not task:
            raise LookupError(f"{task.name} is not among the tasks of this service")
        if options.queue not in self._queues:
            raise LookupError(f"no task of this service has the queue {options.queue}")
        missing = sorted(self._required[task.name] - set(arguments))
        if missing:
            raise TypeError(f"{task.name} needs {', '.join(missing)}")
        with publishing(task.name) as told:
            new = prepared(task, arguments, options, caller=current_caller())
            transaction = current_transaction()
            if transaction is None:
                operation = self._submission.alone(new)
                self._publish_new(operation, new)
            else:
                operation = self._submission.within(transaction, new)
                transaction.after_commit(partial(self._publish_new, operation, new))
            tell_published(told, operation)
        return operation

    def _publish_new(self, operation: Operation, new: Operation) -> None:
        if operation is not new:  # another's, which is pending already
            return
        self._metrics.queued(new.task)
        if new.publications:  # it is not for later
            self._hints.give(new)

    def relay(self) -> int:
        """Publish what is due, as `Relay.round` does; returns how many were published."""
        return self._relay.round()

    def replay(self, operation: Operation) -> None:
        """Have a failed operation, as it was read, run once more, with all its attempts before it.

        :raises Conflict: NOT_PARKED, if it has not failed or was replayed or discarded by another;
            ALREADY_PENDING, if it is unique and the same is pending.
        """
        table = Table(Operation)
        key = {"id": {"S": str(operation.id)}}
        parked: Condition = operation.is_parked()
        writes: list[tuple[Table, Write]] = [(table, Change(key, operation.replay_actions(), parked))]
        if operation.unique_key is not None:
            holder, stale = find_holder(operation.unique_key)
            if holder is not None:
                raise Conflict("The same is pending already.", code="ALREADY_PENDING")
            writes.append((table, taking(operation, stale)))
        try:
            table.transact(writes)
        except ConditionFailed as refused:
            if refused.index:
                raise Conflict("The same is pending already.", code="ALREADY_PENDING") from None
            known = "" if operation.status == FAILED else f": it has the status {operation.status}"
            raise Conflict(f"It is not parked{known}.", code="NOT_PARKED") from None
        operation.refresh(consistent_read=True)
        self._metrics.queued(operation.task)
        self._hints.give(operation)

    def run(self, operation_id: str, task: Task | None = None) -> None:
        """Run an operation if it is to be run now; never raises for a fault of the task itself.

        While the database does not answer, it waits: with the hint the next would be thrown away, and so on.

        :param task: what the hint says it is one of; known, a queued one is taken without reading it before.
        :raises PynamoDBException: if it cannot be claimed for a third of the lease; the relay gives the hint
            again.
        """
        run_id = uuid.uuid4().hex  # one for all attempts, by which it is known that an earlier one was done
        claimed = until_answered(partial(self._claimed, operation_id, task, run_id), self._leases.seconds / 3)
        if claimed is None:
            return
        operation, task = claimed
        caller = Caller.from_json(operation.caller) if operation.caller else None
        scope, trace = request_id_scope(operation.request_id), processing(self._tracer, operation)
        url = url_scope(operation.url)
        reporting = reporting_try(operation, self._reports)
        with scope, trace, url, running_as(self._identity), acting_as(caller), reporting, self.active():
            self._run_claimed(operation, task)
        # What has failed may be replayed by now, and need its lock.
        if operation.is_final and operation.status != FAILED:
            release(operation)

    def _claimed(self, operation_id: str, task: Task | None, run_id: str) -> tuple[Operation, Task] | None:
        """Take an operation for a run of its task; None if it is not to be run now, or not by this one."""
        if task is not None:
            operation = Operation.claim_queued(
                operation_id, self._leases.seconds, run_id=run_id, task=task.name, version=task.version
            )
            if operation is not None:
                return operation, task
        try:
            operation = Operation.get(operation_id, consistent_read=True)
        except DoesNotExist:
            logger.warning("no such operation", extra={"operation": operation_id})
            return None
        task = self.tasks.get(operation.task)
        if task is None:
            return None
        if _version(operation) > task.version:
            logger.warning(
                "operation is for a newer release", extra={"operation": operation.id, "task": task.name}
            )
            return None
        return (operation, task) if operation.claim(self._leases.seconds, run_id=run_id) else None

    def _run_claimed(self, operation: Operation, task: Task) -> None:
        attempt, started = int(operation.attempts), time.monotonic()
        told: dict[str, Any] = {"operation": operation.id, "task": task.name, "attempt": attempt}
        logger.info("task started", extra=told)
        self._metrics.started(operation)
        try:
            with self._leases.kept(operation, timeout=task.timeout + KILL_AFTER_SECONDS):
                outcome = self._call(operation, task, attempt)
            result = _result(outcome)
        except LeaseLost:
            current_span().fail("LeaseLost")
            kept = False
        except Exception as error:  # noqa: BLE001 - the operation keeps what became of it
            kept = self._not_done(operation, task, attempt, error)
        else:
            kept = self._done(operation, task, attempt, result)
        told["seconds"] = round(time.monotonic() - started, 3)
        self._metrics.ended(operation, told["seconds"], kept=kept)
        logger.info("task ended" if kept else "task ended after its lease was lost", extra=told)

    def _call(self, operation: Operation, task: Task, attempt: int) -> Any:
        if operation.cancel_asked_at:  # of the worker before, which died
            raise Cancelled
        if attempt > task.attempts:  # every try before took its worker with it
            raise InternalError(code="TASK_FAILED")
        with effects_of(operation):
            return self._functions[task.name](**_arguments(operation, task))

    def _done(self, operation: Operation, task: Task, attempt: int, result: Any) -> bool:
        """Store what a task has returned; False if its lease was lost, or it could not be."""
        try:
            return self._store(partial(operation.finish, result=result))
        except PynamoDBException as error:  # it is refused, as it would be each time
            return self._not_done(operation, task, attempt, error)

    def _store(self, end: Callable[[], bool]) -> bool:
        # The lease was prolonged a third of its seconds ago at most.
        return store_end(end, self._leases.seconds * 2 / 3)

    def _not_done(self, operation: Operation, task: Task, attempt: int, error: Exception) -> bool:
        """Store what becomes of a run that raised; False if its lease was lost, or it could not be."""
        try:
            if isinstance(error, Cancelled):
                return self._store(operation.end_cancelled)
            return self._failed(operation, task, attempt, error)
        except PynamoDBException:
            logger.exception("the end of a task could not be stored; its lease will run out")
            return False

    def _failed(self, operation: Operation, task: Task, attempt: int, error: Exception) -> bool:
        known = error if isinstance(error, Problem) else as_problem(error)
        current_span().fail(known.code if known else type(error).__name__)
        hopeless = isinstance(error, Unreadable | Unstorable)
        wait = None if hopeless else task.retry_after(known or error, attempt)
        told = {"operation": operation.id, "task": task.name, "attempt": attempt, "retry_in": wait}
        if known:
            told.update(code=known.code, cause=type(error.__cause__ or error).__name__)
        problem = known or InternalError(code="TASK_FAILED")
        ids = {"request_id": operation.request_id}
        if problem.status >= 500:
            ids["error_id"] = told["error_id"] = error_id_of(error)
        logger.warning("task failed", extra=told, exc_info=None if known else error)
        if wait is None:
            kept = {**_kept(problem), **ids}
            parked = self._store(partial(operation.finish, problem=kept))
            if parked:  # the line to put an alarm on
                known_by = {"operation": operation.id, "task": task.name, "attempt": attempt}
                logger.error("operation parked", extra={**known_by, **ids, "code": problem.code})
                report_parked(operation, problem, error, ids.get("error_id"))
            return parked
        jitter = random.uniform(0.75, 1.25)  # noqa: S311 - not for secrets
        seconds = max(wait * jitter, asked_to_wait(problem))
        if known is None:
            report_try(operation, error, ids.get("error_id"), seconds)
        # It cannot be put off if somebody has asked to cancel it, who shall not wait for another try.
        return self._store(lambda: operation.put_off(seconds, code=problem.code) or operation.end_cancelled())


def _version(operation: Operation) -> int:
    """Return the version of its arguments; rows from before there were versions are of the first."""
    return 1 if operation.version is None else int(operation.version)


def _result(outcome: Any) -> Any:
    """Return what a task has returned as JSON.

    :raises Unstorable: RESULT_NOT_JSON or RESULT_TOO_LARGE.
    """
    try:
        text = dump_json(outcome)
    except (TypeError, ValueError) as error:
        raise Unstorable("What the task returned has no JSON form.", code="RESULT_NOT_JSON") from error
    result = orjson.loads(text)
    if not fits(result):
        raise Unstorable("What the task returned is too large to be kept.", code="RESULT_TOO_LARGE")
    return result


def _kept(problem: Problem) -> dict[str, Any]:
    """Return what the row keeps of a problem, which has to fit in beside the arguments."""
    whole = problem.to_json()
    try:
        kept: dict[str, Any] = orjson.loads(dump_json(whole))
        if len(json.dumps(kept)) <= LARGEST_PROBLEM:
            return kept
    except (TypeError, ValueError):  # a member that has no JSON form
        pass
    return {name: whole[name] for name in ("type", "title", "status", "code")}


def _arguments(operation: Operation, task: Task) -> dict[str, Any]:
    """Return the arguments of an operation as the task, as it is now, takes them.

    :raises Unreadable: TASK_VERSION_UNKNOWN, if they are of an older version and the task upgrades none.
    :raises ValueError: if they cannot be read.
    """
    arguments, version = operation.arguments, _version(operation)
    if version < task.version:
        if task.upgrade is None:
            raise Unreadable(code="TASK_VERSION_UNKNOWN")
        arguments = task.upgrade(arguments, version)
    # Without a version they are plain JSON, whatever they look like.
    return {name: decode(one) if operation.version else one for name, one in arguments.items()}
