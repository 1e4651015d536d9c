"""Settings are read once and checked at start, every fault named at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, TypeVar

import marshmallow
from marshmallow import ValidationError
from marshmallow import fields as ma

from libs.service.settings.declaring import PREFIX, Secret, SettingsError, SettingsUnavailable
from libs.service.settings.deployment import deployment_faults
from libs.service.settings.environment import told_by_environment
from libs.service.settings.every_service import Settings
from libs.service.settings.files import CONFIG, ConfigFiles, environments
from libs.service.settings.named_secrets import NamedSecretError, NamedSecrets, is_reference, read_reference
from libs.service.settings.suggesting import meant
from libs.service.settings.told import Told
from libs.service.settings.types_of import types_of

_FIELDS: Mapping[Any, type[ma.Field[Any]]] = {
    str: ma.String,
    int: ma.Integer,
    float: ma.Float,
    bool: ma.Boolean,
    Secret: ma.String,
}

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Reading(Generic[S]):
    """What was read, right or wrong.

    :param told: what was told, by the names of settings.
    :param values: what came of it, defaults among them; nothing of what is wrong or was not fetched.
    :param faults: what is wrong, a line each.
    :param passing: whether nothing is wrong but that a store of secrets does not answer.
    """

    kind: type[S]
    told: Mapping[str, Told]
    values: Mapping[str, Any] = field(repr=False)
    faults: list[str]
    passing: bool = False

    def settings(self) -> S:
        """Return the settings.

        :raises SettingsUnavailable: if they would be right, but for a store of secrets that does not answer.
        :raises SettingsError: naming each fault.
        """
        if self.faults:
            raise (SettingsUnavailable if self.passing else SettingsError)("\n".join(self.faults))
        return self.kind(**self.values)


def load_settings(
    kind: type[S],
    environ: Mapping[str, str],
    *,
    needed: Collection[tuple[str, ...]] = (),
    one_of: Collection[tuple[str, ...]] = (),
    folder: Path = CONFIG,
) -> S:
    """Read the settings `kind`, as `read_settings` does.

    :raises SettingsError: naming each missing, unknown and malformed one.
    """
    return read_settings(kind, environ, needed=needed, one_of=one_of, folder=folder).settings()


def read_settings(
    kind: type[S],
    environ: Mapping[str, str],
    *,
    needed: Collection[tuple[str, ...]] = (),
    one_of: Collection[tuple[str, ...]] = (),
    folder: Path = CONFIG,
    fetch: bool = True,
) -> Reading[S]:
    """Read the settings `kind` from the environment and, under it, the files in `folder`.

    :param needed: settings with a default that must be given all the same: the first of each group, where
        none of the group is given.
    :param one_of: more than `Settings.one_of`.
    :param fetch: whether named secrets are fetched.
    """
    faults: list[str] = []
    types = types_of(kind)
    types = {one.name: types[one.name] for one in fields(kind)}
    told = told_by_environment(environ, types, faults)
    chosen = _environment(told, environments(folder), faults)
    if chosen is not None:
        common = {one.name: types[one.name] for one in fields(Settings)}
        service = str(told["service"].value) if "service" in told else ""
        told = ConfigFiles(folder, service, common, types).told(chosen, faults) | told
    passing = _fetch(told, faults, fetch=fetch)
    unfetched = {name for name, one in told.items() if is_reference(one.value)}
    if chosen is not None:
        # Without its file nobody knows what is missing.
        faults.extend(_together(told, kind.together))
        faults.extend(_one_of(told, (*kind.one_of, *one_of)))
    loaded = _loaded(kind, types, told, unfetched, _missing(kind, told, needed) if chosen else {}, faults)
    defaults = {one.name: one.default for one in fields(kind) if one.default is not MISSING}
    values = {name: value for name, value in defaults.items() if name not in told} | loaded
    if chosen is not None:
        faults.extend(deployment_faults(kind, chosen, values, told, environ))
    made = {
        name: Secret(value) if types[name] is Secret and value is not None else value
        for name, value in values.items()
    }
    return Reading(kind, told, made, faults, 0 < passing == len(faults))


def _environment(told: Mapping[str, Told], there: list[str], faults: list[str]) -> str | None:
    """Return the name of the environment; nothing is guessed where it is not told."""
    variable = f"{PREFIX}ENVIRONMENT"
    name = told["environment"].value if "environment" in told else None
    if name in there:
        return str(name)
    wrong = "Has no file in config/" if name else "Missing"
    faults.append(f"{variable}: {wrong}; give one of {', '.join(there)}.")
    return None


def _fetch(told: dict[str, Told], faults: list[str], *, fetch: bool) -> int:
    """Replace references by what they stand for; return how many were not answered, 0 if another is wrong.

    :param fetch: False only looks whether they name something.
    """
    references = {name: one for name, one in told.items() if is_reference(one.value)}

    def where(name: str) -> str | None:
        return str(told[name].value) if name in told and name not in references else None

    named = NamedSecrets(where("secrets_region") or where("dynamodb_region"), where("secrets_endpoint"))
    failed: list[bool] = []
    for name, one in references.items():
        try:
            kind, *_ = read_reference(str(one.value))
            if fetch:
                text = named.text(str(one.value))
                if is_reference(text):
                    raise NamedSecretError(f"{kind}: holds the name of another one, which is not fetched.")
                told[name] = Told(text, f"{kind} ({one.source})", one.label)
        except NamedSecretError as error:
            faults.append(f"{one.label}: {error}")
            failed.append(error.passing)
    return len(failed) if all(failed) else 0


def _missing(
    kind: type[Settings], told: Collection[str], needed: Iterable[tuple[str, ...]]
) -> dict[str, str]:
    """Return what has to be given and is not, with what is said of it."""
    missing = [one.name for one in fields(kind) if one.default is MISSING and one.name not in told]
    missing += [group[0] for group in needed if not any(name in told for name in group)]
    return dict.fromkeys(missing, "Missing data for required field.")


def _loaded(
    kind: type[Settings],
    types: Mapping[str, Any],
    told: Mapping[str, Told],
    unfetched: Collection[str],
    missing: Mapping[str, str],
    faults: list[str],
) -> dict[str, Any]:
    """Return the values of what was told, as far as they are right."""
    found = {name: [message] for name, message in missing.items()}
    found |= {name: [_unknown(name, types)] for name in told if name not in types}
    schema = marshmallow.Schema.from_dict({one.name: _field(one, types[one.name]) for one in fields(kind)})()
    given = {name: one.value for name, one in told.items() if name in types and name not in unfetched}
    try:
        loaded: dict[str, Any] = dict(schema.load(given))
    except ValidationError as error:
        loaded = error.valid_data if isinstance(error.valid_data, dict) else {}
        found |= error.messages_dict
    for name, messages in sorted(found.items()):
        label = told[name].label if name in told else f"{PREFIX}{name.upper()}"
        faults.extend(f"{label}: {message}" for message in messages)
    return loaded


def _field(one: Field[Any], type_: Any) -> ma.Field[Any]:
    return _FIELDS[type_](validate=one.metadata["validate"])


def _unknown(name: str, names: Iterable[str]) -> str:
    found = meant(name, names)
    return f"Unknown field. Did you mean {PREFIX}{found.upper()}?" if found else "Unknown field."


def _together(told: Mapping[str, Told], groups: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for names in groups:
        missing = [one for one in names if one not in told]
        if missing and len(missing) < len(names):
            given = _listed([one for one in names if one in told], "and")
            yield f"{PREFIX}{missing[0].upper()}: Missing; it goes with {given}."


def _one_of(told: Mapping[str, Told], groups: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for names in groups:
        if sum(one in told for one in names) != 1:
            others = _listed(names[1:], "or")
            yield f"{PREFIX}{names[0].upper()}: Give either it or {others}."


def _listed(names: Iterable[str], word: str) -> str:
    return f" {word} ".join(f"{PREFIX}{one.upper()}" for one in names)
