"""Texts of JSON that stand for Python values: times, dates, bytes, decimals."""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID


class Scalar(NamedTuple):
    """How the texts of a format become Python values, and back.

    :ivar read: text to value; ValueError if Python has no such value (the year 0000).
    :ivar write: value to text; ValueError if it has no exact text.
    :ivar types: what `write` takes.
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    types: tuple[type, ...]


def read_time(text: str) -> datetime:
    """Return the aware datetime of an RFC 3339 `date-time`.

    Digits after the microseconds are cut off, and a leap second (``23:59:60``) is the second after it, for
    Python's datetime has neither.

    :raises ValueError: if it is none, or before the year 1.
    """
    leaps = text[17:19] == "60"
    try:
        time = datetime.fromisoformat((text[:17] + "59" + text[19:] if leaps else text).upper())
        return time + timedelta(seconds=1) if leaps else time
    except OverflowError:
        raise ValueError("is after the year 9999") from None


def write_time(time: datetime) -> str:
    """Return a time as RFC 3339 text; UTC is ``Z``.

    :raises ValueError: if it says no zone (RFC 3339, 5.6: the offset is not optional).
    """
    offset = time.utcoffset()
    if offset is None:
        raise ValueError("is a time without a zone: give one, such as datetime.now(UTC)")
    if offset % timedelta(minutes=1):  # RFC 3339 has no seconds in an offset
        try:
            time = time.astimezone(UTC)
        except OverflowError:
            raise ValueError("is in UTC before the year 1 or after 9999") from None
    return time.isoformat().replace("+00:00", "Z")


def write_date(day: date) -> str:
    """Return a date as RFC 3339 text.

    :raises ValueError: if it is a datetime, whose time would be lost.
    """
    if isinstance(day, datetime):
        raise ValueError("is a time, and only a date is kept: give its date()")  # noqa: TRY004
    return day.isoformat()


def read_bytes(text: str) -> bytes:
    """Return what base64 text stands for (RFC 4648, section 4).

    :raises ValueError: if it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("is not base64") from None


def read_decimal(text: str) -> Decimal:
    """Return the Decimal of a text.

    :raises ValueError: if it is none, or not finite.
    """
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise ValueError("is not a decimal number") from None
    if not value.is_finite():
        raise ValueError("is not finite")
    return value


def write_decimal(value: Decimal | int) -> str:
    """Return a number as text without an exponent, every digit kept.

    :raises ValueError: if it is not finite.
    """
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError("is not finite")
    return format(number, "f")


def exact_number(value: Decimal) -> int | float:
    """Return a Decimal as a number of JSON.

    :raises ValueError: if no float holds it exactly: a text of the format `decimal` would.
    """
    if not value.is_finite():
        raise ValueError("is not finite")
    number = int(value) if value == value.to_integral_value() else float(value)
    if Decimal(repr(number)) != value:
        raise ValueError("has more digits than a JSON number keeps")
    return number


SCALARS: Mapping[str, Scalar] = {
    "date-time": Scalar(read_time, write_time, (datetime,)),
    "date": Scalar(date.fromisoformat, write_date, (date,)),
    "byte": Scalar(
        read_bytes, lambda value: base64.b64encode(value).decode(), (bytes, bytearray, memoryview)
    ),
    "decimal": Scalar(read_decimal, write_decimal, (Decimal, int)),
}
"""By `format`; `contentEncoding: base64` is `byte` (OpenAPI 3.1 writes it so)."""


def scalar_text(value: Any) -> str | None:
    """Return the text of a value that has one without knowing a format, else None.

    :raises ValueError: for a time without a zone.
    """
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else None
