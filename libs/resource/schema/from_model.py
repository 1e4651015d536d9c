"""From a PynamoDB model to the marshmallow schema of its representation."""

import copy
from collections.abc import Callable, Collection, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate
from pynamodb.attributes import (
    Attribute,
    AttributeContainer,
    BinaryAttribute,
    BinarySetAttribute,
    BooleanAttribute,
    DiscriminatorAttribute,
    DynamicMapAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NullAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.models import Model

from libs.dynamodb.limits import MOST_LEVELS
from libs.resource.query.derived import DerivedAttribute
from libs.resource.schema import fields as ours
from libs.resource.storable import LARGEST_INTEGER, SMALLEST_INTEGER, check, key_fault, key_limits

Options = dict[str, Any]

_PLAIN: Mapping[type, Callable[..., fields.Field[Any]]] = {
    BooleanAttribute: ours.Boolean,
    JSONAttribute: ours.Free,
    NullAttribute: ours.Null,
    NumberAttribute: ours.Number,
    TTLAttribute: ours.Expiry,
    UTCDateTimeAttribute: ours.Timestamp,
}
_KEYS: Mapping[type, Callable[..., fields.Field[Any]]] = {
    BinaryAttribute: ours.Binary,
    UnicodeAttribute: ours.Text,
}
_SETS: Mapping[type, Callable[..., fields.Field[Any]]] = {
    BinarySetAttribute: ours.Binary,
    NumberSetAttribute: ours.Number,
    UnicodeSetAttribute: ours.Text,
}
_NEVER_SHOWN = (DerivedAttribute, DiscriminatorAttribute)
_KINDS = {
    *_PLAIN,
    *_KEYS,
    *_SETS,
    *_NEVER_SHOWN,
    DynamicMapAttribute,
    ListAttribute,
    MapAttribute,
    VersionAttribute,
}
_EXACT = validate.Range(SMALLEST_INTEGER, LARGEST_INTEGER)
"""Larger integers come as floats from JSON and MessagePack, and so are others than those that were sent."""
_VALUE_METHODS = ("serialize", "deserialize", "get_value", "__get__", "__set__", "attr_type")
"""What a subclass changes where its value in Python, or as it is stored, is not that of its base."""


class ResourceSchema(Schema):
    """Unknown fields are errors."""

    class Meta:
        unknown = RAISE
        register = False


def schema_class(
    model: type[Model],
    *,
    hidden: Collection[str] = (),
    read_only: Collection[str] = (),
    declared: Mapping[str, fields.Field[Any]] | None = None,
) -> type[ResourceSchema]:
    """Return the schema of `model`'s representation.

    An attribute that may be null may be null in the representation; one that may not and has no default
    is required. A version is shown and never taken; discriminators and derived attributes are hidden.

    An attribute of a class of one's own is of the kind of its nearest base, as long as it leaves to that what
    its values are. Where it has a ``serialize`` or ``deserialize`` of its own, nobody can tell what they
    are: then the class has a method ``field(**options)`` that makes its marshmallow field, or it is declared.

    :param hidden: attributes that are neither shown nor taken.
    :param read_only: attributes that are shown and not taken.
    :param declared: fields to use instead of those that follow from the attribute. What they take is checked
        to be what DynamoDB can store, too.
    :raises TypeError: for an attribute of a kind without a field of its own that is not declared, for
        names that the model does not have, for a declared field of what is derived, and for one that takes
        what is read-only.
    """
    attributes = model.get_attributes()
    declared = declared or {}
    unknown = sorted({*hidden, *read_only, *declared} - set(attributes))
    if unknown:
        raise TypeError(f"{model.__name__} has no attribute {', '.join(unknown)}")
    key_bytes = key_limits(model)
    made: dict[str, Any] = {}
    for name, attribute in attributes.items():
        if isinstance(attribute, _NEVER_SHOWN) and name in declared:
            raise TypeError(f"{model.__name__}.{name} is never shown; it cannot have a field")
        if name in hidden or isinstance(attribute, _NEVER_SHOWN):
            continue
        if name in read_only and name in declared and not declared[name].dump_only:
            raise TypeError(f"{model.__name__}.{name} is read-only; declare its field with dump_only=True")
        most = key_bytes.get(attribute.attr_name)
        if name in declared:
            made[name] = _guarded(declared[name], attribute, most)
        else:
            options = _options(attribute)
            if name in read_only:
                options = {"dump_only": True, "allow_none": options["allow_none"]}
            made[name] = _field(f"{model.__name__}.{name}", attribute, options, MOST_LEVELS, most)
    return type(f"{model.__name__}Schema", (ResourceSchema,), made)


def _map_schema(path: str, container: type[AttributeContainer], levels: int) -> type[ResourceSchema]:
    """Return the schema of a map class; `levels` are those left for its members."""
    made = {
        name: _field(f"{path}.{name}", attribute, _options(attribute), levels, None)
        for name, attribute in container.get_attributes().items()
        if not isinstance(attribute, _NEVER_SHOWN)
    }
    return type(f"{container.__name__}Schema", (ResourceSchema,), made)


def _options(attribute: Attribute[Any]) -> Options:
    has_default = attribute.default is not None or attribute.default_for_new is not None
    return {"required": not attribute.null and not has_default, "allow_none": bool(attribute.null)}


def _field(
    path: str, attribute: Attribute[Any], options: Options, levels: int, key_bytes: int | None
) -> fields.Field[Any]:
    own = getattr(type(attribute), "field", None)
    if callable(own) and not isinstance(own, Attribute):
        return own(attribute, **options)  # type: ignore[no-any-return]
    kind = attribute_kind(path, type(attribute))
    if kind is VersionAttribute:
        return fields.Integer(dump_only=True)
    if kind is NullAttribute:
        return ours.Null(**{**options, "required": False})
    if kind is JSONAttribute:
        return ours.Free(levels=levels, **options)
    if kind in _KEYS:
        return _KEYS[kind](key_bytes=key_bytes, **options)
    if kind in _SETS:
        return ours.Members(_SETS[kind](), **options)
    if kind in _PLAIN:
        return _PLAIN[kind](**options)
    if isinstance(attribute, ListAttribute):
        return _list(path, attribute, options, levels)
    return _map(path, type(attribute), options, levels)


def attribute_kind(path: str, given: type) -> type:
    """Return the nearest base of an attribute's class that has a field.

    :raises TypeError: if there is none, or the class changes what its values are.
    """
    for one in given.__mro__:
        if one in _KINDS:
            return one
        if any(name in vars(one) for name in _VALUE_METHODS):
            break
    raise TypeError(
        f"{path} is a {given.__name__}, for which there is no field;"
        " declare one, or give the class a method field(**options)"
    )


def _list(path: str, attribute: ListAttribute[Any], options: Options, levels: int) -> fields.Field[Any]:
    element = attribute.element_type
    if element is None:
        return ours.FreeList(levels=levels, **options)
    if issubclass(element, (*_NEVER_SHOWN, VersionAttribute)):
        raise TypeError(f"{path} is a list of {element.__name__}, for which there is no field; declare one")
    is_binary = issubclass(element, BinaryAttribute | BinarySetAttribute)
    made = element(legacy_encoding=False) if is_binary else element()  # type: ignore[call-arg]
    return ours.Items(_field(f"{path}[]", made, {"allow_none": False}, levels - 1, None), **options)


def _map(path: str, container: type, options: Options, levels: int) -> fields.Field[Any]:
    if container in (MapAttribute, DynamicMapAttribute):
        return ours.FreeMap(levels=levels, **options)
    rest = ours.FreeMap(levels=levels) if issubclass(container, DynamicMapAttribute) else None
    return ours.Map(_map_schema(path, container, levels - 1), container, rest, **options)


def _guarded(field: fields.Field[Any], attribute: Attribute[Any], key_bytes: int | None) -> fields.Field[Any]:
    """Return a copy of a declared field that takes only what DynamoDB can store."""
    is_set = isinstance(attribute, tuple(_SETS))

    def storable(value: Any) -> None:
        check(value)
        if is_set and not value:
            raise ValidationError("May not be empty.")
        fault = key_fault(value, key_bytes) if key_bytes and isinstance(value, str | bytes) else None
        if fault:
            raise ValidationError(fault)

    guarded = copy.copy(field)
    checks: list[Any] = [*field.validators, storable]
    if isinstance(field, fields.Integer):
        guarded.pre_load = [_whole, *field.pre_load]
        checks.append(_EXACT)
    guarded.validators = checks
    if is_set:
        guarded.post_load = [*field.post_load, set]
    return guarded


def _whole(value: Any) -> Any:
    # To JSON Schema 5.0 is an integer (draft 2020-12 section 4.2.2); to a strict `Integer` it is none.
    return int(value) if isinstance(value, float) and value.is_integer() else value
