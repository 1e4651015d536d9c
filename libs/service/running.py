"""A service put together with its settings."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

import httpx
from celery import Celery
from flask import Flask

from libs.api import Clients, Contract, Dependencies
from libs.errors.personal import for_reports
from libs.errors.redaction import Redaction
from libs.jwt import (
    Caller,
    Identity,
    KeySet,
    RemoteKeySet,
    RemoteRevocations,
    Revocations,
    SharedSecret,
    current_caller,
)
from libs.service.builtin import Builtin
from libs.service.health import Health, broker_check
from libs.service.identity import identity_of, service_account, verifying
from libs.service.limits import RateLimits
from libs.service.limits.of_service import rate_limits_of
from libs.service.metrics.of_service import ServiceMetrics
from libs.service.metrics.requests import RequestMetrics
from libs.service.reports import Reports, reports_of
from libs.service.settings import Settings, SettingsError
from libs.service.tracing.dynamodb import dynamodb_span
from libs.service.tracing.tracing import Tracing
from libs.service.web import ClientAddress, UserAgent, client_address, user_agent
from libs.service.web.of_service import web_app_of
from libs.tasks import Once, Progress, RequestUrl, TaskRuntime
from libs.tasks.broker.brokers import Broker, read_broker
from libs.tasks.broker.celery_app import (
    MOST_CONNECTIONS,
    CeleryPublisher,
    make_celery,
    queue_name,
    register,
)
from libs.tasks.effects import current_once
from libs.tasks.following.events import EventStreams
from libs.tasks.lease import current_progress
from libs.tasks.request_url import current_url
from libs.tasks.runtime import KILL_AFTER_SECONDS
from libs.tasks.watching.health import TaskHealth
from libs.tasks.watching.metrics import TaskMetrics

if TYPE_CHECKING:
    from libs.service.service import Service


class Running:
    """A service put together with its settings; the parts are made when first asked for."""

    def __init__(
        self, service: "Service", settings: Settings, transports: Mapping[str, httpx.BaseTransport]
    ) -> None:
        self.service = service
        self.settings = settings
        self.database = service.database(settings)
        self.clients = service.clients(settings, transports)
        self.provided = tuple(service.provide(settings))
        self.dependencies = Dependencies(
            [
                self.database,
                *([self.clients] if service.calls else []),
                *service_account(settings),
                *self.provided,
            ],
            {
                Caller: _caller,
                Caller | None: current_caller,
                ClientAddress: client_address,
                Once: partial(current_once, self.database),
                Progress: current_progress,
                RequestUrl: current_url,
                UserAgent: user_agent,
            },
            # Those of a service that calls others are of a class made of its own.
            {service.settings: settings},
            {} if service.calls else {Clients: "and this service calls none: say Service(…, calls=[…])"},
        )

    @cached_property
    def celery(self) -> Celery:
        """The broker's side of the tasks."""
        settings, tasks = self.settings, self.service.tasks
        if not tasks:
            raise SettingsError(f"APP_SERVICE: {self.service.name} has no tasks.")
        queues = {task.usual.queue for task in tasks if task.usual.queue}
        try:
            self.broker.check_queues(queue_name(self.service.name, one) for one in {None, *queues})
        except ValueError as error:
            raise SettingsError(f"APP_TABLE_PREFIX: {error}") from None
        return make_celery(
            self.service.name,
            self._broker_url(),
            key_prefix=self._key_prefix,
            sweep_seconds=settings.task_sweep_seconds,
            queues=queues,
            longest_seconds=max(task.timeout for task in tasks) + KILL_AFTER_SECONDS,
            region=settings.dynamodb_region,
            max_memory_mib=settings.worker_max_memory_mib,
        )

    @cached_property
    def broker(self) -> Broker:
        """What the broker is, by its address."""
        return read_broker(
            self._broker_url(), key_prefix=self._key_prefix, region=self.settings.dynamodb_region
        )

    @property
    def _key_prefix(self) -> str:
        return f"{self.settings.table_prefix}{self.service.name}:"

    def _broker_url(self) -> str:
        url = self.settings.broker_url or self.settings.redis_url
        if url is None:
            raise SettingsError("APP_REDIS_URL: Missing data for required field.")
        return url.reveal()

    @cached_property
    def tasks(self) -> TaskRuntime | None:
        """The tasks; None if the service has none."""
        if not self.service.tasks:
            return None
        runtime = TaskRuntime(
            self.service.tasks,
            self.dependencies,
            CeleryPublisher(self.celery, pool=self.metrics.pool("broker", MOST_CONNECTIONS)),
            lease_seconds=self.settings.task_lease_seconds,
            identity=self.identity,
            reports=self.reports,
            metrics=TaskMetrics(self.metrics.registry, [task.name for task in self.service.tasks]),
            tracer=self.tracing.tracer,
        )
        register(self.celery, runtime)
        return runtime

    @cached_property
    def redaction(self) -> Redaction:
        """What no report tells."""
        return for_reports(self.service.personal_fields)

    @cached_property
    def reports(self) -> Reports:
        """Who is told of what somebody should look at."""
        return reports_of(self.settings, self.service.reporters, self.redaction, self.metrics.registry)

    @cached_property
    def metrics(self) -> ServiceMetrics:
        """What is counted; by many processes as one where somebody may ask for it."""
        return ServiceMetrics(self.service.name, self.settings, self.database, self.clients, self.provided)

    @cached_property
    def request_metrics(self) -> RequestMetrics | None:
        """What counts the requests of a web process; None where nobody may ask."""
        return self.metrics.requests(self.health, self.contract.operations) if self.metrics.asked else None

    @cached_property
    def tracing(self) -> Tracing:
        """What is recorded of requests and tasks, and where it goes."""
        tracing = Tracing(self.settings, self.metrics.registry)
        if tracing.on:
            self.database.connection.watchers += (dynamodb_span,)
        return tracing

    @cached_property
    def keys(self) -> KeySet:
        """The keys tokens are verified with."""
        if self.service.keys is not None:
            return self.service.keys(self.dependencies)
        secret = self.settings.jwt_secret
        return SharedSecret(secret.reveal()) if secret else RemoteKeySet(self.settings.jwks_url or "")

    @cached_property
    def revocations(self) -> Revocations | None:
        """What is over before it expires; None if nobody tells."""
        if self.service.revocations is not None:
            return self.service.revocations(self.dependencies)
        url = self.settings.revocations_url
        return RemoteRevocations(url) if url else None

    @cached_property
    def health(self) -> Health:
        """The checks that readiness is made of."""
        checks: dict[str, Callable[[], object]] = {"dynamodb": self.database.ping}
        if self.service.authenticate is None:
            for name, part in (("keys", self.keys), ("revocations", self.revocations)):
                if (ready := getattr(part, "ready", None)) is not None:
                    checks[name] = ready
        if self.service.tasks:
            if self.broker.ping is not None:
                checks["redis"] = broker_check(self.broker.ping)
            checks["tasks"] = TaskHealth().look
        # Without the broker requests are served, and limits counted: what they start waits in its row.
        return Health(checks, told_only={"redis", "tasks"})

    @cached_property
    def contract(self) -> Contract:
        """The operations.

        :raises ContractError: naming everything that is wrong with the contract or its handlers.
        """
        name, settings = self.service.name, self.settings
        hooks = self.service.ping
        builtin = Builtin(name, settings, self.health, lambda: self.contract.document, hooks)
        return self.service.contract(self.dependencies, builtin.contribution(), self.streams)

    @cached_property
    def streams(self) -> EventStreams:
        """Those who follow operations: they have at most every other thread, so that all else is served."""
        return EventStreams(self.settings.web_threads // 2)

    @cached_property
    def identity(self) -> Identity:
        """How callers are known, and how others are called for them."""
        service, settings = self.service, self.settings
        authenticate = (
            verifying(service.name, settings, self.keys, self.revocations)
            if service.authenticate is None
            else service.authenticate(settings)
        )
        return identity_of(
            service.name, settings, self.dependencies, authenticate, takes_actors=service.takes_actors
        )

    @cached_property
    def rate_limits(self) -> RateLimits | None:
        """What counts requests; None if the contract limits none, or that is switched off.

        :raises SettingsError: if there is no Redis to count in.
        """
        return rate_limits_of(self.service.name, self.settings, self.contract.operations, self.metrics.pool)

    def web_app(self) -> Flask:
        """Return the WSGI application.

        :raises ContractError: naming everything that is wrong with the contract or its handlers.
        :raises SettingsError: if the contract needs what the settings do not name.
        """
        return web_app_of(
            self.service.name,
            self.settings,
            self.contract,
            self.identity,
            objects=self.service.objects().completed(self.contract.document),
            problems=self.service.problems(),
            rate_limits=self.rate_limits,
            tasks=self.tasks,
            reports=self.reports,
            redaction=self.redaction,
            metrics=self.request_metrics,
            tracer=self.tracing.tracer,
        )


def _caller() -> Caller:
    caller = current_caller()
    if caller is None:
        raise RuntimeError("a Caller was asked for where nobody is known: by a public operation?")
    return caller
