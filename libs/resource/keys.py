"""A row's key in its path: ``/todos/01H…``, ``/stock/berlin/17``."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from libs.api import path_segment
from libs.dynamodb.limits import LARGEST_HASH_KEY, LARGEST_RANGE_KEY
from libs.errors import NotFound
from libs.resource.query.layout import Layout
from libs.resource.storable import UnfitValues, key_fault, number_fault
from libs.resource.store.row import Row

PathKey = str | Sequence[str]
"""The parts of a key in a path, decoded; one part may stand by itself."""

LONGEST_PATH = 3000
"""Characters of a row's path below that of its resource: with the rest it fits into a request line."""
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,125})(\.[0-9]{1,150})?")


class KeyPath:
    """The part of a row's key that is in its path: all of it but what the scope fixes.

    A text stands for itself, a number as JSON has it, without an exponent, a time as RFC 3339 in UTC, binary
    as base64url (RFC 4648 section 5, without padding).

    :param fixed: the attributes the scope fixes.
    :raises TypeError: if nothing is left to tell rows by, or a key is of a kind that has no text.
    """

    def __init__(self, layout: Layout, fixed: Sequence[str]) -> None:
        self._codec = layout.codec
        self._all = layout.table.key
        self.names = tuple(name for name in layout.table.key if name not in fixed)
        if not self.names:
            raise TypeError(f"{self._codec.model.__name__}: the scope fixes the whole key")
        for name in self.names:
            if _kind(self._codec.attributes[name]) is None:
                raise TypeError(f"{self._codec.model.__name__}.{name} is a key that has no text for a path")

    @property
    def template(self) -> str:
        """The path of a row below that of its resource, with its placeholders."""
        return "/".join(f"{{{name}}}" for name in self.parameters)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters: ``key`` where it is only one."""
        return ("key",) if len(self.names) == 1 else self.names

    def read(self, parts: PathKey, fixed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the key a path stands for, as DynamoDB takes it.

        :param fixed: the values the scope fixes.
        :raises NotFound: if no row can have such a key.
        """
        texts = [parts] if isinstance(parts, str) else list(parts)
        values = {
            **fixed,
            **{name: self._value(name, text) for name, text in zip(self.names, texts, strict=True)},
        }
        raws = {name: self._codec.raw(name, values[name]) for name in self._all}
        for name, longest in zip(self._all, (LARGEST_HASH_KEY, LARGEST_RANGE_KEY), strict=False):
            ((kind, value),) = raws[name].items()
            if kind != "N" and key_fault(value, longest):
                raise NotFound
        return {self._codec.stored_name(name): raw for name, raw in raws.items()}

    def path(self, row: Row) -> str:
        """Return the path of a row below that of its resource, percent-encoded.

        :raises UnfitValues: if no request can have it: for its length, or since there is a NUL in it.
        """
        texts = (_text(self._codec.attributes[name], row(name)) for name in self.names)
        path = "/".join(path_segment(text) for text in texts)
        if len(path) > LONGEST_PATH or "%00" in path:
            told = f"must fit into an address: {LONGEST_PATH} characters, percent-encoded, and no NUL"
            raise UnfitValues({self.names[-1]: told})
        return path

    def _value(self, name: str, text: str) -> Any:
        try:
            value = _from_text(self._codec.attributes[name], text)
        except (ValueError, OverflowError, NotBase64):
            raise NotFound from None
        return value


def _kind(attribute: Attribute[Any]) -> type[Attribute[Any]] | None:
    kinds = (UTCDateTimeAttribute, NumberAttribute, UnicodeAttribute, BinaryAttribute)
    return next((kind for kind in kinds if isinstance(attribute, kind)), None)


def _text(attribute: Attribute[Any], value: Any) -> str:
    if isinstance(attribute, UTCDateTimeAttribute):
        return str(value.astimezone(UTC).isoformat().replace("+00:00", "Z"))
    if isinstance(attribute, BinaryAttribute):
        return urlsafe_b64encode(value).decode().rstrip("=")
    if isinstance(attribute, NumberAttribute):
        return format(Decimal(repr(value)), "f")
    return str(value)


def _from_text(attribute: Attribute[Any], text: str) -> Any:
    if isinstance(attribute, UTCDateTimeAttribute):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("a time without an offset")
        return moment.astimezone(UTC)
    if isinstance(attribute, NumberAttribute):
        if not _NUMBER.fullmatch(text):
            raise ValueError("not a number")
        number = float(text) if "." in text else int(text)
        if number_fault(number):
            raise ValueError("not a number DynamoDB has")
        return number
    if isinstance(attribute, BinaryAttribute):
        if not re.fullmatch("[A-Za-z0-9_-]+", text):
            raise ValueError("not base64url")
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    text.encode()  # half a surrogate pair is no character
    return text
