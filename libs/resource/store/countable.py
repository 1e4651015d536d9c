"""Values that can be counted or summed, as they are on the wire.

Each has one text, a *token*, that stands for it and for nothing else: its JSON, numbers without needless
zeros.
So 1, "1", true and null stay apart, and 5.0 is 5, whatever Python thinks of them.
"""

import json
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from libs.dynamodb import Item
from libs.resource.store.row import Codec

NULL = "null"
"""The token of a value that is null or missing."""

_TOO_MANY_ZEROS = 18
TIMES = (UTCDateTimeAttribute, TTLAttribute)
_PLAIN = (UnicodeAttribute, NumberAttribute, BooleanAttribute)


def token_of(raw: Mapping[str, Any] | None) -> str:
    """Return the token of one value as DynamoDB has it; None is for a missing one.

    :raises TypeError: if it is no text, number, boolean or null.
    """
    if raw is None or "NULL" in raw:
        return NULL
    ((kind, value),) = raw.items()
    if kind == "N":
        # A number of DynamoDB's has 38 digits at most (AWS limit); 40 do not round it.
        number = Context(prec=40).normalize(Decimal(value))
        if not number:
            return "0"
        # 1E+20 is a float to Python, and 100000000000000000000 an integer that JSON libraries do not take.
        return str(number) if number.adjusted() >= _TOO_MANY_ZEROS else format(number, "f")
    if kind in ("S", "BOOL"):
        return json.dumps(value, ensure_ascii=False)
    raise TypeError(f"a value of type {kind} cannot be counted")


class Counted:
    """An attribute whose values are counted: itself, or each member of it once where it is a list or a set.

    :param times: whether times can be counted, too.
    :raises TypeError: if it is of another kind, or there is none of this name.
    """

    def __init__(self, codec: Codec, name: str, *, times: bool = False) -> None:
        attribute = attribute_of(codec, name)
        self._stored_name = attribute.attr_name
        self._kind = attribute.attr_type
        self._missing = _missing(codec, name)
        member: Attribute[Any] | None = attribute
        if isinstance(attribute, ListAttribute):
            member = attribute.element_type() if attribute.element_type else None
        elif isinstance(attribute, UnicodeSetAttribute):
            member = UnicodeAttribute()
        elif isinstance(attribute, NumberSetAttribute):
            member = NumberAttribute()
        if member is None or not isinstance(member, (*_PLAIN, *TIMES) if times else _PLAIN):
            raise TypeError(
                f"{codec.model.__name__}.{name} cannot be counted by its values: it is no text, number or"
                " boolean, and no set or list of= such"
            )
        self._member: Attribute[Any] = member

    def tokens(self, item: Item) -> frozenset[str]:
        """Return the tokens of the values `item` has: null's where it has none, none for an empty list."""
        raw = item.get(self._stored_name)
        if raw is None or "NULL" in raw:
            raw = self._missing
        if raw is None or self._kind not in ("L", "SS", "NS"):
            return frozenset((token_of(raw),))
        if self._kind == "L":
            return frozenset(token_of(one) for one in raw["L"])
        return frozenset(token_of({self._kind[0]: one}) for one in raw[self._kind])

    def value(self, token: str) -> Any:
        """Return the Python value a token stands for."""
        if token == NULL:
            return None
        return self._member.deserialize(token if self._member.attr_type == "N" else json.loads(token))


def token_order(token: str) -> tuple[int, Any]:
    """Return what tokens of one attribute are sorted by: null first, then by value."""
    value = json.loads(token, parse_int=Decimal, parse_float=Decimal)
    return (0, 0) if value is None else (1, value)


class Summed:
    """An attribute that is a number, summed exactly.

    :raises TypeError: if it is no number, or there is none of this name.
    """

    def __init__(self, codec: Codec, name: str) -> None:
        attribute = attribute_of(codec, name)
        if not isinstance(attribute, NumberAttribute):
            raise TypeError(f"{codec.model.__name__}.{name} cannot be summed: it is no number")
        self._stored_name = attribute.attr_name
        self._missing = _missing(codec, name) or {"NULL": True}

    def number(self, item: Item) -> Decimal | None:
        """Return the number `item` has; None if it is null or missing."""
        raw = item.get(self._stored_name)
        if raw is None or "NULL" in raw:
            raw = self._missing
        return None if "NULL" in raw else Decimal(raw["N"])


def _missing(codec: Codec, name: str) -> Mapping[str, Any] | None:
    """Return what a row without the attribute has, as DynamoDB would have it; None if that is nothing."""
    default = codec.default(name)
    if default is None:
        return None
    return codec.raw(name, default) if default != set() else {codec.attributes[name].attr_type: []}


def attribute_of(codec: Codec, name: str) -> Attribute[Any]:
    """:raises TypeError: if the model has no attribute of this name."""
    attribute = codec.attributes.get(name)
    if attribute is None:
        raise TypeError(f"{codec.model.__name__} has no attribute {name!r}")
    return attribute
