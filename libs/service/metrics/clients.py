"""Calls of other services in numbers: how many, what became of them, how long they took."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram

from libs.api.clients.watching import OUTCOMES, ClientCall

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
        for api in apis:
            self._retries.labels(api)
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
