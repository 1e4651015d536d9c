"""Where a process is asked for its metrics."""

import socket

from libs.service.metrics import listen, serve
from libs.service.running import Running
from libs.service.settings import SettingsError


def metrics_listener(running: Running) -> socket.socket | None:
    """Return what metrics are asked for at; None where nobody asks.

    :raises SettingsError: if that is where requests come to.
    """
    settings = running.settings
    if settings.metrics_port == settings.port:
        raise SettingsError("APP_METRICS_PORT: Is that of requests, APP_PORT.")
    return None if settings.metrics_port is None else listen(settings.metrics_host, settings.metrics_port)


def serve_metrics(running: Running) -> None:
    """Answer who asks this process for its metrics, if anybody may."""
    listener = metrics_listener(running)
    if listener is not None:
        serve(running.metrics, listener)
