"""JSON on the wire: read strictly, written in one way (RFC 8259)."""

import base64
import json
import math
from decimal import Decimal
from typing import Any

import orjson

from libs.errors import MalformedBody

MAX_DEPTH = 100
"""How deeply a body may be nested. What is stored in DynamoDB may be no deeper than 32 levels."""


def load_json(raw: bytes) -> Any:
    """Return the value of a JSON text.

    Refused is what two parsers may understand in two ways: a name that an object holds twice (one
    takes the first, another the last), whole numbers of more than 64 bits, NaN and Infinity,
    half a surrogate pair, and what is not UTF-8.

    :raises MalformedBody: if it is no JSON, or one of those.
    """
    try:
        orjson.loads(raw)  # the grammar, and where it is broken
        # Only a document with many brackets can be deep.
        if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
            raise MalformedBody(f"The body is nested more than {MAX_DEPTH} levels deep.")
        value = _DECODER.raw_decode(raw.decode().strip())[0]
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedBody(f"The body is not valid JSON ({where}).") from None
    except _Unclear as error:
        raise MalformedBody(f"The body is not clear JSON: {error}.") from None
    return value


def dump_json(value: Any) -> bytes:
    """Return `value` as JSON.

    Aware datetimes become RFC 3339 text in UTC, Decimals text, bytes base64; objects of a contract, and what
    else has a `__json__()`, what that returns.

    :raises TypeError: for what has no JSON form.
    """
    return orjson.dumps(value, default=_default, option=orjson.OPT_UTC_Z)


def plain(value: Any) -> Any:
    """Return what a receiver reads of `value`: dicts, lists, texts, numbers, booleans and None.

    :raises TypeError: for what has no JSON form.
    """
    if type(value) in (int, bool, type(None)) or (type(value) is str and value.isascii()):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError("a number that is not finite has no JSON form")
    return json.loads(dump_json(value))


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


def _depth(raw: bytes) -> int:
    deepest = depth = 0
    in_text = escaped = False
    for byte in raw:
        if in_text:
            escaped, in_text = (byte == 0x5C and not escaped), byte != 0x22 or escaped
        elif byte == 0x22:
            in_text = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _default(value: Any) -> Any:
    if hasattr(value, "__json__"):
        return value.__json__()
    if hasattr(value, "to_json"):
        return value.to_json()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no JSON form")
