"""Celery as the broker's side of tasks. Its messages say only: look at this operation.

Each setting that differs from Celery's default closes a way in which Celery on Redis loses, repeats or
hangs; the table in docs/tasks.md says which. What depends on the kind of broker is in `brokers`.
"""

import contextvars
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from celery import Celery
from celery.beat import Scheduler
from kombu.entity import Exchange, Queue

from libs.errors import remaining
from libs.resilience import UNWATCHED, PoolWatcher
from libs.tasks.broker.brokers import PRIORITIES, read_broker, use_own_transports
from libs.tasks.broker.draining import handing_back
from libs.tasks.options import DEFAULT_PRIORITY, DEFAULT_QUEUE
from libs.tasks.runtime import KILL_AFTER_SECONDS, TaskRuntime
from libs.tasks.task import Task

logger = logging.getLogger(__name__)

RELAY = "relay"
PAUSE_AFTER_FAILURE_SECONDS = 5.0
MOST_CONNECTIONS = 10
"""How many threads of a process publish at once."""
WAIT_SECONDS = 1.0
"""How long the next one waits for its turn."""


def make_celery(
    service: str,
    broker_url: str,
    *,
    key_prefix: str,
    sweep_seconds: float,
    queues: Iterable[str] = (),
    longest_seconds: float = 0.0,
    region: str | None = None,
    max_memory_mib: int = 0,
) -> Celery:
    """Return the Celery app of a service; beat relays every `sweep_seconds`.

    :param broker_url: an address that `read_broker` takes.
    :param key_prefix: what every key in Redis starts with, so that services and stages can share a server.
    :param queues: the names of queues that its tasks are sent to, beside the default one.
    :param longest_seconds: how long the longest try of a task may take.
    :param max_memory_mib: a child of a worker that has grown larger is replaced after the task in its hands;
        0: never.
    :raises ValueError: if the address is none.
    """
    broker = read_broker(broker_url, key_prefix=key_prefix, longest_seconds=longest_seconds, region=region)
    use_own_transports()
    app = Celery(service, broker=broker.url, set_as_current=False)
    names = [DEFAULT_QUEUE, *sorted(set(queues) - {DEFAULT_QUEUE})]
    app.conf.update(
        task_default_queue=queue_name(service, None),
        task_queues=[_queue(queue_name(service, name)) for name in names],
        task_create_missing_queues=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_publish_retry=False,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_enable_prefetch_count_reduction=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_max_tasks_per_child=1000,
        worker_max_memory_per_child=max_memory_mib * 1024 or None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # Commands to workers, such as Flower's, go to all of them, which beside SQS would need Amazon SNS.
        worker_enable_remote_control=broker.echoes,
        broker_pool_limit=MOST_CONNECTIONS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_use_ssl=broker.use_ssl,
        broker_transport_options=dict(broker.options),
        beat_max_loop_interval=sweep_seconds,
        beat_schedule={RELAY: {"task": RELAY, "schedule": sweep_seconds}},
    )
    return app


def _queue(name: str) -> Queue:
    exchange = Exchange("")  # type: ignore[no-untyped-call]
    return Queue(name, exchange, name)  # type: ignore[no-untyped-call]


def queue_name(service: str, queue: str | None) -> str:
    """Return what the broker calls the queue `queue` of a service; None is the default one."""
    return service if queue in {None, DEFAULT_QUEUE} else f"{service}.{queue}"


