"""Calls of other services in numbers: how many, what became of them, how long they took; their breakers."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.api.clients.watching import OUTCOMES, ClientCall
from libs.service.metrics.breakers import STATES

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""The upper bounds of what is told of how long calls took."""


class ClientMetrics:
    """A watcher of clients that counts their calls.

    :param apis: the services that are called.
    """

    def __init__(self, registry: CollectorRegistry, apis: Iterable[str]) -> None:
        self._calls = Counter(
            "client_calls", "Calls of other services.", ["api", "operation", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "client_call_seconds",
            "How long they took, tries and pauses between them included.",
            ["api", "operation"],
            registry=registry,
            buckets=SECONDS,
        )
        self._retries = Counter("client_retries", "Calls sent again.", ["api"], registry=registry)
        self._breaker = Gauge(
            "client_breaker_state",
            "Of the circuit breaker, as of the last call: 0 closed, 1 half-open, 2 open.",
            ["api"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._states = dict.fromkeys(apis, 0)
        for api in self._states:
            self._retries.labels(api)
            self._breaker.labels(api).set(0)
        self._known: set[tuple[str, str]] = set()

    def __call__(self, call: ClientCall) -> None:
        """Count a call that is over."""
        key = call.api, call.operation
        if key not in self._known:
            # All outcomes begin at zero, so that the first failure is an increase and not a new series.
            for outcome in OUTCOMES:
                self._calls.labels(*key, outcome)
            self._known.add(key)
        self._calls.labels(*key, call.outcome).inc()
        self._seconds.labels(*key).observe(call.seconds)
        if call.retries:
            self._retries.labels(call.api).inc(call.retries)
        state = STATES[call.breaker]
        if self._states.get(call.api) != state:
            self._states[call.api] = state
            self._breaker.labels(call.api).set(state)
