"""From a stored item to its representation, without a model object in between.

What is made equals ``schema.dump(model.from_raw_data(item))``, but that what is missing, in a map as well,
has the default of `libs.resource.schema.defaults`: none where that is a function. For every field there is
a function of its own, put together once: those of the common kinds read the text DynamoDB sends; of any
other the one attribute is deserialized and shown by its field.
"""

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from marshmallow import Schema, fields
from marshmallow.decorators import POST_DUMP, PRE_DUMP
from pynamodb.attributes import (
    Attribute,
    AttributeContainer,
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.models import Model

from libs.dynamodb import Item
from libs.resource.schema import fields as ours
from libs.resource.schema.defaults import default_of, with_defaults
from libs.resource.storable import json_number

JSON = dict[str, Any]
Raw = Mapping[str, Any]
"""An attribute value of DynamoDB's: ``{"S": "text"}``."""
Show = Callable[[Raw], Any]
"""From an attribute value that is not null to JSON."""


class Representation:
    """What clients see of the rows of `model`.

    Where a field looks at more of a row than its attribute (marshmallow's `Method` and `Function`), where the
    schema has hooks, and where the model has a discriminator, the model object is made after all, and it
    costs what marshmallow costs.

    :param schema: of the shown attributes; names are those of the model.
    """

    def __init__(self, model: type[Model], schema: Schema) -> None:
        self._model = model
        self._schema = schema
        self._steps = _steps(model, schema)

    def dump(self, item: Item) -> JSON:
        """Return the representation of a raw item, whose attributes go by the names they are stored under.

        :raises ValueError: if an attribute holds what it cannot hold.
        """
        if self._steps is None:
            instance = self._model.from_raw_data(dict(item))
            return dict(self._schema.dump(with_defaults(instance, {"M": item})))
        return _walk(self._steps, item)

    def only(self, names: Collection[str]) -> "Representation":
        """Return the representation with these fields only; they go by the names the model has for them.

        :raises ValueError: for a field that is not shown.
        """
        if unknown := sorted(set(names) - set(self._schema.dump_fields)):
            raise ValueError(f"{', '.join(unknown)} is not shown of {self._model.__name__}")
        made = copy.copy(self)
        if self._steps is None:
            made._schema = type(self._schema)(only=tuple(names))
        else:
            made._steps = [step for step in self._steps if step.name in names]
        return made


class _Step(NamedTuple):
    name: str
    key: str
    stored: str
    show: Show
    missing: Callable[[], Any]


def _walk(steps: Sequence[_Step], item: Item) -> JSON:
    made = {}
    for _, key, stored, show, missing in steps:
        raw = item.get(stored)
        made[key] = missing() if not raw or "NULL" in raw else show(raw)
    return made


def _steps(container: type[AttributeContainer], schema: Schema) -> list[_Step] | None:
    """Return how JSON is made of the raw members of a model or a map class; None if it takes an object."""
    if not _is_plain(container, schema):
        return None
    attributes = container.get_attributes()
    steps = []
    for name, field in schema.dump_fields.items():
        attribute = attributes[field.attribute or name]
        key = field.data_key if field.data_key is not None else name
        missing = _missing(container, name, field)
        steps.append(_Step(name, key, attribute.attr_name, _show(attribute, field), missing))
    return steps


def _is_plain(container: type[AttributeContainer], schema: Schema) -> bool:
    attributes = container.get_attributes()
    return (
        container._discriminator is None  # type: ignore[attr-defined]
        and not schema._hooks[PRE_DUMP]
        and not schema._hooks[POST_DUMP]
        and type(schema).get_attribute is Schema.get_attribute
        and all(
            (field.attribute or name) in attributes
            and field._CHECK_ATTRIBUTE
            and type(field).serialize is fields.Field.serialize
            and type(field).get_value is fields.Field.get_value
            for name, field in schema.dump_fields.items()
        )
    )


def _missing(container: type[AttributeContainer], name: str, field: fields.Field[Any]) -> Callable[[], Any]:
    """Return what makes the JSON of an attribute that is not there: of its default, if it has one."""
    source = field.attribute or name
    attribute = container.get_attributes()[source]
    if default_of(attribute) is None:
        nothing = field.serialize(name, {source: None})
        return lambda: nothing
    return lambda: field.serialize(name, {source: default_of(attribute)})


def _show(attribute: Attribute[Any], field: fields.Field[Any]) -> Show:
    slow = _slow(attribute, field)
    fast = _list(attribute, field) or _quick(type(attribute), field)
    if type(attribute) is UnicodeSetAttribute and type(field) is ours.Members:
        fast = _texts if type(field.inner) is ours.Text else None
    if fast is None:
        return slow

    def show(raw: Raw) -> Any:
        try:
            return fast(raw)
        except (LookupError, TypeError, ValueError):
            return slow(raw)  # and be told by PynamoDB what is wrong with it

    return show


def _slow(attribute: Attribute[Any], field: fields.Field[Any]) -> Show:
    name = field.attribute or field.name or ""

    def show(raw: Raw) -> Any:
        value = with_defaults(attribute.deserialize(attribute.get_value(dict(raw))), raw)
        return field._serialize(value, name, {name: value})  # what `serialize` comes to for a plain field

    return show


def _quick(attribute: type, field: Any) -> Show | None:
    """Return what shows an attribute of a class by itself, if it is of a common kind."""
    if getattr(field, "as_string", False) or getattr(field, "format", None) not in (None, "iso"):
        return None
    return _map(attribute, field) or _FAST.get((attribute, type(field)))


def _map(container: type, field: Any) -> Show | None:
    """Return what shows a map of a class without other members than its attributes; None for any other."""
    if type(field) is not ours.Map or field.rest is not None or field.container is not container:
        return None
    steps = _steps(container, field.schema)
    return None if steps is None else lambda raw: _walk(steps, raw["M"])


def _list(attribute: Attribute[Any], field: Any) -> Show | None:
    """Return what shows a list of items of a common kind; None for any other list."""
    if type(attribute) is not ListAttribute or type(field) not in (ours.Items, fields.List):
        return None
    show = attribute.element_type and _quick(attribute.element_type, field.inner)
    if show is None:
        return None
    return lambda raw: [None if "NULL" in one else show(one) for one in raw["L"]]


def _text(raw: Raw) -> Any:
    return raw["S"]


def _boolean(raw: Raw) -> Any:
    return bool(raw["BOOL"])


def _number(raw: Raw) -> Any:
    text = raw["N"]
    try:
        number: float = int(text)
    except ValueError:
        number = float(text)
    return json_number(number)


def _integer(raw: Raw) -> Any:
    return json_number(int(raw["N"]))


def _time(raw: Raw) -> Any:
    # 2026-01-31T23:59:59.000000+0000, as PynamoDB writes it; ValueError for anything else.
    text = raw["S"]
    if len(text) != 31 or text[19] != "." or text[26:] != "+0000":
        raise ValueError(text)
    return f"{text[:19]}Z" if text[20:26] == "000000" else f"{text[:26]}Z"


def _texts(raw: Raw) -> Any:
    return sorted(raw["SS"])


_FAST: Mapping[tuple[type, type], Show] = {
    (UnicodeAttribute, ours.Text): _text,
    (UnicodeAttribute, fields.String): _text,
    (BooleanAttribute, ours.Boolean): _boolean,
    (BooleanAttribute, fields.Boolean): _boolean,
    (NumberAttribute, ours.Number): _number,
    (NumberAttribute, fields.Integer): _integer,
    (VersionAttribute, fields.Integer): _integer,
    (UTCDateTimeAttribute, ours.Timestamp): _time,
}
"""By the very classes of attribute and field: what a subclass does is its own."""
