"""From a PynamoDB model to the marshmallow schema of its representation."""

import math
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import Range
from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

_LARGEST_NUMBER = math.nextafter(1e126, 0)
_SMALLEST_NUMBER = 1e-130
"""DynamoDB's bounds; https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""


def _large_enough(number: float) -> None:
    if 0 < abs(number) < _SMALLEST_NUMBER:
        raise ValidationError("Number too small.")


class Timestamp(fields.AwareDateTime):
    """RFC 3339 text in UTC, written with a Z; any offset is taken."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        moment = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(UTC)
        except OverflowError:  # in UTC it is before the year 1 or after 9999
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | float | None:
        text = super()._serialize(value, attr, obj, **kwargs)
        return text.replace("+00:00", "Z") if isinstance(text, str) else text


_FIELDS: Mapping[type[Attribute[Any]], Callable[..., fields.Field[Any]]] = {
    UnicodeAttribute: fields.String,
    BooleanAttribute: fields.Boolean,
    UTCDateTimeAttribute: Timestamp,
    NumberAttribute: lambda **options: fields.Float(
        validate=[Range(-_LARGEST_NUMBER, _LARGEST_NUMBER), _large_enough], **options
    ),
}


class ResourceSchema(Schema):
    """Unknown fields are errors."""

    class Meta:
        unknown = RAISE


def schema_class(
    model: type[Model],
    *,
    hidden: Collection[str] = (),
    read_only: Collection[str] = (),
    declared: Mapping[str, fields.Field[Any]] | None = None,
) -> type[ResourceSchema]:
    """Return the schema of `model`'s representation.

    An attribute that may be null may be null in the representation; one that may not and has no default
    is required.

    :param hidden: attributes that are neither shown nor taken.
    :param read_only: attributes that are shown and not taken.
    :param declared: fields to use instead of those that follow from the attribute.
    :raises TypeError: for an attribute of a kind without a field of its own that is not declared, for
        names that the model does not have, and for a declared field that takes what is read-only.
    """
    attributes = model.get_attributes()
    declared = declared or {}
    unknown = sorted({*hidden, *read_only, *declared} - set(attributes))
    if unknown:
        raise TypeError(f"{model.__name__} has no attribute {', '.join(unknown)}")
    made: dict[str, Any] = {}
    for name, attribute in attributes.items():
        if name in hidden:
            continue
        if name in read_only and name in declared and not declared[name].dump_only:
            raise TypeError(f"{model.__name__}.{name} is read-only; declare its field with dump_only=True")
        made[name] = declared.get(name) or _field(model, name, attribute, dump_only=name in read_only)
    return type(f"{model.__name__}Schema", (ResourceSchema,), made)


def _field(model: type[Model], name: str, attribute: Attribute[Any], *, dump_only: bool) -> fields.Field[Any]:
    make = _FIELDS.get(type(attribute))
    if make is None:
        kind = type(attribute).__name__
        raise TypeError(f"{model.__name__}.{name} is a {kind}, for which there is no field; declare one")
    if dump_only:
        return make(dump_only=True)
    has_default = attribute.default is not None or attribute.default_for_new is not None
    return make(required=not attribute.null and not has_default, allow_none=bool(attribute.null))
