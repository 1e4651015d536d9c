"""Requests in numbers: how many, how they ended, how long they took, how many are under way (RED).

Labels are of the contract and of HTTP, never what a client has made up: a path that no route has is the route
`UNMATCHED`, a method that HTTP does not know is `OTHER`.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.api import Operation
from libs.service.web import Exchange

UNMATCHED, OTHER = "unmatched", "other"
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""The upper bounds of what is told of how long requests took."""
MOST_CODES = 200
"""So many codes of problems are told apart, for those of a service that is called are its own choice."""


class RequestMetrics:
    """A watcher of requests that counts them.

    A request is over when its answer begins: what follows an operation for minutes (server-sent events)
    counts with the time until its first byte, and is not under way any more.

    :param operations: all that the service has. Their failures begin at zero, so that the first one is an
        increase and not a new series.
    """

    def __init__(self, registry: CollectorRegistry, operations: Iterable[Operation] = ()) -> None:
        self._requests = Counter(
            "http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "http_request_seconds",
            "From when a request came to when its answer began.",
            ["method", "route"],
            registry=registry,
            buckets=SECONDS,
        )
        self._problems = Counter("http_problems", "Answers that are problems.", ["code"], registry=registry)
        self._under_way = Gauge(
            "http_requests_in_flight",
            "Requests that are being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        # Looking a child up by its labels costs more than counting does.
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}
        self._codes: dict[str, Counter] = {}
        for one in operations:
            self._counter(one.method, one.path, 500)
            self._histogram(one.method, one.path)
        self._counter(OTHER, UNMATCHED, 500)

    @contextmanager
    def watch(self, exchange: Exchange) -> Iterator[None]:
        """Count a request."""
        self._under_way.inc()
        try:
            yield
        finally:
            self._under_way.dec()
            self._count(exchange)

    def _count(self, exchange: Exchange) -> None:
        method = exchange.method if exchange.method in METHODS else OTHER
        route = exchange.route or UNMATCHED
        self._counter(method, route, exchange.status).inc()
        self._histogram(method, route).observe(exchange.seconds)
        if exchange.problem is not None:
            self._code(exchange.problem.code).inc()

    def _counter(self, method: str, route: str, status: int) -> Counter:
        key = method, route, status
        found = self._counters.get(key)
        if found is None:
            found = self._counters[key] = self._requests.labels(method, route, status)
        return found

    def _histogram(self, method: str, route: str) -> Histogram:
        key = method, route
        found = self._histograms.get(key)
        if found is None:
            found = self._histograms[key] = self._seconds.labels(method, route)
        return found

    def _code(self, code: str) -> Counter:
        found = self._codes.get(code)
        if found is None:
            told = code if len(self._codes) < MOST_CODES else OTHER
            found = self._problems.labels(told)
            if told is code:
                self._codes[code] = found
        return found
