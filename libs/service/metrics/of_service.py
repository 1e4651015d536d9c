"""What a service tells of itself at its port of metrics, and what counts it."""

from functools import cached_property
from typing import TYPE_CHECKING

from libs.resilience import UNWATCHED, Pooled, PoolWatcher
from libs.service.metrics.breakers import BreakerGauge
from libs.service.metrics.clients import ClientMetrics
from libs.service.metrics.dynamodb import DynamoMetrics
from libs.service.metrics.facts import Fact
from libs.service.metrics.health import HealthGauges
from libs.service.metrics.pools import PoolMetrics
from libs.service.metrics.port import Metrics
from libs.service.metrics.requests import RequestMetrics

if TYPE_CHECKING:
    from libs.service.running import Running


class ServiceMetrics(Metrics):
    """The metrics of a service's process, which count as one with those of the processes forked from it.

    Where nobody may ask for them (no `APP_METRICS_PORT`) nothing is watched, which costs nothing.
    """

    def __init__(self, running: "Running") -> None:
        self.asked = running.settings.metrics_port is not None
        """Whether anybody may ask for them."""
        super().__init__(shared=self.asked)
        self._running = running
        if self.asked:
            self._pools = PoolMetrics(self.registry)
            self._watch_calls()
            self._tell_facts()

    def pool(self, name: str, most: int | None) -> PoolWatcher:
        """Return what watches a pool of connections.

        :param most: how many connections each process has at most; None where there is no such bound.
        """
        return self._pools.watcher(name, most) if self.asked else UNWATCHED

    def _watch_calls(self) -> None:
        database, clients = self._running.database, self._running.clients
        connections = self.pool("dynamodb", database.max_connections)
        dynamodb = DynamoMetrics(self.registry, table_prefix=database.table_prefix, pool=connections)
        database.connection.watchers = (*database.connection.watchers, dynamodb.watch)
        BreakerGauge(self, "dynamodb_breaker_state").follow(database.connection.calls.breaker)
        if apis := clients.names():
            clients.watch(ClientMetrics(self.registry, apis))
            clients.watch_pools(self.pool)
            breakers = BreakerGauge(self, "client_breaker_state", "api")
            for api, breaker in clients.breakers().items():
                breakers.follow(breaker, api)
        for part in self._running.provided:
            if isinstance(part, Pooled):
                part.watch_pools(self.pool)

    def _tell_facts(self) -> None:
        running, settings = self._running, self._running.settings
        labels = {
            "service": running.service.name,
            "version": settings.version,
            "commit": settings.commit or "",
        }
        self.add(Fact("service_info", "What is running.", 1, labels))

    @cached_property
    def requests(self) -> RequestMetrics:
        """What watches the requests of a web process; its threads are told then, too."""
        settings = self._running.settings
        threads = settings.web_workers * settings.web_threads
        self.add(Fact("http_threads", "How many requests can be answered at once.", threads))
        # Of web processes alone: a worker's children must not be born with its connections.
        self.add(HealthGauges(self._running.health))
        return RequestMetrics(self.registry, self._running.contract.operations)
