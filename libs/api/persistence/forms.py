"""JSON values as DynamoDB's attribute values, and back.

What a text stands for is stored so that DynamoDB can compare and count with it: a `date-time` as UTC text
that sorts (as PynamoDB's UTCDateTimeAttribute has it), a `decimal` as number, a `byte` as binary. Where that
does not give back the very text (another zone, ``1.10``), the text is stored beside it; see `codec`.
"""

import math
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from libs.api.objects.kinds import Kind, ScalarKind, below
from libs.api.objects.scalars import read_bytes, read_decimal, read_time, write_time
from libs.dynamodb.limits import LARGEST_NUMBER, LONGEST_NAME, MOST_DIGITS, MOST_LEVELS, SMALLEST_NUMBER
from libs.errors import Fault

Raw = dict[str, Any]
"""An attribute value: ``{"S": "text"}``."""

TYPES: Mapping[str, str] = {"string": "S", "number": "N", "boolean": "BOOL", "array": "L", "object": "M"}
"""What the values of a JSON type are in DynamoDB."""
_FIRST_SECOND = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
_TOO_MANY_DIGITS = f"has more than {MOST_DIGITS} digits"
_WHOLE = 10**MOST_DIGITS
"""Below it every whole number is kept to the last digit, be it sent as integer or as float."""


def raw_of(value: Any, pointer: str, faults: list[Fault], levels: int = MOST_LEVELS) -> Raw:
    """Return a JSON value as DynamoDB has it; what it cannot hold is added to `faults`.

    :param levels: how many lists and maps there may be within each other.
    """
    try:
        if isinstance(value, dict | list):
            if not levels:
                raise ValueError("is nested too deeply")
            if isinstance(value, list):
                return {
                    "L": [raw_of(one, f"{pointer}/{n}", faults, levels - 1) for n, one in enumerate(value)]
                }
            return {
                "M": {n: raw_of(one, below(pointer, n), faults, levels - 1) for n, one in _members(value)}
            }
        return _scalar(value)
    except ValueError as error:
        faults.append(Fault(str(error), pointer=pointer))
        return {"NULL": True}


def json_of(raw: Mapping[str, Any]) -> Any:
    """Return an attribute value as JSON; binary as base64, a set as a sorted list."""
    ((kind, value),) = raw.items()
    if kind in ("S", "BOOL"):
        return value
    if kind == "N":
        return _number(value)
    if kind == "L":
        return [json_of(one) for one in value]
    if kind == "M":
        return {name: json_of(one) for name, one in value.items()}
    if kind in ("SS", "NS", "BS"):
        return sorted(json_of({kind[0]: one}) for one in value)
    return b64encode(value).decode() if kind == "B" else None


class Form:
    """Values that are stored as the JSON they are.

    :ivar type: the one type of DynamoDB they are of; None if it may be any.
    """

    type: str | None = None

    def __init__(self, type_: str | None = None) -> None:
        self.type = type_ or self.type

    def raw(self, value: Any, pointer: str, faults: list[Fault]) -> Raw | None:
        """Return a value as it is stored; None if it is not stored at all."""
        return raw_of(value, pointer, faults)

    def json(self, raw: Mapping[str, Any]) -> Any:
        """Return what is stored as JSON."""
        return json_of(raw)


class TextForm(Form):
    """Texts that stand for another value; what is no text (null) is stored as it is."""

    def raw(self, value: Any, pointer: str, faults: list[Fault]) -> Raw | None:
        """Return the value a text stands for."""
        if not isinstance(value, str):
            return super().raw(value, pointer, faults)
        try:
            return self.read(value)
        except (ValueError, OverflowError) as error:
            told = str(error) if isinstance(error, Unstorable) else f"is no {self.told} that can be stored"
            faults.append(Fault(told, pointer=pointer))
            return {"NULL": True}

    def json(self, raw: Mapping[str, Any]) -> Any:
        """Return the text of a value."""
        return self.write(raw) if self.type in raw else json_of(raw)

    told: str

    def read(self, text: str) -> Raw:
        """Return the attribute value of a text; ValueError if there is none."""
        raise NotImplementedError

    def write(self, raw: Mapping[str, Any]) -> str:
        """Return the text of an attribute value."""
        raise NotImplementedError


class Unstorable(ValueError):
    """A value that DynamoDB cannot hold; its text tells the client why."""


class TimeForm(TextForm):
    """Times, to the microsecond: ``2026-01-31T12:00:00.000000+0000``."""

    type, told = "S", "time"

    def read(self, text: str) -> Raw:
        """Return a time as text that sorts."""
        return {
            "S": read_time(text).astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "+0000")
        }

    def write(self, raw: Mapping[str, Any]) -> str:
        """Return a time as RFC 3339 in UTC."""
        return write_time(read_time(raw["S"]))


