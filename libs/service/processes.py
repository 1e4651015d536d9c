"""The processes of a service: web (gunicorn), worker and beat (Celery)."""

import code
import logging
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from celery import signals
from celery.worker import state
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from pynamodb.exceptions import PynamoDBException

from libs.dynamodb import Database
from libs.service.metrics import listen, serve
from libs.service.running import Running
from libs.service.settings import SettingsError, read_queues
from libs.tasks import TaskRuntime
from libs.tasks.broker.celery_app import queue_name, relay_scheduler
from libs.tasks.broker.draining import Drain, hand_back_on_signal
from libs.tasks.broker.pulse import Pulse
from libs.tasks.watching.gauges import TableGauges
from libs.tasks.watching.health import LiveWorker, end_life, show_life, worker_id

LONGEST_PULSE_SECONDS = 20.0
"""Between two signs of life of a worker, however long its leases are: health checks want one in 60."""
WORKER_SECONDS = 30
"""A worker process whose main thread does not stir for that long is replaced."""


class _PlainLogger(Logger):  # type: ignore[misc]
    """gunicorn's own messages go the way of all others."""

    def setup(self, cfg: Any) -> None:
        self.error_log = logging.getLogger("gunicorn.error")
        self.access_log = logging.getLogger("gunicorn.access")
        self.error_log.propagate = True

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        # What `_limit_silence` breaks off; where it happened is of no interest, and anybody can have it said.
        if isinstance(sys.exception(), BlockingIOError):
            self.info("a client was silent, or read nothing, for too long")
        else:
            super().exception(msg, *args, **kwargs)


class _Web(BaseApplication):  # type: ignore[misc]
    def __init__(self, running: Running, metrics: socket.socket | None = None) -> None:
        self._running = running
        self._metrics = metrics
        super().__init__()

    def load_config(self) -> None:
        settings = self._running.settings
        options = {
            "bind": f"{settings.host}:{settings.port}",
            "proc_name": self._running.service.name,
            "workers": settings.web_workers,
            "worker_class": "gthread",
            "threads": settings.web_threads,
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "timeout": WORKER_SECONDS,
            "graceful_timeout": settings.drain_seconds,
            # A worker is never replaced for its number of requests (max_requests): the next one knows neither
            # keys nor revocations, and anybody could have all replaced while auth is down.
            "max_requests": 0,
            "keepalive": 65,  # longer than the idle timeout of an AWS load balancer (60)
            "control_socket_disable": True,
            "logger_class": _PlainLogger,
            "when_ready": partial(_limit_silence, settings.read_timeout_seconds),
            "pre_request": partial(_limit_body, settings.body_timeout_seconds),
            "post_request": _unlimit_body,
            "post_fork": self._serve_metrics,
            "post_worker_init": self._end_streams_with,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._running.web_app()

    def _serve_metrics(self, arbiter: Any, worker: Any) -> None:
        if self._metrics is not None:
            serve(self._running.metrics, self._metrics)

    def _end_streams_with(self, worker: Any) -> None:
        # Those who follow operations would keep a worker that has been told to stop for as long as they last.
        self._running.streams.end_unless(lambda: bool(worker.alive))


def _limit_silence(seconds: int, arbiter: Any) -> None:
    # gunicorn's threads read and write without a timeout: as many connections as threads, of clients that say
    # nothing or never read what they have asked for, would hang the service.
    # What is set on a listening socket its connections inherit, for each recv(2) and send(2).
    for listener in arbiter.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))


