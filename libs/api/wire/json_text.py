"""JSON on the wire: read strictly, written in one way (RFC 8259)."""

import base64
import json
import math
import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import orjson

from libs.errors import MalformedBody

MAX_DEPTH = 100
"""How deeply a body may be nested. What is stored in DynamoDB may be no deeper than 32 levels."""
_BLANK = b" \t\r\n"
_SQUARE = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def load_json(raw: bytes) -> Any:
    """Return the value of a JSON text.

    Refused is what two parsers may understand in two ways: a name that an object holds twice (one
    takes the first, another the last), whole numbers of more than 64 bits, NaN and Infinity,
    half a surrogate pair, and what is not UTF-8.

    :raises MalformedBody: if it is no JSON, or one of those.
    """
    try:
        value = orjson.loads(raw)
        # Only a document with many brackets can be deep.
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_deep(raw):
            raise MalformedBody(f"The body is nested more than {MAX_DEPTH} levels deep.")
        if _is_all_of(raw, value):
            return value
        decoder = _DECODER if _LONG.search(raw) else _NAMES_DECODER
        return decoder.raw_decode(raw.decode().strip())[0]
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedBody(f"The body is not valid JSON ({where}).") from None
    except _Unclear as error:
        raise MalformedBody(f"The body is not clear JSON: {error}.") from None


def _is_all_of(raw: bytes, value: Any) -> bool:
    """Tell whether the value, written again, is the text: then it lacks no name and no digit.

    Blanks do not count, inside of texts neither: with a name less there is a colon less in any case. Of a
    text that is written otherwise nothing is said. It is several times as fast as to look at each name.
    """
    written = orjson.dumps(value)
    return raw == written or raw.translate(None, _BLANK) == written.translate(None, _BLANK)


def dump_json(value: Any) -> bytes:
    """Return `value` as JSON.

    Aware datetimes become RFC 3339 text, Decimals text, bytes base64, mapping proxies objects; objects of a
    contract, and what else has a `__json__()`, what that returns.

    :raises TypeError: for what has no JSON form, such as NaN.
    """
    made = [value]
    try:
        written = orjson.dumps(value, default=lambda one: _default(one, made), option=_OPTIONS)
    except TypeError as error:
        raise TypeError(str(error.__cause__ or error)) from None
    # orjson writes null for a number that is not finite.
    if b"null" in written and not _are_finite(made):
        raise TypeError("a number that is not finite has no JSON form")
    return written


_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def _are_finite(values: list[Any]) -> bool:
    waiting: list[Iterable[Any]] = [values]
    for held in waiting:  # it grows
        for one in held:
            kind = type(one)
            if kind is float:
                if not math.isfinite(one):
                    return False
            elif kind not in _LEAVES:
                if isinstance(one, dict):
                    waiting.append(one.values())
                elif isinstance(one, list | tuple):
                    waiting.append(one)
    return True


_LEAVES = {str, int, bool, type(None)}


def plain(value: Any) -> Any:
    """Return what a receiver reads of `value`: dicts, lists, texts, numbers, booleans and None.

    :raises TypeError: for what has no JSON form.
    """
    if type(value) in (int, bool, type(None)) or (type(value) is str and value.isascii()):
        return value
    return orjson.loads(dump_json(value))


class _Unclear(ValueError):
    """The text is JSON, and two parsers may understand it in two ways."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unclear("an object has a name twice")
    return found


def _whole(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= (number := int(text)) < 2**64:
        raise _Unclear("a whole number has more than 64 bits")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_whole)
_NAMES_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
"""They read what `orjson` does, with the names and the digits that it loses."""
_LONG = re.compile(rb"[0-9]{19}")
"""What every number of more than 64 bits holds."""


def _is_deep(raw: bytes) -> bool:
    texts_out = b"".join(raw.replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')[::2])
    brackets = texts_out.translate(_SQUARE, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")  # the innermost
    return bool(brackets)


def _default(value: Any, made: list[Any]) -> Any:
    """Return what `orjson` writes in the place of `value`; append what may hold more to `made`."""
    if isinstance(value, datetime):
        if value.tzinfo is UTC:
            return value.isoformat()[:-6] + "Z"
        return _time_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if hasattr(value, "__json__"):
        made.append(value.__json__())
        return made[-1]
    if hasattr(value, "to_json"):
        made.append(value.to_json())
        return made[-1]
    if is_dataclass(value) and not isinstance(value, type):
        made.append({one.name: getattr(value, one.name) for one in fields(value) if one.name[0] != "_"})
        return made[-1]
    if isinstance(value, MappingProxyType):  # such as the claims of a caller
        made.append(dict(value))
        return made[-1]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _time_text(value: datetime) -> str:
    offset = value.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):  # RFC 3339 has no seconds in an offset
        try:
            value = value.astimezone(UTC)
        except OverflowError:
            raise TypeError(
                "a time that is in UTC before the year 1 or after 9999 has no JSON form"
            ) from None
    return value.isoformat().replace("+00:00", "Z")
