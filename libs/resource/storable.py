"""What DynamoDB can store, told before it is asked; and how what it stores becomes JSON."""

import math
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError
from pynamodb.attributes import MapAttribute
from pynamodb.models import Model

from libs.dynamodb.limits import (
    LARGEST_HASH_KEY,
    LARGEST_NUMBER,
    LARGEST_RANGE_KEY,
    LONGEST_NAME,
    MOST_DIGITS,
    MOST_LEVELS,
    SMALLEST_NUMBER,
)
from libs.errors import Fault, InvalidBody, pointer

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**64 - 1
"""What JSON (orjson) and MessagePack have of 64 bits; beyond these a number is a float."""

Messages = list[str] | dict[str | int, Any]
"""Faults as marshmallow has them: texts, under the names and indexes that lead to them."""


class UnfitValues(InvalidBody):
    """Values of attributes that cannot be stored.

    :param faults: what is wrong with each, by the attribute's name in Python; in a request `Bodies.located`
        makes of the names where they are in the body.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(errors=[Fault(told, pointer=pointer(name)) for name, told in faults.items()])
        self.faults = dict(faults)


def key_limits(model: type[Model]) -> dict[str, int]:
    """Return how many bytes each key of table or index may have, by the names they are stored under."""
    found: dict[str, int] = {}
    indexed = (one for index in model._indexes.values() for one in index.Meta.attributes.values())
    for one in (*model.get_attributes().values(), *indexed):
        if one.is_hash_key or one.is_range_key:
            most = LARGEST_HASH_KEY if one.is_hash_key else LARGEST_RANGE_KEY
            found[one.attr_name] = min(most, found.get(one.attr_name, most))
    return found


def check(value: Any, levels: int = MOST_LEVELS, *, json_only: bool = False) -> None:
    """Check a value and all it holds.

    :param levels: how many lists and maps there may be within each other.
    :param json_only: refuse what is no JSON; otherwise that is left to whoever made it.
    :raises ValidationError: with every fault, under the path to it.
    """
    if messages := _faults(value, levels, json_only):
        raise ValidationError(messages)


def number_fault(number: int | float) -> str | None:
    """Return what is wrong with a number; None if DynamoDB can store it.

    A float has 17 digits at most. Of an integer's 38 are the significant ones: zeros at its end do not count.
    """
    if isinstance(number, float) and math.isnan(number):
        return "Not a number."
    if abs(number) > LARGEST_NUMBER:
        return "Number too large."
    if isinstance(number, float):
        return "Number too small." if 0 < abs(number) < SMALLEST_NUMBER else None
    digits = len(str(abs(number)).rstrip("0"))
    return None if digits <= MOST_DIGITS else f"Number of more than {MOST_DIGITS} digits."


def text_fault(text: str) -> str | None:
    """Return what is wrong with a text: half of a surrogate pair is no character and has no UTF-8."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return "Not valid Unicode."
    return None


def key_fault(value: Any, most_bytes: int) -> str | None:
    """Return what is wrong with a valid text or bytes as the key of a table or an index."""
    size = len(value.encode() if isinstance(value, str) else value)
    if not size:
        return "May not be empty."
    return None if size <= most_bytes else f"Longer than {most_bytes} bytes."


def json_number(number: Any) -> float:
    """Return a stored number as JSON has it, the same whether it was sent as 3, as 3.0, or as it was read.

    Integers are exact within 64 bits; others are floats.
    """
    if isinstance(number, float):
        if not number.is_integer() or not -(2.0**63) <= number < 2.0**64:
            return number
        return int(number) if abs(number) <= 2.0**53 else int(Decimal(repr(number)))
    return number if SMALLEST_INTEGER <= number <= LARGEST_INTEGER else float(number)


def json_value(value: Any) -> Any:
    """Return a stored value as JSON: bytes as base64, sets in order, numbers by `json_number`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return json_number(value)
    if isinstance(value, Mapping | MapAttribute):
        return {name: json_value(value[name]) for name in value}
    if isinstance(value, list | tuple):
        return [json_value(one) for one in value]
    if isinstance(value, set | frozenset):
        return [json_value(one) for one in sorted(value)]
    return b64encode(value).decode() if isinstance(value, bytes) else value


def _faults(value: Any, levels: int, json_only: bool) -> Messages:
    fault = None
    if isinstance(value, str):
        fault = text_fault(value)
    elif isinstance(value, int | float):
        fault = None if isinstance(value, bool) else number_fault(value)
    elif isinstance(value, dict | list) or (not json_only and isinstance(value, Mapping | tuple | set)):
        return _members_faults(value, levels - 1, json_only) if levels else ["Nested too deeply."]
    elif json_only and value is not None:
        fault = "Not valid JSON."
    return [fault] if fault else []


def _members_faults(value: Any, levels: int, json_only: bool) -> Messages:
    found: dict[str | int, Any] = {}
    is_map = isinstance(value, Mapping)
    for name, one in value.items() if is_map else enumerate(value):
        fault = _name_fault(name) if is_map else None
        if messages := [fault] if fault else _faults(one, levels, json_only):
            found[name] = messages
    return found


def _name_fault(name: Any) -> str | None:
    if not isinstance(name, str):
        return "Not a text, as a name is."
    fault = text_fault(name)
    if fault or 0 < len(name.encode()) <= LONGEST_NAME:
        return fault
    return f"Not a name of 1 to {LONGEST_NAME} bytes."
