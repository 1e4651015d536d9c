"""Whether a declared field is one for its attribute: what it makes of JSON has to be what is stored there."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields
from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BinarySetAttribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from libs.resource.schema import fields as ours
from libs.resource.schema.from_model import attribute_kind

_MADE: Mapping[type, str] = {
    fields.String: "text", fields.UUID: "UUID", fields.Integer: "number", fields.Float: "number",
    fields.Decimal: "Decimal", fields.Number: "number", fields.Boolean: "boolean", fields.DateTime: "time",
    fields.Date: "date", fields.Time: "time of day", fields.TimeDelta: "timedelta", fields.IP: "address",
    fields.IPInterface: "address", fields.Enum: "Enum", fields.List: "list", fields.Tuple: "tuple",
    fields.Mapping: "map", fields.Nested: "map", fields.Pluck: "plucked", ours.Binary: "bytes",
    ours.FreeList: "list", ours.FreeMap: "map",
}  # fmt: skip
"""What values a field makes; a field of a class that is not here may make any."""
_STORED: Mapping[type, str] = {
    UnicodeAttribute: "text", NumberAttribute: "number", BooleanAttribute: "boolean",
    UTCDateTimeAttribute: "time", TTLAttribute: "time", BinaryAttribute: "bytes", ListAttribute: "list",
    MapAttribute: "map", UnicodeSetAttribute: "list", NumberSetAttribute: "list", BinarySetAttribute: "list",
}  # fmt: skip
_MEMBERS: Mapping[type, type[Attribute[Any]]] = {
    UnicodeSetAttribute: UnicodeAttribute,
    NumberSetAttribute: NumberAttribute,
    BinarySetAttribute: BinaryAttribute,
}


def check_fits(field: fields.Field[Any], attribute: Attribute[Any], path: str) -> None:
    """Check that values of a field can be stored as, and compared with, those of an attribute.

    :param path: of the attribute, for the fault.
    :raises TypeError: if they are of two kinds.
    """
    _check(field, type(attribute), path, getattr(attribute, "element_type", None))


def _check(field: fields.Field[Any], of: type, path: str, element: type[Attribute[Any]] | None) -> None:
    try:
        kind = attribute_kind(path, of)
    except TypeError:
        return  # a class of one's own: nobody can tell what its values are
    made = next((_MADE[one] for one in type(field).__mro__ if one in _MADE), None)
    if isinstance(field, fields.Nested) and field.many:
        made = "list"
    stored = next((_STORED[one] for one in kind.__mro__ if one in _STORED), None)
    if made is None or stored is None:
        return
    if made != stored:
        told = f"{type(field).__name__} makes a {made} of it, and the {of.__name__} holds a {stored}"
        raise TypeError(f"{path}: {told}")
    member = _MEMBERS.get(kind, element)
    if isinstance(field, fields.List) and member is not None:
        _check(field.inner, member, f"{path}[]", None)