class _BodySocket:
    """A connection while a body comes: bounded in all, for a byte now and then is no silence.

    The time runs from the first read, so that a body nobody has wanted so far can still be drained.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection
        self._seconds = seconds
        self._deadline: float | None = None

    def recv(self, size: int) -> bytes:
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._seconds
        if now > self._deadline:
            raise TimeoutError("the body took too long")
        return self.connection.recv(size)


def _limit_body(seconds: float, worker: Any, request: Any) -> None:
    request.unreader.sock = _BodySocket(request.unreader.sock, seconds)


def _unlimit_body(worker: Any, request: Any, environ: Any, response: Any) -> None:
    # The next request of the connection is read through the same object.
    request.unreader.sock = request.unreader.sock.connection


def run_web(running: Running) -> None:
    """Serve HTTP until SIGTERM."""
    running.web_app()  # a wrong contract stops the start here, before any worker is forked
    if running.service.tasks:
        running.metrics.add(TableGauges(task.name for task in running.service.tasks))
    listener = _metrics_listener(running)
    if listener is not None:
        _ = running.metrics  # made before the fork, so that all workers count as one
    _Web(running, listener).run()


def _metrics_listener(running: Running) -> socket.socket | None:
    """Return what metrics are asked for at; None where nobody asks.

    :raises SettingsError: if that is where requests come to.
    """
    settings = running.settings
    if settings.metrics_port == settings.port:
        raise SettingsError("APP_METRICS_PORT: Is that of requests, APP_PORT.")
    return None if settings.metrics_port is None else listen(settings.metrics_host, settings.metrics_port)


def _serve_metrics(running: Running) -> None:
    listener = _metrics_listener(running)
    if listener is not None:
        serve(running.metrics, listener)


def run_worker(running: Running) -> int:
    """Run tasks until SIGTERM; those under way are then finished, or handed back within `drain_seconds`.

    :returns: the exit code: 0 after a SIGTERM, 1 if the worker has ended by a fault.
    """
    _tasks(running)
    settings, service, app = running.settings, running.service.name, running.celery
    queues = _queues(running)
    _serve_metrics(running)
    pulse = _pulse(running, queues)
    pulse.attach()
    signals.worker_process_init.connect(hand_back_on_signal, weak=False)
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
    try:
        worker.start()
    finally:
        pulse.stop()
        # Where `Drain` has ended the process, the worker counts as alive until its last sign of life is old.
        with suppress(PynamoDBException):
            end_life(worker_id())
    return int(worker.exitcode or os.EX_OK)


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


def _pulse(running: Running, queues: Sequence[str]) -> Pulse:
    settings, service, worker = running.settings, running.service.name, worker_id()
    Database(
        [LiveWorker],
        region=settings.dynamodb_region,
        endpoint=settings.dynamodb_endpoint,
        table_prefix=f"{settings.table_prefix}{service}-",
        max_connections=1,
    )
    touch = _sign_of_life(running)
    every = min(settings.task_lease_seconds / 3, LONGEST_PULSE_SECONDS)

    def alive() -> None:
        touch()
        with suppress(PynamoDBException):
            show_life(worker, queues, seconds=settings.task_lease_seconds + every)

    return Pulse(
        running.celery, f"{service}.pulse.{worker}", every=every, alive=alive, echoes=running.broker.echoes
    )


def run_beat(running: Running) -> None:
    """Have the relay run again and again, until SIGTERM."""
    scheduler = relay_scheduler(_tasks(running), _sign_of_life(running))
    _serve_metrics(running)
    running.celery.Beat(quiet=True, schedule=None, working_directory=None, scheduler_cls=scheduler).run()


def _tasks(running: Running) -> TaskRuntime:
    if running.tasks is None:
        raise SettingsError(f"APP_SERVICE: {running.service.name} has no tasks, so it needs no such process.")
    # Celery would set up logs of its own if nobody listened here.
    signals.setup_logging.connect(_logs_are_set_up, weak=False)
    return running.tasks


def _logs_are_set_up(**_: Any) -> None:
    """Nothing is left to do."""


def _sign_of_life(running: Running) -> Callable[..., None]:
    path = running.settings.alive_path

    def show(**_: Any) -> None:
        if path:
            Path(path).touch()

    return show


def run_shell(running: Running) -> None:
    """Open a Python prompt with the service put together."""
    names = {"running": running, "settings": running.settings, "database": running.database}
    names.update({model.__name__: model for model in running.database.models})
    banner = f"{running.service.name}: {', '.join(names)}"
    code.interact(banner=banner, local=names, exitmsg="")
