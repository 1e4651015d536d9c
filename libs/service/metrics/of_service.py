"""What a service tells of itself at its port of metrics, and what counts it."""

from functools import cached_property
from typing import TYPE_CHECKING

from libs.service.metrics.clients import ClientMetrics
from libs.service.metrics.dynamodb import DynamoMetrics
from libs.service.metrics.facts import Fact
from libs.service.metrics.health import HealthGauges
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
            self._watch_calls()
            self._tell_facts()

    def _watch_calls(self) -> None:
        database = self._running.database
        dynamodb = DynamoMetrics(
            self.registry,
            table_prefix=database.table_prefix,
            breaker=lambda: database.connection.calls.state,
        )
        database.connection.watchers = (*database.connection.watchers, dynamodb.watch)
        clients = self._running.clients
        if apis := clients.names():
            clients.watch(ClientMetrics(self.registry, apis))

    def _tell_facts(self) -> None:
        running, settings = self._running, self._running.settings
        labels = {
            "service": running.service.name,
            "version": settings.version,
            "commit": settings.commit or "",
        }
        self.add(Fact("service_info", "What is running.", 1, labels))
        text = "How many calls of DynamoDB a process makes at once over connections that are kept."
        self.add(Fact("dynamodb_connections", text, running.database.max_connections))

    @cached_property
    def requests(self) -> RequestMetrics:
        """What watches the requests of a web process; its threads are told then, too."""
        settings = self._running.settings
        threads = settings.web_workers * settings.web_threads
        self.add(Fact("http_threads", "How many requests can be answered at once.", threads))
        # Of web processes alone: a worker's children must not be born with its connections.
        self.add(HealthGauges(self._running.health))
        return RequestMetrics(self.registry, self._running.contract.operations)
