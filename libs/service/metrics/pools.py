"""Pools of connections in numbers: how many are in use and open, and how often there were not enough."""

import threading

from prometheus_client import CollectorRegistry, Counter, Gauge

from libs.resilience import PoolWatcher, in_each_child


class PoolMetrics:
    """Makes the watchers of pools. Gauges are of the processes that live and have used a pool."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(name, text, ["pool"], registry=registry, multiprocess_mode="livesum")

        self.in_use = gauge("pool_in_use", "Calls that have a connection, or want one.")
        self.open = gauge("pool_open", "Connections that are open, in use or kept for the next call.")
        self.most = gauge("pool_max", "How many connections there may be.")
        self.exhausted = Counter(
            "pool_exhausted", "Calls that came when all were in use.", ["pool"], registry=registry
        )
        self.timeouts = Counter(
            "pool_timeouts", "Calls that have waited for one in vain.", ["pool"], registry=registry
        )

    def watcher(self, pool: str, most: int | None) -> PoolWatcher:
        """Return what watches a pool.

        :param pool: its name.
        :param most: how many connections each process has at most; None where there is no such bound.
        """
        return _Watcher(self, pool, most)


class _Watcher(PoolWatcher):
    def __init__(self, metrics: PoolMetrics, pool: str, most: int | None) -> None:
        self._in_use = metrics.in_use.labels(pool)
        self._open = metrics.open
        self._pool = pool
        self._limit = None if most is None else metrics.most.labels(pool)
        self._most = most
        # They begin at zero, so that the first one is an increase and not a new series.
        self._exhausted = metrics.exhausted.labels(pool)
        self._timeouts = metrics.timeouts.labels(pool)
        self._renew()
        in_each_child(self._renew)

    def _renew(self) -> None:
        # Of a forked process nothing is in use yet, and no thread holds its lock.
        self._lock = threading.Lock()
        self._calls = 0
        self._told = False

    def taken(self) -> None:
        with self._lock:
            self._calls += 1
            full = self._most is not None and self._calls > self._most
            first, self._told = not self._told, True
        if first and self._limit is not None:
            self._limit.set(self._most or 0)
        self._in_use.inc()
        if full:
            self._exhausted.inc()

    def returned(self) -> None:
        with self._lock:
            self._calls -= 1
        self._in_use.dec()

    def opened(self) -> None:
        self._open.labels(self._pool).inc()  # made here: of a pool that does not say, there is no such series

    def closed(self) -> None:
        self._open.labels(self._pool).dec()

    def timed_out(self) -> None:
        self._timeouts.inc()
