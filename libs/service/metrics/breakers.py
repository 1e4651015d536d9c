"""Circuit breakers in numbers."""

import time

from prometheus_client import Gauge

from libs.resilience import CircuitBreaker
from libs.service.metrics.port import Metrics

CLOSED, HALF_OPEN, OPEN = 0, 1, 2
"""The higher the worse, so that of many processes the worst is told."""


class BreakerGauge:
    """Tells how circuit breakers are, also those of other processes, and where nobody calls.

    Each process leaves until when its breaker refuses calls, and 0 where it is closed. Whoever is asked tells
    what that means at the moment; the monotonic clock is the same in all processes of a machine.

    :param label: the name of what tells the breakers apart, where there are several.
    """

    def __init__(self, metrics: Metrics, name: str, label: str | None = None) -> None:
        self._gauge = Gauge(
            name,
            "Of the circuit breaker: 0 closed, 1 half-open, 2 open.",
            [] if label is None else [label],
            registry=metrics.registry,
            multiprocess_mode="livemax",
        )
        metrics.tell_as(name, _state)

    def follow(self, breaker: CircuitBreaker, *labels: str) -> None:
        """Tell how `breaker` is from now on."""
        gauge = self._gauge.labels(*labels) if labels else self._gauge
        breaker.watch(lambda until: gauge.set(until or 0.0))


def _state(refuses_until: float) -> float:
    if not refuses_until:
        return CLOSED
    return OPEN if time.monotonic() < refuses_until else HALF_OPEN
