"""Submitting, running and relaying operations. Knows no broker but by the `Publisher` protocol."""

import logging
import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

import orjson
from pynamodb.exceptions import DoesNotExist, PynamoDBException

from libs.api import Dependencies, dump_json
from libs.dynamodb import as_problem, current_transaction
from libs.errors import InternalError, Problem, current_request_id, new_request_id, request_id_scope
from libs.jwt import Caller, Identity, acting_as, current_caller, running_as
from libs.tasks.lease import LeaseLost, kept_lease
from libs.tasks.operation import Operation
from libs.tasks.task import Task, active_runtime

logger = logging.getLogger(__name__)

RELAY_BATCH = 100
KILL_AFTER_SECONDS = 10.0
"""How long after its timeout a task that does not end by itself is killed with its process."""


class Publisher(Protocol):
    """Carry the hint that an operation waits to a worker."""

    def publish(self, task_name: str, operation_id: str) -> None:
        """Raise any exception if that cannot be done within two seconds or so."""


class TaskRuntime:
    """The tasks of one service.

    :param lease_seconds: how long after its last sign of life a worker counts as dead.
    :param identity: what `load_auth_token` and `generate_token` go by in a task.
    """

    def __init__(
        self,
        tasks: Collection[Task],
        dependencies: Dependencies,
        publisher: Publisher,
        *,
        lease_seconds: float = 15.0,
        identity: Identity | None = None,
    ) -> None:
        self._identity = identity
        self.tasks = {task.name: task for task in tasks}
        self._functions: dict[str, Callable[..., Any]] = {
            task.name: dependencies.bind(task.function, task.arguments_given(dependencies.provides))
            for task in tasks
        }
        self._required = {task.name: task.arguments_required(dependencies.provides) for task in tasks}
        self._publisher = publisher
        self._lease_seconds = lease_seconds

    @contextmanager
    def active(self) -> Iterator[None]:
        """Have calls of tasks submit operations for the length of a with-block."""
        token = active_runtime.set(self)
        try:
            yield
        finally:
            active_runtime.reset(token)

    def submit(self, task: Task, arguments: dict[str, Any]) -> Operation:
        """Store the operation, with the current transaction where there is one, then tell a worker.

        If that cannot be told, the relay will do it: what is stored is not lost.

        :raises LookupError: if the service does not list the task among its own.
        :raises TypeError: if an argument is missing.
        """
        if task.name not in self.tasks:
            raise LookupError(f"{task.name} is not among the tasks of this service")
        missing = sorted(self._required[task.name] - set(arguments))
        if missing:
            raise TypeError(f"{task.name} needs {', '.join(missing)}")
        caller = current_caller()
        operation = Operation(
            task=task.name,
            arguments=arguments,
            caller=caller.to_json() if caller else None,
            owner=caller.subject if caller else None,
            request_id=current_request_id() or new_request_id(),
        )
        transaction = current_transaction()
        if transaction is not None:
            transaction.create(operation)
            transaction.after_commit(partial(self._publish, operation))
        else:
            operation.save()
            self._publish(operation)
        return operation

    def _publish(self, operation: Operation) -> bool:
        try:
            self._publisher.publish(operation.task, operation.id)
        except Exception as error:  # noqa: BLE001 - whatever a broker raises, the row is stored
            logger.warning(
                "operation not published; the relay will",
                extra={"operation": operation.id, "error": type(error).__name__},
            )
            return False
        return True

    def relay(self) -> int:
        """Publish what is due: rows whose hint was lost, whose worker died, or whose time has come.

        Returns how many. Any number of relays may run at once.
        """
        published = 0
        due = Operation.pending_index.query("1", Operation.due <= time.time(), limit=RELAY_BATCH)
        for operation in due:
            if operation.task not in self.tasks:
                logger.error("no such task", extra={"operation": operation.id, "task": operation.task})
            if not operation.published_again():
                continue
            if not self._publish(operation):
                break
            published += 1
        return published

    def run(self, operation_id: str) -> None:
        """Run an operation if it is to be run now; never raises for a fault of the task itself."""
        try:
            operation = Operation.get(operation_id, consistent_read=True)
        except DoesNotExist:
            logger.warning("no such operation", extra={"operation": operation_id})
            return
        if operation.task not in self._functions or not operation.claim(self._lease_seconds):
            return
        caller = Caller.from_json(operation.caller) if operation.caller else None
        scope = request_id_scope(operation.request_id)
        with scope, running_as(self._identity), acting_as(caller), self.active():
            self._run_claimed(operation)

    def _run_claimed(self, operation: Operation) -> None:
        task, attempt, started = self.tasks[operation.task], int(operation.attempts), time.monotonic()
        told: dict[str, Any] = {"operation": operation.id, "task": task.name, "attempt": attempt}
        logger.info("task started", extra=told)
        try:
            with kept_lease(operation, self._lease_seconds, timeout=task.timeout + KILL_AFTER_SECONDS):
                outcome = self._call(operation, task, attempt)
            kept = operation.finish(result=orjson.loads(dump_json(outcome)))
        except LeaseLost:
            kept = False
        except Exception as error:  # noqa: BLE001 - the operation keeps what became of it
            kept = self._failed(operation, task, attempt, error)
        told["seconds"] = round(time.monotonic() - started, 3)
        logger.info("task ended" if kept else "task ended after its lease was lost", extra=told)

    def _call(self, operation: Operation, task: Task, attempt: int) -> Any:
        if attempt > task.attempts:  # every try before took its worker with it
            raise InternalError(code="TASK_FAILED")
        return self._functions[task.name](**operation.arguments)

    def _failed(self, operation: Operation, task: Task, attempt: int, error: Exception) -> bool:
        known = error if isinstance(error, Problem) else as_problem(error)
        wait = task.retry_after(known or error, attempt)
        told = {"operation": operation.id, "task": task.name, "attempt": attempt, "retry_in": wait}
        if known:
            told.update(code=known.code, detail=known.detail, cause=type(error.__cause__ or error).__name__)
        logger.warning("task failed", extra=told, exc_info=None if known else error)
        try:
            if wait is not None:
                return operation.put_off(wait * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
            problem = known or InternalError(code="TASK_FAILED")
            return operation.finish(problem={**problem.to_json(), "request_id": operation.request_id})
        except PynamoDBException:
            logger.exception("the end of a task could not be stored; its lease will run out")
            return False
