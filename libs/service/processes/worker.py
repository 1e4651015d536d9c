"""The worker process: Celery."""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from celery import signals
from celery.worker import state
from pynamodb.exceptions import PynamoDBException

from libs.dynamodb import Database
from libs.service.logs.levels import LogLevels
from libs.service.processes.asking import serve_metrics
from libs.service.processes.life import SignsOfLife, answer_health
from libs.service.processes.stopping import Stopping
from libs.service.processes.tasks import tasks_of
from libs.service.running import Running
from libs.service.settings import SettingsError, read_queues
from libs.tasks.broker.celery_app import queue_name
from libs.tasks.broker.draining import Drain, hand_back_on_signal
from libs.tasks.broker.pulse import Pulse
from libs.tasks.watching.health import LiveWorker, end_life, show_life, worker_id

LONGEST_PULSE_SECONDS = 20.0
"""Between two signs of life of a worker, however long its leases are: health checks want one in 60."""


def run_worker(running: Running) -> int:
    """Run tasks until SIGTERM; those under way are then finished, or handed back within `drain_seconds`.

    :returns: the exit code: 0 after a SIGTERM, 1 if the worker has ended by a fault.
    """
    tasks_of(running)
    settings, service, app = running.settings, running.service.name, running.celery
    queues = _queues(running)
    signs, own = SignsOfLife(settings.alive_path), _own_database(running)
    stopping = Stopping()
    answer_health(running, signs, own).unready_when(stopping.begun)
    serve_metrics(running)
    pulse = _pulse(running, queues, signs)
    pulse.attach()
    log_levels = LogLevels.of(settings)
    log_levels.follow()
    signals.worker_process_init.connect(log_levels.follow, weak=False)
    signals.worker_process_init.connect(hand_back_on_signal, weak=False)
    signals.worker_process_shutdown.connect(partial(_tell_all, running), weak=False)
    worker = app.Worker(
        hostname=f"{service}@{socket.gethostname()}",
        concurrency=settings.worker_concurrency,
        queues=queues,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    drain = Drain(partial(_children, worker), lambda: bool(state.active_requests), settings.drain_seconds)
    signals.worker_shutting_down.connect(drain.begin, weak=False)
    signals.worker_shutting_down.connect(lambda **_: stopping.begin(), weak=False)
    try:
        worker.start()
    finally:
        pulse.stop()
        running.tracing.stop()
        # Where `Drain` has ended the process, the worker counts as alive until its last sign of life is old.
        with suppress(PynamoDBException):
            end_life(worker_id())
        running.reports.flush()
    return int(worker.exitcode or os.EX_OK)


def _tell_all(running: Running, **_: Any) -> None:
    running.tracing.stop()
    running.reports.flush()


def _children(worker: Any) -> list[int]:
    """Return the ids of the processes that run a worker's tasks; none once Celery has stopped them."""
    pool = getattr(worker.pool, "_pool", None)
    return [] if pool is None else [child.pid for child in pool._pool]


def _queues(running: Running) -> list[str]:
    app, service, wanted = running.celery, running.service.name, running.settings.worker_queues
    if wanted is None:
        return list(app.amqp.queues)
    names = [queue_name(service, one) for one in read_queues(wanted)]
    if unknown := sorted(set(names) - set(app.amqp.queues)):
        told = ", ".join(one.removeprefix(f"{service}.") for one in unknown)
        raise SettingsError(f"APP_WORKER_QUEUES: no task of {service} has the queue {told}.")
    return names


def _own_database(running: Running) -> Database:
    """Return what the main process asks DynamoDB by: its children are forked from it, and have their own."""
    settings = running.settings
    return Database(
        [LiveWorker],
        region=settings.dynamodb_region,
        endpoint=settings.dynamodb_endpoint,
        table_prefix=f"{settings.table_prefix}{running.service.name}-",
        max_connections=2,  # the pulse, and checks of health
    )


def _pulse(running: Running, queues: Sequence[str], signs: SignsOfLife) -> Pulse:
    settings, service, worker = running.settings, running.service.name, worker_id()
    every = min(settings.task_lease_seconds / 3, LONGEST_PULSE_SECONDS)

    def alive() -> None:
        signs.show()
        with suppress(PynamoDBException):
            show_life(worker, queues, seconds=settings.task_lease_seconds + every)

    return Pulse(
        running.celery, f"{service}.pulse.{worker}", every=every, alive=alive, echoes=running.broker.echoes
    )
