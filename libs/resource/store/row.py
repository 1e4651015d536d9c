"""A row: a stored item whose attributes become Python values when they are asked for."""

from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

from libs.dynamodb import Item
from libs.resource.query.operators import as_stored
from libs.resource.schema.defaults import default_of


class Codec:
    """Between the Python values of a model's attributes and DynamoDB's.

    Attributes go by their names in Python here; an item has them by the names they are stored under.
    """

    def __init__(self, model: type[Model]) -> None:
        self.model = model
        self.attributes: Mapping[str, Attribute[Any]] = dict(model.get_attributes())
        self.python_names = {one.attr_name: name for name, one in self.attributes.items()}
        self._stored_names = {name: str(one.attr_name) for name, one in self.attributes.items()}
        self._defaults = {name: _as_read(default_of(one)) for name, one in self.attributes.items()}

    def stored_name(self, name: str) -> str:
        """Return the name the attribute is stored under."""
        return self._stored_names[name]

    def default(self, name: str) -> Any:
        """Return the attribute's value in a row that lacks it; see `default_of`."""
        return self._defaults[name]

    def completed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values of attributes as they are when they are read: with a default for None."""
        return {name: self._defaults[name] if one is None else one for name, one in values.items()}

    def raw(self, name: str, value: Any) -> dict[str, Any]:
        """Return a value of the attribute as DynamoDB takes it."""
        attribute = self.attributes[name]
        return {attribute.attr_type: attribute.serialize(value)}

    def operand(self, name: str, value: Any) -> dict[str, Any] | None:
        """Return what the attribute, or a member of it where it is a list or a set, is to be compared with.

        :return: None where DynamoDB has nothing that is equal, like 1.5 for an attribute of whole numbers.
        """
        attribute = _compared(self.attributes[name], value)
        raw = attribute.serialize(value)
        return {attribute.attr_type: raw} if attribute.deserialize(raw) == value else None

    def value(self, name: str, item: Item) -> Any:
        """Return the attribute's value in `item`; where it is null or missing its `default`."""
        raw = item.get(self._stored_names[name])
        if raw is None or "NULL" in raw:
            return self._defaults[name]
        attribute = self.attributes[name]
        return _as_read(attribute.deserialize(attribute.get_value(dict(raw))))

    def item(self, instance: Model) -> dict[str, Any]:
        """Return a model object as an item.

        :raises TypeError: if an attribute that may not be null is.
        :raises ValueError: if one is of the wrong type.
        """
        made: dict[str, Any] = {}
        for name, attribute in self.attributes.items():
            value = getattr(instance, name)
            if value is None:
                if not attribute.null:
                    raise TypeError(f"{name} may not be null")
                continue
            nested = isinstance(attribute, (ListAttribute, MapAttribute))
            raw = attribute.serialize(value, null_check=True) if nested else attribute.serialize(value)  # type: ignore[call-arg]
            if raw is not None:
                made[attribute.attr_name] = {attribute.attr_type: raw}
        return made


def _as_read(value: Any) -> Any:
    return as_stored(value) if isinstance(value, float) else value


def _compared(attribute: Attribute[Any], value: Any) -> Attribute[Any]:
    if isinstance(attribute, ListAttribute) and attribute.element_type is not None:
        return attribute.element_type()
    if attribute.attr_type not in ("L", "SS", "NS"):
        return attribute
    kind = (
        BooleanAttribute if isinstance(value, bool) else UnicodeAttribute if isinstance(value, str) else None
    )
    return (kind or NumberAttribute)()


class Row:
    """A stored item. ``row("title")`` is the value of one attribute, see `Codec.value`."""

    __slots__ = ("_codec", "_model", "_values", "item")

    def __init__(self, codec: Codec, item: Item) -> None:
        self.item = item
        self._codec = codec
        self._values: dict[str, Any] = {}
        self._model: Model | None = None

    @classmethod
    def of(cls, codec: Codec, instance: Model) -> "Row":
        """Return the row that an object of the model would be stored as."""
        row = cls(codec, codec.item(instance))
        row._model = instance
        return row

    def __call__(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._codec.value(name, self.item)
        return self._values[name]

    def model(self) -> Model:
        """Return it as an object of the model, made once."""
        if self._model is None:
            self._model = self._codec.model.from_raw_data(dict(self.item))
        return self._model
