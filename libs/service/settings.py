"""Settings: read from the environment once, checked at start, every fault named at once."""

import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import marshmallow
from marshmallow import ValidationError
from marshmallow import fields as ma
from marshmallow.validate import Length, OneOf, Range, Regexp

from libs.api import is_service_url
from libs.jwt import SharedSecret, check_secret
from libs.service.cors import read_origins
from libs.service.docs.menu import read_menu
from libs.tasks.broker.brokers import BrokerAddress

PREFIX = "APP_"


class SettingsError(Exception):
    """The environment is wrong; the message has a line for each fault and quotes no value."""


class Secret:
    """A text that shows itself to nobody who does not ask for it by `reveal`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


def setting(default: Any = MISSING, validate: Callable[[Any], Any] | None = None) -> Any:
    """Declare a setting of a `Settings` class; without a default it must be given."""
    metadata = {"validate": validate}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


HTTP_URL = Regexp(r"https?://\S+\Z", error="Not an http or https URL.")


def readable(read: Callable[[str], object]) -> Callable[[str], str]:
    """Return a validator that takes what `read` can read.

    :param read: raises ValueError where it cannot, with a message that quotes nothing of the text.
    """

    def validate(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return text

    return validate


strong_secret = readable(check_secret)
"""Takes a secret that somebody may have drawn at random."""


def service_url(text: str) -> str:
    """Take the address of another service.

    :raises ValidationError: if it is none.
    """
    if not is_service_url(text):
        raise ValidationError("Not an http or https URL, without credentials, query and fragment.")
    return text


_ANSWER_CHECK = Regexp(
    r"(always|off|1|0\.[0-9]*[1-9][0-9]*)\Z", error="Neither always, off, nor a share such as 0.01."
)


def _redis_url(text: str) -> str:
    if BrokerAddress.read(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("Not a redis, rediss or unix URL.")
    return text


redis_address = readable(_redis_url)
"""Takes the address of one Redis."""


def read_queues(text: str) -> list[str]:
    """Read names of queues: ``default,slow``.

    :raises ValueError: if it has none.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError("Not names of queues, with commas between them.")
    return names


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every service can be told; each setting `x` is the environment variable ``APP_X``.

    ``APP_X_FILE`` names a file that holds the value instead, as containers are given secrets.
    """

    one_of: ClassVar[Collection[tuple[str, ...]]] = ()
    """Names of settings of which exactly one must be given."""
    together: ClassVar[Collection[tuple[str, ...]]] = (("client_id", "client_secret", "token_url"),)
    """Names of settings that must all be given, or none."""

    service: str = setting(validate=Regexp(r"[a-z][a-z0-9_]*\Z"))
    version: str = setting("dev")
    commit: str | None = setting(None)

    host: str = setting("127.0.0.1")
    port: int = setting(8080, Range(1, 65535))
    metrics_host: str = setting("127.0.0.1")
    metrics_port: int | None = setting(None, Range(1, 65535))
    web_workers: int = setting(2, Range(1, 64))
    web_threads: int = setting(8, Range(1, 256))
    worker_concurrency: int = setting(2, Range(1, 64))
    worker_queues: str | None = setting(None, readable(read_queues))
    worker_max_memory_mib: int = setting(256, Range(0))
    drain_seconds: int = setting(15, Range(1, 3600))
    read_timeout_seconds: int = setting(10, Range(1, 300))
    body_timeout_seconds: int = setting(60, Range(1, 3600))
    max_body_bytes: int = setting(1024 * 1024, Range(1024))
    trusted_proxies: int = setting(0, Range(0, 10))
    validate_answers: str = setting("off", _ANSWER_CHECK)
    rate_limits: bool = setting(True)

    cors_origins: str | None = setting(None, readable(read_origins))
    docs: bool = setting(True)
    docs_services: str | None = setting(None, readable(read_menu))
    docs_login_url: str | None = setting(None, HTTP_URL)

    log_format: str = setting("json", OneOf(["json", "text"]))
    log_level: str = setting("INFO", OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]))

    dynamodb_region: str = setting(validate=Length(1))
    dynamodb_endpoint: str | None = setting(None, HTTP_URL)
    table_prefix: str = setting("polymacaron-", Regexp(r"[A-Za-z0-9_.-]{0,100}\Z"))
    create_tables: bool = setting(False)

    redis_url: Secret | None = setting(None, redis_address)
    broker_url: Secret | None = setting(None, readable(BrokerAddress.read))
    jwt_issuer: str = setting(validate=Length(1))
    token_renew_after_seconds: int = setting(600, Range(0))
    jwks_url: str | None = setting(None, service_url)
    jwt_secret: Secret | None = setting(None, readable(SharedSecret))
    revocations_url: str | None = setting(None, service_url)
    client_id: str | None = setting(None, Length(1))
    client_secret: Secret | None = setting(None, strong_secret)
    token_url: str | None = setting(None, service_url)

    call_connect_seconds: float = setting(1.0, Range(0.05))
    call_read_seconds: float = setting(3.0, Range(0.05))
    call_total_seconds: float = setting(5.0, Range(0.05))

    task_lease_seconds: float = setting(15.0, Range(1))
    # With more, beat would not show in time that it lives, which it does at each sweep.
    task_sweep_seconds: float = setting(5.0, Range(0.2, 30))
    alive_path: str | None = setting(None)


_FIELDS: Mapping[Any, type[ma.Field[Any]]] = {
    str: ma.String,
    int: ma.Integer,
    float: ma.Float,
    bool: ma.Boolean,
    Secret: ma.String,
}

S = TypeVar("S", bound=Settings)


def load_settings(
    kind: type[S],
    environ: Mapping[str, str],
    *,
    needed: Collection[str] = (),
    one_of: Collection[tuple[str, ...]] = (),
) -> S:
    """Read the settings `kind` from the environment.

    :param needed: names of settings with a default that must be given all the same.
    :param one_of: more than `Settings.one_of`.
    :raises SettingsError: naming each missing, unknown and malformed variable.
    """
    faults: list[str] = []
    values = _values(environ, faults)
    faults.extend(_together(values, kind.together))
    faults.extend(_one_of(values, (*kind.one_of, *one_of)))
    types_ = {name: _bare(hint) for name, hint in typing.get_type_hints(kind).items()}
    schema = marshmallow.Schema.from_dict(
        {
            one.name: _FIELDS[types_[one.name]](
                required=one.default is MISSING or one.name in needed, validate=one.metadata["validate"]
            )
            for one in fields(kind)
        }
    )()
    try:
        loaded: dict[str, Any] = dict(schema.load(values, unknown=marshmallow.RAISE))
    except ValidationError as error:
        loaded = {}
        for name, messages in sorted(error.messages_dict.items()):
            faults.extend(f"{PREFIX}{name.upper()}: {message}" for message in messages)
    if faults:
        raise SettingsError("\n".join(faults))
    made: dict[str, Any] = {name: Secret(v) if types_[name] is Secret else v for name, v in loaded.items()}
    return kind(**made)


def _values(environ: Mapping[str, str], faults: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name.endswith("_file"):
            name = name.removesuffix("_file")
            try:
                text = Path(text).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"{variable}: the file cannot be read ({type(error).__name__}).")
                continue
        if name in values:
            faults.append(f"{PREFIX}{name.upper()}: Given both as a value and as a file.")
        values[name] = text
    return values


def _together(values: Collection[str], groups: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for names in groups:
        missing = [one for one in names if one not in values]
        if missing and len(missing) < len(names):
            given = _listed([one for one in names if one in values], "and")
            yield f"{PREFIX}{missing[0].upper()}: Missing; it goes with {given}."


def _one_of(values: Collection[str], groups: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for names in groups:
        if sum(one in values for one in names) != 1:
            others = _listed(names[1:], "or")
            yield f"{PREFIX}{names[0].upper()}: Give either it or {others}."


def _listed(names: Sequence[str], word: str) -> str:
    return f" {word} ".join(f"{PREFIX}{one.upper()}" for one in names)


def _bare(hint: Any) -> Any:
    """Return `X` of `X | None`."""
    if isinstance(hint, types.UnionType):
        return next(one for one in typing.get_args(hint) if one is not types.NoneType)
    return hint
