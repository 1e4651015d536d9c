"""Settings are read from the environment once and checked at start, every fault named at once."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

import marshmallow
from marshmallow import ValidationError
from marshmallow import fields as ma

from libs.service.settings.declaring import PREFIX, Secret, SettingsError
from libs.service.settings.every_service import Settings
from libs.service.settings.types_of import types_of

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
    types_ = types_of(kind)
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
