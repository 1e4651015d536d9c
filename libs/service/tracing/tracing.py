"""The traces of a service, by its settings."""

import os
import socket
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter

from libs.errors import Tracer
from libs.service.tracing.exporter import OUTCOMES, Exporter
from libs.service.tracing.headers import read_headers
from libs.service.tracing.otlp import resource_of
from libs.service.tracing.sending import Collector

if TYPE_CHECKING:
    from libs.service.settings import Settings


class Tracing:
    """What begins traces, and where they go.

    :ivar tracer: without `APP_OTLP_ENDPOINT` one that records nothing and passes traces on.
    """

    def __init__(self, settings: "Settings", registry: CollectorRegistry | None = None) -> None:
        """:param registry: where it is counted what becomes of spans."""
        self._exporter: Exporter | None = None
        if settings.otlp_endpoint is not None:
            connect = partial(_collector, settings, settings.otlp_endpoint)
            self._exporter = Exporter(connect, _Counted(registry or CollectorRegistry()))
        self.tracer = Tracer(self._exporter, share=settings.trace_sample)

    @property
    def on(self) -> bool:
        """Whether anything is recorded."""
        return self._exporter is not None

    def stop(self) -> None:
        """Send what waits to be sent, for two seconds at most, and end."""
        if self._exporter is not None:
            self._exporter.stop()


class _Counted:
    """Counts what becomes of spans."""

    def __init__(self, registry: CollectorRegistry) -> None:
        spans = Counter(
            "trace_spans", "Spans recorded, by what became of them.", ["outcome"], registry=registry
        )
        self._spans = {outcome: spans.labels(outcome) for outcome in OUTCOMES}

    def __call__(self, outcome: str, number: int) -> None:
        self._spans[outcome].inc(number)


def _collector(settings: "Settings", endpoint: str) -> Collector:
    """Return what the spans of this process are sent to.

    The names are OpenTelemetry's: https://opentelemetry.io/docs/specs/semconv/resource/.
    """
    told: dict[str, str | int] = {
        "service.name": settings.service,
        "service.version": settings.version,
        "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        "host.name": socket.gethostname(),
        "process.pid": os.getpid(),
        "telemetry.sdk.name": "polymacaron",
        "telemetry.sdk.language": "python",
    }
    headers = settings.otlp_headers
    return Collector(endpoint, read_headers(headers.reveal()) if headers else {}, resource_of(told))
