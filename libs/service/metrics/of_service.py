"""What a service tells of itself at its port of metrics, and what counts it."""

from collections.abc import Iterable, Sequence

from libs.api import Clients, Operation
from libs.dynamodb import Database
from libs.resilience import UNWATCHED, Pooled, PoolWatcher
from libs.service.health import Health
from libs.service.metrics.breakers import BreakerGauge
from libs.service.metrics.clients import ClientMetrics
from libs.service.metrics.dynamodb import DynamoMetrics
from libs.service.metrics.facts import Fact
from libs.service.metrics.health import HealthGauges
from libs.service.metrics.pools import PoolMetrics
from libs.service.metrics.port import Metrics
from libs.service.metrics.requests import RequestMetrics
from libs.service.settings import Settings


class ServiceMetrics(Metrics):
    """The metrics of a service's process, which count as one with those of the processes forked from it.

    Where nobody may ask for them (no `APP_METRICS_PORT`) nothing is watched, which costs nothing.

    :param name: the service's.
    :param provided: what it has beside its database and its clients; pools among it are watched.
    """

    def __init__(
        self, name: str, settings: Settings, database: Database, clients: Clients, provided: Iterable[object]
    ) -> None:
        self.asked = settings.metrics_port is not None
        """Whether anybody may ask for them."""
        super().__init__(shared=self.asked)
        self._settings = settings
        if self.asked:
            self._pools = PoolMetrics(self.registry)
            self._watch_database(database)
            self._watch_clients(clients)
            for part in provided:
                if isinstance(part, Pooled):
                    part.watch_pools(self.pool)
            self._tell_facts(name)

    def pool(self, name: str, most: int | None) -> PoolWatcher:
        """Return what watches a pool of connections.

        :param most: how many connections each process has at most; None where there is no such bound.
        """
        return self._pools.watcher(name, most) if self.asked else UNWATCHED

    def _watch_database(self, database: Database) -> None:
        connections = self.pool("dynamodb", database.max_connections)
        dynamodb = DynamoMetrics(self.registry, table_prefix=database.table_prefix, pool=connections)
        database.connection.watchers = (*database.connection.watchers, dynamodb.watch)
        BreakerGauge(self, "dynamodb_breaker_state").follow(database.connection.calls.breaker)

    def _watch_clients(self, clients: Clients) -> None:
        if apis := clients.names():
            clients.watch(ClientMetrics(self.registry, apis))
            clients.watch_pools(self.pool)
            breakers = BreakerGauge(self, "client_breaker_state", "api")
            for api, breaker in clients.breakers().items():
                breakers.follow(breaker, api)

    def _tell_facts(self, name: str) -> None:
        labels = {"service": name, "version": self._settings.version, "commit": self._settings.commit or ""}
        self.add(Fact("service_info", "What is running.", 1, labels))

    def requests(self, health: Health, operations: Sequence[Operation]) -> RequestMetrics:
        """Return what watches the requests of a web process, and have its threads and health told."""
        threads = self._settings.web_workers * self._settings.web_threads
        self.add(Fact("http_threads", "How many requests can be answered at once.", threads))
        # Of web processes alone: a worker's children must not be born with its connections.
        self.add(HealthGauges(health))
        return RequestMetrics(self.registry, operations)
