"""A service: what it is made of, and putting it together."""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, make_dataclass
from functools import cached_property, partial
from typing import Any

import httpx
import redis
from celery import Celery
from flask import Flask
from pynamodb.models import Model

from libs.api import (
    APIS,
    AnswerCheck,
    Clients,
    Contract,
    ContractError,
    Contribution,
    Dependencies,
    Server,
    Timeouts,
    contract_path,
    models,
    table_models,
)
from libs.dynamodb import Database
from libs.errors import ServiceUnavailable
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
from libs.service.admission import Admission
from libs.service.builtin import Builtin
from libs.service.cors import Cors
from libs.service.health import Health
from libs.service.identity import identity_of, service_account, verifying
from libs.service.limits import Counters, RateLimits
from libs.service.metrics import Metrics
from libs.service.renewal import Renewal
from libs.service.settings import Settings, SettingsError, load_settings, service_url, setting
from libs.service.web import ClientAddress, UserAgent, client_address, create_app, user_agent
from libs.tasks import Once, Operation, Progress, RequestUrl, Task, TaskRuntime, operations_contribution
from libs.tasks.admin_handlers import administration_contribution
from libs.tasks.brokers import Broker, read_broker
from libs.tasks.celery_app import CeleryPublisher, make_celery, register
from libs.tasks.effects import current_once
from libs.tasks.events import EventStreams
from libs.tasks.health import TaskHealth
from libs.tasks.lease import current_progress
from libs.tasks.metrics import TaskMetrics
from libs.tasks.request_url import current_url
from libs.tasks.runtime import KILL_AFTER_SECONDS


def _nothing(settings: Any) -> Sequence[object]:
    return ()


@dataclass(frozen=True)
class Service:
    """The declaration of a service.

    :param name: its name, the folder's and the contract's: ``apis/<name>.yaml``; its tokens' audience.
    :param settings: the class of its settings.
    :param models: the PynamoDB models it stores; the tables of persistent objects (`x-persist`) come by
        themselves.
    :param tasks: its async tasks.
    :param calls: the services it calls; each is at the setting ``APP_<NAME>_URL``, and handlers and tasks may
        ask for `Clients`.
    :param provide: makes, from the settings, the objects that handlers, resources and tasks may ask for
        beside the settings themselves.
    :param keys: makes, from the parts that `provide` made, the keys to verify tokens with; by default they
        are fetched from `APP_JWKS_URL`, or there is one secret, `APP_JWT_SECRET`.
    :param revocations: makes, from the same, the list of what is over before it expires; by default it is
        fetched from `APP_REVOCATIONS_URL`, if that is given.
    :param prepare: looks, from the settings, at what is stored before a process starts; raises
        `SettingsError` where it does not go with them.
    :param authenticate: makes, from the settings, what turns a bearer token into its caller or raises
        `Unauthorized`, instead of verifying it as a JWT: for API keys, sessions, another issuer's tokens.
    :param takes_actors: whether a service may act for users here (the claim `act` of a token); where it may
        not, such a token is a 403 `ACTOR_REFUSED`.
    """

    name: str
    settings: type[Settings] = Settings
    models: Sequence[type[Model]] = ()
    tasks: Sequence[Task] = ()
    calls: Sequence[str] = ()
    provide: Callable[[Any], Iterable[object]] = _nothing
    keys: Callable[[Dependencies], KeySet] | None = None
    revocations: Callable[[Dependencies], Revocations] | None = None
    prepare: Callable[[Any], None] | None = None
    authenticate: Callable[[Any], Callable[[str], Caller]] | None = None
    takes_actors: bool = True

    @classmethod
    def named(cls, name: str) -> "Service":
        """Return the service declared in ``services/<name>/service.py``.

        :raises SettingsError: if there is none, or no `service` in it.
        """
        try:
            service = getattr(importlib.import_module(f"services.{name}.service"), "service", None)
        except ModuleNotFoundError as error:
            if not f"services.{name}.service".startswith(str(error.name)):
                raise
            raise SettingsError(f"APP_SERVICE: There is no services/{name}/service.py.") from None
        if not isinstance(service, Service):
            raise SettingsError(
                f"APP_SERVICE: services/{name}/service.py declares no service: "
                f"write service = Service({name!r})."
            )
        return service

    def load_settings(self, environ: Mapping[str, str]) -> Settings:
        """Read this service's settings.

        :raises SettingsError: naming every fault.
        """
        told = {"APP_BROKER_URL", "APP_BROKER_URL_FILE"} & set(environ)
        needed = ["redis_url"] if self.tasks and not told else []
        verifies = self.keys is None and self.authenticate is None
        one_of = [("jwks_url", "jwt_secret")] if verifies else []
        return load_settings(self.settings_class, environ, needed=needed, one_of=one_of)

    @property
    def settings_class(self) -> type[Settings]:
        """`settings`, and where the services are that it calls.

        :raises SettingsError: if such a setting is there already.
        """
        if not self.calls:
            return self.settings
        names = {_url_setting(api) for api in self.calls}
        if taken := sorted(names & {one.name for one in fields(self.settings)}):
            raise SettingsError(
                f"APP_{taken[0].upper()}: is a setting of its own, and that of a service called."
            )
        urls = [(name, str, setting(validate=service_url)) for name in sorted(names)]
        return make_dataclass(self.settings.__name__, urls, bases=(self.settings,), frozen=True, kw_only=True)

    def database(self, settings: Settings) -> Database:
        """Return the service's tables; a table is called ``<prefix><service>-<table>``.

        They are those of `models`, of the contract's persistent objects (`x-persist`), and of its tasks.

        :raises ContractError: if the contract, or one of its persistent classes, is wrong.
        """
        own = [Operation] if self.tasks else []
        return Database(
            [*self.models, *table_models(models[self.name].persistent()), *own],
            region=settings.dynamodb_region,
            endpoint=settings.dynamodb_endpoint,
            table_prefix=f"{settings.table_prefix}{self.name}-",
            max_connections=settings.web_threads * 2,
        )

    def contract(
        self, dependencies: Dependencies, builtin: Contribution, streams: EventStreams | None = None
    ) -> Contract:
        """Return what is served: apis/<name>.yaml with its resources, `builtin`, and the operations of tasks.

        :param streams: how operations are followed.
        :raises ContractError: naming everything that is wrong with the contract or its handlers.
        """
        contributions = [builtin]
        if self.tasks:
            contributions += [operations_contribution(streams), administration_contribution()]
        faults = models[self.name].faults()
        try:
            contract = Contract.load(contract_path(self.name, APIS), dependencies, contributions)
        except ContractError as error:
            faults = [*error.faults, *faults]
        if faults:
            raise ContractError(*faults)
        return contract

    def start(
        self, settings: Settings, transports: Mapping[str, httpx.BaseTransport] | None = None
    ) -> "Running":
        """Put the service together. Nothing is connected to yet, so a process may fork after it.

        :param transports: other ways to the services it calls than a network, for tests.
        :raises ContractError: if the document of one of them cannot be used.
        """
        return Running(self, settings, transports or {})