class CeleryPublisher:
    """Publish through a Celery app; after a failure, do not try for some seconds.

    A request must not wait for a broker that the request before has just found dead, nor behind all those
    that are finding out.

    :param pool: is told of the connections in use.
    """

    def __init__(
        self, app: Celery, clock: Callable[[], float] = time.monotonic, *, pool: PoolWatcher = UNWATCHED
    ) -> None:
        self._app = app
        self._pool = pool
        # By process: in one that was forked nobody gives back what threads of its parent had.
        self._turns: dict[int, threading.BoundedSemaphore] = {}
        self._clock = clock
        self._lock = threading.Lock()
        self._paused_until = float("-inf")

    def publish(
        self,
        task_name: str,
        operation_id: str,
        *,
        queue: str | None = None,
        priority: int = DEFAULT_PRIORITY,
    ) -> None:
        """Send the hint to `queue`, or to the default queue where this release knows none of that name.

        :param priority: 0 to 9; of two hints that wait, the one with the higher is taken first. SQS has none.
        :raises ConnectionError: if the broker did not answer, did not lately, or all connections are in use.
        """
        name = queue_name(self._app.main, queue)
        if name not in self._app.amqp.queues:
            # In a queue that no worker of this service looks into it would stay.
            logger.error("no such queue; the default one is used", extra={"task": task_name, "queue": queue})
            name = queue_name(self._app.main, None)
        # In kombu's lists of Redis 0 comes first.
        options = {"queue": name, "priority": PRIORITIES - 1 - min(max(priority, 0), PRIORITIES - 1)}
        with self._producer() as producer:
            told: dict[str, Any] = {"args": [operation_id], "ignore_result": True, "producer": producer}
            self._app.send_task(task_name, **told, **options)

    def waiting(self, queue: str | None) -> int | None:
        """Return how many hints are in `queue`; None where the broker does not say (SQS), or not now."""
        try:
            with self._producer() as producer:
                count: Callable[[str], int] | None = getattr(producer.channel, "waiting", None)
                return None if count is None else count(queue_name(self._app.main, queue))
        except Exception as error:  # noqa: BLE001 - whatever a broker raises
            logger.warning("the broker does not answer", extra={"error": type(error).__name__})
            return None

    @contextmanager
    def _producer(self) -> Iterator[Any]:
        """Lend one of the app's producers, unless the broker did not answer lately."""
        self._check_pause()
        with self._turn(), self._app.producer_pool.acquire(block=True) as producer:
            self._check_pause()  # while this one was waited for, others may have found the broker dead
            try:
                yield producer
            except Exception:
                with self._lock:
                    self._paused_until = self._clock() + PAUSE_AFTER_FAILURE_SECONDS
                raise

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until there is a connection, which kombu's pool does for as long as it takes.

        That pool has as many, so whoever has a turn finds one there.
        """
        turns = self._turns.get(os.getpid())
        if turns is None:
            turns = self._turns.setdefault(os.getpid(), threading.BoundedSemaphore(MOST_CONNECTIONS))
        left = remaining()
        self._pool.taken()
        try:
            if not turns.acquire(timeout=WAIT_SECONDS if left is None else min(WAIT_SECONDS, left)):
                self._pool.timed_out()
                raise ConnectionError("all connections to the broker are in use")
            try:
                yield
            finally:
                turns.release()
        finally:
            self._pool.returned()

    def _check_pause(self) -> None:
        with self._lock:
            if self._clock() < self._paused_until:
                raise ConnectionError("the broker did not answer lately")


def register(app: Celery, runtime: TaskRuntime) -> None:
    """Make the tasks of `runtime` known to a worker's Celery app, each with its time limits."""

    def runner_of(task: Task) -> Callable[[str], None]:
        def runner(operation_id: str) -> None:
            # A time limit is raised anywhere: what it leaves set, such as an open transaction, would be there
            # for the next task, which Celery runs in the same context.
            run = partial(runtime.run, task=task)
            contextvars.copy_context().run(handing_back, run, operation_id)

        return runner

    for task in runtime.tasks.values():
        limits = {"soft_time_limit": task.timeout, "time_limit": task.timeout + KILL_AFTER_SECONDS}
        app.task(name=task.name, shared=False, **limits)(runner_of(task))


def relay_scheduler(runtime: TaskRuntime, relayed: Callable[[], None]) -> type[Scheduler]:
    """Return a scheduler for beat that runs the relay itself.

    As a task it would wait in the queue behind the very backlog it has to mend, or behind two that hang.

    :param relayed: called after each round.
    """

    class RelayScheduler(Scheduler):  # type: ignore[misc]
        producer = None
        """Celery's own connects for each entry, and without a broker tries to without end."""

        def apply_async(self, entry: Any, *args: Any, **kwargs: Any) -> Any:
            if entry.task != RELAY:
                return super().apply_async(entry, *args, **kwargs)
            published = runtime.relay()
            if published:
                logger.info("hints given by the relay", extra={"count": published})
            relayed()
            return None

    return RelayScheduler
