"""Celery as the broker's side of tasks. Its messages say only: look at this operation.

Each setting that differs from Celery's default closes a way in which Celery on Redis loses, repeats or
hangs; docs/decisions/0004-outbox.md says which.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.beat import Scheduler

from libs.tasks.runtime import KILL_AFTER_SECONDS, TaskRuntime

logger = logging.getLogger(__name__)

RELAY = "relay"
CONNECT_TIMEOUT_SECONDS = 1.0
SOCKET_TIMEOUT_SECONDS = 2.0
PAUSE_AFTER_FAILURE_SECONDS = 5.0


def make_celery(service: str, redis_url: str, *, key_prefix: str, sweep_seconds: float) -> Celery:
    """Return the Celery app of a service: one queue, named like it; beat relays every `sweep_seconds`.

    :param key_prefix: what every key in Redis starts with, so that services and stages can share a server.
    """
    app = Celery(service, broker=redis_url, set_as_current=False)
    app.conf.update(
        task_default_queue=service,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_publish_retry=False,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_max_tasks_per_child=1000,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "global_keyprefix": key_prefix,
            "visibility_timeout": 3600,
            "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "socket_timeout": SOCKET_TIMEOUT_SECONDS,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "max_retries": 0,
        },
        beat_max_loop_interval=sweep_seconds,
        beat_schedule={RELAY: {"task": RELAY, "schedule": sweep_seconds}},
    )
    return app


class CeleryPublisher:
    """Publish through a Celery app; after a failure, do not try for some seconds.

    A request must not wait for a broker that the request before has just found dead.
    """

    def __init__(self, app: Celery, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._lock = threading.Lock()
        self._paused_until = float("-inf")

    def publish(self, task_name: str, operation_id: str) -> None:
        """:raises ConnectionError: if the broker did not answer, or did not lately."""
        with self._lock:
            if self._clock() < self._paused_until:
                raise ConnectionError("the broker did not answer lately")
        try:
            self._app.send_task(task_name, args=[operation_id], ignore_result=True)
        except Exception:
            with self._lock:
                self._paused_until = self._clock() + PAUSE_AFTER_FAILURE_SECONDS
            raise


def register(app: Celery, runtime: TaskRuntime) -> None:
    """Make the tasks of `runtime` known to a worker's Celery app, each with its time limits."""

    def runner(operation_id: str) -> None:
        runtime.run(operation_id)

    for task in runtime.tasks.values():
        limits = {"soft_time_limit": task.timeout, "time_limit": task.timeout + KILL_AFTER_SECONDS}
        app.task(name=task.name, shared=False, **limits)(runner)


def relay_scheduler(runtime: TaskRuntime, relayed: Callable[[], None]) -> type[Scheduler]:
    """Return a scheduler for beat that runs the relay itself.

    As a task it would wait in the queue behind the very backlog it has to mend, or behind two that hang.

    :param relayed: called after each round.
    """

    class RelayScheduler(Scheduler):  # type: ignore[misc]
        def apply_async(self, entry: Any, *args: Any, **kwargs: Any) -> Any:
            if entry.task != RELAY:
                return super().apply_async(entry, *args, **kwargs)
            published = runtime.relay()
            if published:
                logger.info("operations published again", extra={"count": published})
            relayed()
            return None

    return RelayScheduler