class Running:
    """A service put together with its settings; the parts are made when first asked for."""

    def __init__(
        self, service: Service, settings: Settings, transports: Mapping[str, httpx.BaseTransport]
    ) -> None:
        self.service = service
        self.settings = settings
        self.database = service.database(settings)
        self.clients = _clients(service, settings, transports)
        self.dependencies = Dependencies(
            [
                self.database,
                *([self.clients] if service.calls else []),
                *service_account(settings),
                *service.provide(settings),
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
        return make_celery(
            self.service.name,
            self._broker_url(),
            key_prefix=self._key_prefix,
            sweep_seconds=settings.task_sweep_seconds,
            queues={task.usual.queue for task in tasks if task.usual.queue},
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
            CeleryPublisher(self.celery),
            lease_seconds=self.settings.task_lease_seconds,
            identity=self.identity,
            metrics=TaskMetrics(self.metrics.registry, [task.name for task in self.service.tasks]),
        )
        register(self.celery, runtime)
        return runtime

    @cached_property
    def metrics(self) -> Metrics:
        """What is counted; by many processes as one where somebody may ask for it."""
        return Metrics(shared=self.settings.metrics_port is not None)

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
                checks["redis"] = _broker_ping(self.broker.ping)
            checks["tasks"] = TaskHealth().look
        # Without the broker requests are served, and limits counted: what they start waits in its row.
        return Health(checks, told_only={"redis", "tasks"})

    @cached_property
    def contract(self) -> Contract:
        """The operations.

        :raises ContractError: naming everything that is wrong with the contract or its handlers.
        """
        name, settings = self.service.name, self.settings
        builtin = Builtin(name, settings, self.health, lambda: self.contract.document)
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
        limited = next((one for one in self.contract.operations if one.limits), None)
        if limited is None or not self.settings.rate_limits:
            return None
        if self.settings.redis_url is None:
            raise SettingsError(
                f"APP_REDIS_URL: Missing; {limited.method} {limited.path} has a limit (x-rate-limit)."
            )
        prefix = f"{self.settings.table_prefix}{self.service.name}:limits"
        return RateLimits(Counters(self.settings.redis_url.reveal(), key_prefix=prefix))

    def web_app(self) -> Flask:
        """Return the WSGI application.

        :raises ContractError: naming everything that is wrong with the contract or its handlers.
        :raises SettingsError: if the contract needs what the settings do not name.
        """
        server = Server(
            self.identity.authenticate,
            models[self.service.name].completed(self.contract.document),
            answer_check=AnswerCheck.from_setting(self.settings.validate_answers),
            admit=Admission(Renewal(self.settings.token_renew_after_seconds), self.rate_limits),
        )
        return create_app(
            self.service.name,
            self.contract,
            server,
            tasks=self.tasks,
            max_body_bytes=self.settings.max_body_bytes,
            cors=Cors.from_setting(self.settings.cors_origins),
            trusted_proxies=self.settings.trusted_proxies,
            identity=self.identity,
        )


def _clients(service: Service, settings: Settings, transports: Mapping[str, httpx.BaseTransport]) -> Clients:
    timeouts = Timeouts(
        settings.call_connect_seconds, settings.call_read_seconds, settings.call_total_seconds
    )
    return Clients(
        {api: getattr(settings, _url_setting(api)) for api in service.calls},
        timeouts=timeouts,
        max_connections=max(settings.web_threads, settings.worker_concurrency),
        answer_check=AnswerCheck.from_setting(settings.validate_answers),
        transports=transports,
        folder=APIS,
    )


def _url_setting(api: str) -> str:
    return f"{api.replace('-', '_')}_url"


def _caller() -> Caller:
    caller = current_caller()
    if caller is None:
        raise RuntimeError("a Caller was asked for where nobody is known: by a public operation?")
    return caller


def _broker_ping(ask: Callable[[], object]) -> Callable[[], None]:
    def ping() -> None:
        try:
            ask()
        except redis.RedisError as error:
            raise ServiceUnavailable("The broker does not answer. Try again.") from error

    return ping
