"""The arguments of a call as JSON, and back as what they were.

Plain JSON stays as it is. What JSON has no form for is an object with one name that begins with ``$``::

    datetime(2026, 3, 1, tzinfo=UTC)    {"$datetime": "2026-03-01T00:00:00+00:00"}
    Decimal("9.90")                     {"$decimal": "9.90"}
    (1, 2)                              {"$tuple": [1, 2]}
    models.todos.Todo(title="Buy tea")  {"$object": ["todos", "Todo"], "value": {"title": "Buy tea"}}
    {"$ref": "x"}                       {"$escaped": {"$ref": "x"}}

so that ``decode(encode(value)) == value`` at any depth, and a worker is given what the caller gave.
"""

import base64
import json
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from libs.api import ApiList, ApiMap, ApiObject, ContractError, models

MAX_DEPTH = 100
"""How deeply arguments may be nested; the same as of a body."""
LARGEST_STORED = 350_000
"""Bytes of the arguments, or of a result, in the row, which may have 400 KB in all (an AWS limit)."""

_OBJECT, _ESCAPED = "$object", "$escaped"


def encode(value: Any) -> Any:
    """Return `value` as JSON: dicts, lists, texts, finite numbers of 64 bits, booleans and None.

    Beside those it takes datetime, date, time, timedelta, Decimal, UUID, bytes, tuple, set, frozenset, and
    objects of the contracts in apis/.

    :raises TypeError: for anything else, such as a dataclass; the text names its type and not its value.
    """
    return _encoded(value, 0)


def decode(value: Any) -> Any:
    """Return what `encode` was given.

    :raises ValueError: for a tag that is not known, or a value that does not go with it, as when a schema has
        changed since.
    """
    if isinstance(value, list):
        return [decode(one) for one in value]
    if not isinstance(value, dict):
        return value
    tag = next((name for name in value if name.startswith("$")), None)
    if tag is None:
        return {name: decode(one) for name, one in value.items()}
    if tag == _ESCAPED:
        return {name: decode(one) for name, one in value[tag].items()}
    if tag == _OBJECT:
        return _class_of(value[tag]).from_json(value["value"])
    if tag not in _DECODERS:
        raise ValueError(f"arguments hold what this release does not know: {tag}")
    try:
        return _DECODERS[tag](value[tag])
    except (ArithmeticError, TypeError, ValueError):
        raise ValueError(f"arguments hold a {tag} that is none") from None


def encode_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name, each encoded.

    :raises TypeError: naming the argument that has no JSON form.
    """
    encoded = {}
    for name, value in arguments.items():
        try:
            encoded[name] = encode(value)
        except TypeError as error:
            raise TypeError(f"the argument {name}: {error}") from None
    return encoded


def _encoded(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int | float):
        return _scalar(value)
    if depth >= MAX_DEPTH:
        raise TypeError(f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, list | ApiList):
        return [_encoded(one, depth + 1) for one in value]
    if isinstance(value, dict | ApiMap):
        return _mapping(value, depth + 1)
    if isinstance(value, ApiObject):
        return _object(value)
    if isinstance(value, tuple):
        return {"$tuple": [_encoded(one, depth + 1) for one in value]}
    if isinstance(value, set | frozenset):
        # In one order, so that equal sets are equal texts.
        items = sorted((_encoded(one, depth + 1) for one in value), key=canonical)
        return {"$frozenset" if isinstance(value, frozenset) else "$set": items}
    for kind, tag, text in _ENCODERS:
        if isinstance(value, kind):
            return {tag: text(value)}
    raise TypeError(f"{type(value).__name__} has no JSON form that a worker could make it of again")


def fits(value: Any) -> bool:
    """Tell whether plain JSON is small enough to be kept in a row."""
    # In the row it is ASCII, and so up to three times as long.
    return len(orjson.dumps(value)) * 3 <= LARGEST_STORED or len(json.dumps(value)) <= LARGEST_STORED


def canonical(encoded: Any) -> bytes:
    """Return JSON in one spelling: equal values are equal texts, whatever the order of their names."""
    return orjson.dumps(encoded, option=orjson.OPT_SORT_KEYS)


def _scalar(value: str | int | float) -> Any:
    """Return a text or number of exactly that type: an enum's member is its value."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise TypeError("half a surrogate pair has no JSON form") from None
        return str.__str__(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise TypeError("a whole number of more than 64 bits has no JSON form")
        return int(value)
    if not math.isfinite(value):
        raise TypeError("a number that is not finite has no JSON form")
    return float(value)


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    if any(not isinstance(name, str) for name in value):
        raise TypeError("a dict whose keys are not all texts has no JSON form")
    made = {_scalar(name): _encoded(one, depth) for name, one in value.items()}
    return {_ESCAPED: made} if any(name.startswith("$") for name in made) else made


def _object(value: ApiObject) -> dict[str, Any]:
    # What pickle keeps of it: where its class is found, and its data without what to_json adds.
    _, (_, origin, data) = value.__reduce__()
    place = [type(value).api_name, *origin]
    try:
        _class_of(place)
    except ValueError:
        raise TypeError(
            f"{value.schema_name} is of no contract in apis/, so no worker could make it"
        ) from None
    return {_OBJECT: place, "value": data}


def _class_of(place: list[Any]) -> type[ApiObject]:
    """Return the class of `[api, schema, …]`; further steps lead to one that stands inside of the schema.

    :raises ValueError: if there is none.
    """
    api, *origin = place
    try:
        return models[api].class_at(tuple(origin))
    except (LookupError, ContractError):
        raise ValueError(f"no contract has {'.'.join(map(str, place))}") from None


_ENCODERS: tuple[tuple[type | tuple[type, ...], str, Callable[[Any], Any]], ...] = (
    (datetime, "$datetime", datetime.isoformat),  # before date: each datetime is one
    (date, "$date", date.isoformat),
    (time, "$time", time.isoformat),
    (timedelta, "$timedelta", lambda one: [one.days, one.seconds, one.microseconds]),
    (Decimal, "$decimal", str),
    (UUID, "$uuid", str),
    ((bytes, bytearray), "$bytes", lambda one: base64.b64encode(one).decode()),
)
_DECODERS: Mapping[str, Callable[[Any], Any]] = {
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
    "$timedelta": lambda parts: timedelta(*parts),
    "$decimal": Decimal,
    "$uuid": UUID,
    "$bytes": lambda text: base64.b64decode(text, validate=True),
    "$tuple": lambda items: tuple(decode(one) for one in items),
    "$set": lambda items: {decode(one) for one in items},
    "$frozenset": lambda items: frozenset(decode(one) for one in items),
}
