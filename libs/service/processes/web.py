"""The web process: gunicorn."""

import logging
import resource
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from libs.service.logs.levels import LogLevels
from libs.service.metrics import serve
from libs.service.processes.asking import metrics_listener
from libs.service.processes.faults import reporting
from libs.service.processes.silent_clients import SlowClient, limit_body, limit_silence, unlimit_body
from libs.service.processes.stopping import Stopping, WebMaster
from libs.service.processes.web_worker import WebWorker
from libs.service.protection.shedding import Line, Shedding
from libs.service.running import Running
from libs.tasks.watching.gauges import TableGauges

KEPT_SECONDS = 65
"""How long a connection is kept for its next request: longer than an AWS load balancer keeps it (60)."""
WORKER_SECONDS = 30
"""A worker process whose main thread does not stir for that long is replaced."""

CONNECTIONS = 1000


def most_connections() -> int:
    """Return how many connections a process takes at most; half of its files are for all else."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return CONNECTIONS if files == resource.RLIM_INFINITY else min(CONNECTIONS, files // 2)


class PlainLogger(Logger):  # type: ignore[misc]
    """gunicorn's own messages go the way of all others."""

    def setup(self, cfg: Any) -> None:
        self.error_log = logging.getLogger("gunicorn.error")
        self.access_log = logging.getLogger("gunicorn.access")
        self.error_log.propagate = True

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        # What is broken off because of a client; where is of no interest, and anybody can have it said.
        if isinstance(sys.exception(), BlockingIOError):
            self.info("a client was silent, or read nothing, for too long")
        elif isinstance(sys.exception(), SlowClient):
            self.info("a client was too slow")
        else:
            super().exception(msg, *args, **kwargs)


class WebApplication(BaseApplication):  # type: ignore[misc]
    """What gunicorn is told, and what its workers ask for."""

    def __init__(self, running: Running, metrics: socket.socket | None = None) -> None:
        self._running = running
        self._metrics = metrics
        self._log_levels = LogLevels.of(running.settings)
        self.stopping = Stopping()
        running.health.unready_when(self.stopping.begun)
        settings = running.settings
        line = Line(settings.web_queue, settings.web_queue_seconds)
        self.shedding = Shedding(line, running.metrics.registry, running.reports)
        self.reports = running.reports
        self.trusted_proxies = settings.trusted_proxies
        self.header_seconds = settings.read_timeout_seconds
        self.answer_seconds = settings.body_timeout_seconds
        self.stuck_seconds = (
            settings.body_timeout_seconds + settings.request_seconds + 2 * settings.read_timeout_seconds
        )
        """How long a thread sends nothing at most, unless its handler hangs: body, work, silent client."""
        super().__init__()

    def load_config(self) -> None:
        settings = self._running.settings
        options = {
            "bind": f"{settings.host}:{settings.port}",
            "proc_name": self._running.service.name,
            "workers": settings.web_workers,
            "worker_class": WebWorker,
            "threads": settings.web_threads,
            "worker_connections": most_connections(),
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "timeout": WORKER_SECONDS,
            "graceful_timeout": settings.drain_seconds,
            # A worker is never replaced for its number of requests (max_requests): the next one knows neither
            # keys nor revocations, and anybody could have all replaced while auth is down.
            "max_requests": 0,
            "keepalive": KEPT_SECONDS,
            "sendfile": False,  # would go past what bounds an answer
            "limit_request_line": settings.request_line_bytes,
            "limit_request_field_size": settings.header_bytes,
            "limit_request_fields": settings.header_count,
            "control_socket_disable": True,
            "logger_class": reporting(PlainLogger, self._running.reports),
            "when_ready": partial(limit_silence, settings.read_timeout_seconds),
            "pre_request": partial(limit_body, settings.body_timeout_seconds),
            "post_request": unlimit_body,
            "post_fork": self._begin_worker,
            "post_worker_init": self._end_streams_with,
            "worker_exit": self._tell_all,
            "on_exit": lambda arbiter: self._running.reports.flush(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._running.web_app()

    def run(self) -> None:
        WebMaster(self, self.stopping, self._running.settings.shutdown_delay_seconds).run()

    def _begin_worker(self, arbiter: Any, worker: Any) -> None:
        self._log_levels.follow()
        if self._metrics is not None:
            serve(self._running.metrics, self._metrics)

    def _end_streams_with(self, worker: Any) -> None:
        # Those who follow operations would keep a worker that has been told to stop for as long as they last.
        self._running.streams.end_unless(lambda: bool(worker.alive))

    def _tell_all(self, arbiter: Any, worker: Any) -> None:
        self.shedding.tell(at_end=True)
        self._running.tracing.stop()
        self._running.reports.flush()


def run_web(running: Running) -> None:
    """Serve HTTP until SIGTERM."""
    running.web_app()  # a wrong contract stops the start here, before any worker is forked
    if running.service.tasks:
        running.metrics.add(TableGauges(task.name for task in running.service.tasks))
    listener = metrics_listener(running)
    if listener is not None:
        _ = running.metrics  # made before the fork, so that all workers count as one
    WebApplication(running, listener).run()
