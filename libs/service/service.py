"""What a service is made of."""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, make_dataclass
from typing import Any

import httpx
from pynamodb.models import Model

from libs.api import (
    APIS,
    AnswerCheck,
    ApiModels,
    Clients,
    Contract,
    ContractError,
    Contribution,
    Dependencies,
    IdempotencyRecord,
    Timeouts,
    contract_path,
    declares_keys,
    models,
    table_models,
)
from libs.dynamodb import Database
from libs.jwt import (
    Caller,
    KeySet,
    Revocations,
)
from libs.service.problems import ProblemAnswers, ShapeProblem
from libs.service.problems.codes import SERVICES, codes_of
from libs.service.problems.texts import FOLDER as TEXTS
from libs.service.problems.texts import Texts
from libs.service.reports import Reporter
from libs.service.running import Running
from libs.service.settings import Reading, Settings, SettingsError, read_settings, service_url, setting
from libs.tasks import Operation, Task
from libs.tasks.admin.handlers import administration_contribution
from libs.tasks.following.events import EventStreams
from libs.tasks.following.handlers import operations_contribution


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
    :param reporters: make, from the settings, who is told of reports beside the log, Sentry and the webhook.
    :param personal_fields: names of what is personal, and in no report, beside those in
        `libs.errors.personal`.
    :param takes_actors: whether a service may act for users here (the claim `act` of a token); where it may
        not, such a token is a 403 `ACTOR_REFUSED`.
    :param ping: what ``/ping`` calls before it answers, such as to warm a cache; where one raises, or is not
        done within a second, the answer is a 503. At most once a second, and never twice at once.
    :param language: that of a user of whom nothing fitting is known, where there are texts for them
        (``services/<name>/texts/<language>.yaml``).
    :param shape_problem: returns the JSON object that is sent instead of each problem it is given.
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
    ping: Sequence[Callable[[], object]] = ()
    language: str = "en"
    shape_problem: ShapeProblem | None = None
    reporters: Sequence[Callable[[Any], Reporter]] = ()
    personal_fields: Sequence[str] = ()

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
        return self.read_settings(environ).settings()

    def read_settings(self, environ: Mapping[str, str], *, fetch: bool = True) -> Reading[Settings]:
        """Read this service's settings, right or wrong.

        :param fetch: whether named secrets are fetched.
        """
        needed = [("redis_url", "broker_url")] if self.tasks else []
        verifies = self.keys is None and self.authenticate is None
        one_of = [("jwks_url", "jwt_secret")] if verifies else []
        return read_settings(self.settings_class, environ, needed=needed, one_of=one_of, fetch=fetch)

    @property
    def settings_class(self) -> type[Settings]:
        """`settings`, and where the services are that it calls.

        :raises SettingsError: if such a setting is there already.
        """
        if not self.calls:
            return self.settings
        names = {_url_setting(api): api for api in self.calls}
        if taken := sorted(names.keys() & {one.name for one in fields(self.settings)}):
            raise SettingsError(
                f"APP_{taken[0].upper()}: is a setting of its own, and that of a service called."
            )
        urls = [(name, str, _address_of(api)) for name, api in sorted(names.items())]
        return make_dataclass(self.settings.__name__, urls, bases=(self.settings,), frozen=True, kw_only=True)

    def database(self, settings: Settings) -> Database:
        """Return the service's tables; a table is called ``<prefix><service>-<table>``.

        They are those of `models`, of the contract's persistent objects (`x-persist`), of requests with a key
        where it heeds such (`x-idempotency-key`), and of its tasks.

        :raises ContractError: if the contract, or one of its persistent classes, is wrong.
        """
        return Database(
            self.stored_models(),
            region=settings.dynamodb_region,
            endpoint=settings.dynamodb_endpoint,
            table_prefix=f"{settings.table_prefix}{self.name}-",
            max_connections=settings.web_threads * 2,
        )

    def stored_models(self) -> list[type[Model]]:
        """Return the models of its tables, bound or not.

        :raises ContractError: as `database`.
        """
        objects = self.objects()
        keyed = [IdempotencyRecord] if declares_keys(objects.document) else []
        own = [Operation] if self.tasks else []
        return [*self.models, *table_models(objects.persistent()), *keyed, *own]

    def objects(self) -> ApiModels:
        """Return the classes of the objects of its contract."""
        return models[self.name]

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
        faults = self.objects().faults()
        try:
            contract = Contract.load(contract_path(self.name, APIS), dependencies, contributions)
        except ContractError as error:
            faults = [*error.faults, *faults]
        if faults:
            raise ContractError(*faults)
        return contract

    def problems(self) -> ProblemAnswers:
        """Return what makes its answers to requests that fail.

        :raises SettingsError: naming everything that is wrong with its texts.
        """
        folder = SERVICES / self.name
        texts = folder / TEXTS
        found = Texts.load(texts, codes=codes_of(folder), default=self.language) if texts.is_dir() else None
        return ProblemAnswers(found, self.shape_problem)

    def clients(self, settings: Settings, transports: Mapping[str, httpx.BaseTransport]) -> Clients:
        """Return the clients of the services it calls."""
        timeouts = Timeouts(
            settings.call_connect_seconds, settings.call_read_seconds, settings.call_total_seconds
        )
        return Clients(
            {api: getattr(settings, _url_setting(api)) for api in self.calls},
            timeouts=timeouts,
            max_connections=max(settings.web_threads, settings.worker_concurrency),
            answer_check=AnswerCheck.from_setting(settings.validate_answers),
            transports=transports,
            folder=APIS,
        )

    def start(
        self, settings: Settings, transports: Mapping[str, httpx.BaseTransport] | None = None
    ) -> Running:
        """Put the service together. Nothing is connected to yet, so a process may fork after it.

        :param transports: other ways to the services it calls than a network, for tests.
        :raises ContractError: if the document of one of them cannot be used.
        """
        return Running(self, settings, transports or {})


def _url_setting(api: str) -> str:
    return f"{api.replace('-', '_')}_url"


def _address_of(api: str) -> Any:
    told = f"Where the {api} service is, without the path of its contract."
    return setting(validate=service_url, help=told)