class EpochForm(TextForm):
    """Times as the whole seconds since 1970 that DynamoDB's time to live needs; part of one counts as one."""

    type, told = "N", "time"

    def read(self, text: str) -> Raw:
        """Return a time in seconds."""
        seconds = math.ceil(read_time(text).timestamp())
        if seconds > _LAST_SECOND:
            raise Unstorable("is after the year 9999")
        return {"N": str(seconds)}

    def write(self, raw: Mapping[str, Any]) -> str:
        """Return a time as RFC 3339 in UTC.

        Another program may have set one that Python has no time for: it is the last of the year 9999, or the
        first of the year 1.
        """
        seconds = min(max(int(Decimal(raw["N"])), _FIRST_SECOND), _LAST_SECOND)
        return write_time(datetime.fromtimestamp(seconds, UTC))


class DecimalForm(TextForm):
    """Decimal numbers."""

    type, told = "N", "decimal number"

    def read(self, text: str) -> Raw:
        """Return a number; DynamoDB drops the zeros at its end."""
        number = read_decimal(text)
        digits = "".join(map(str, number.as_tuple().digits)).strip("0")
        if len(digits) > MOST_DIGITS:
            raise Unstorable(_TOO_MANY_DIGITS)
        if number and not -130 <= number.adjusted() <= 125:
            raise Unstorable("is a number too large, or too near to 0, to be stored")
        return {"N": _trimmed(number)}

    def write(self, raw: Mapping[str, Any]) -> str:
        """Return a number without exponent."""
        return _trimmed(Decimal(raw["N"]))


class BytesForm(TextForm):
    """Base64."""

    type, told = "B", "base64"

    def read(self, text: str) -> Raw:
        """Return the bytes."""
        return {"B": read_bytes(text)}

    def write(self, raw: Mapping[str, Any]) -> str:
        """Return the bytes as base64."""
        return b64encode(raw["B"]).decode()


class SetForm(Form):
    """Arrays that are stored as sets: each value once, in no order; an empty one is not stored."""

    def raw(self, value: Any, pointer: str, faults: list[Fault]) -> Raw | None:
        """Return a set; None if it is empty."""
        if not isinstance(value, list):
            return super().raw(value, pointer, faults)
        members = [raw_of(one, f"{pointer}/{at}", faults) for at, one in enumerate(value)]
        kind = (self.type or "SS")[0]
        texts = dict.fromkeys(str(one[kind]) for one in members if kind in one)
        return {f"{kind}S": list(texts)} if texts else None


def form_of(kind: Kind, *, ttl: bool, as_set: str | None) -> Form:
    """Return how the values of a property are stored.

    :param ttl: whether DynamoDB deletes by them.
    :param as_set: ``SS`` or ``NS`` where they are sets.
    """
    if as_set:
        return SetForm(as_set)
    if isinstance(kind, ScalarKind) and kind.format == "date-time":
        return EpochForm() if ttl else TimeForm()
    forms: Mapping[str, type[Form]] = {"decimal": DecimalForm, "byte": BytesForm}
    if isinstance(kind, ScalarKind) and kind.format in forms:
        return forms[kind.format]()
    return Form(TYPES.get(kind.json_type or ""))


def key_text(raw: Mapping[str, Any]) -> str:
    """Return the attribute value of a key as text that no other value of its type has."""
    ((kind, value),) = raw.items()
    if kind == "N":
        return _trimmed(Decimal(value))
    return b64encode(value).decode() if kind == "B" else str(value)


def _members(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    for name in value:
        if not 0 < len(_unicode(name)) <= LONGEST_NAME:
            raise ValueError(f"has a name that is empty, or longer than {LONGEST_NAME} bytes")
    return list(value.items())


def _scalar(value: Any) -> Raw:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        _unicode(value)
        return {"S": value}
    if isinstance(value, int):
        if abs(value) >= _WHOLE:
            raise ValueError(_TOO_MANY_DIGITS)
        return {"N": str(value)}
    if math.isnan(value) or math.isinf(value):
        raise ValueError("is not a number")
    if abs(value) > LARGEST_NUMBER or 0 < abs(value) < SMALLEST_NUMBER:
        raise ValueError("is a number too large, or too near to 0, to be stored")
    return {"N": str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)}


def _number(text: str) -> int | float:
    try:
        whole = int(text)
    except ValueError:
        number = Decimal(text)
        if number != number.to_integral_value():
            return float(text)
        whole = int(number)
    return whole if abs(whole) < _WHOLE else float(text)


def _trimmed(number: Decimal) -> str:
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _unicode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode") from None
