"""marshmallow fields for what PynamoDB's attributes hold.

They take JSON as it is, convert nothing on the way (``"5"`` is no number), and refuse what DynamoDB would.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields
from pynamodb.attributes import MapAttribute

from libs.dynamodb.limits import MOST_LEVELS
from libs.resource.storable import (
    check,
    json_number,
    json_value,
    key_fault,
    number_fault,
    text_fault,
)

BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
"""What base64 text looks like: RFC 4648 section 4, with padding."""

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
    re.IGNORECASE,
)
# PynamoDB gives the members of a plain map to a method by these names.
_NOT_FOR_MAPS = ("self", "_user_instantiated")


class Text(fields.String):
    """A text of valid Unicode.

    :param key_bytes: for the key of a table or an index: it may not be empty, nor longer than this.
    """

    def __init__(self, *, key_bytes: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.key_bytes = key_bytes

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        fault = text_fault(value) or (key_fault(value, self.key_bytes) if self.key_bytes else None)
        if fault:
            raise ValidationError(fault)
        return value


class Number(fields.Float):
    """A number; an integer stays one. See `json_number` for what is shown."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        if fault := number_fault(value):
            raise ValidationError(fault)
        return value

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        return None if value is None else json_number(value)


class Boolean(fields.Boolean):
    """true or false, and nothing that might mean it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Timestamp(fields.AwareDateTime):
    """RFC 3339 text in UTC, written with a Z; any offset is taken, and microseconds are the finest kept."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, str):
            if not _RFC3339.fullmatch(value):
                raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
            value = value.upper()  # Python knows the T and the Z as capitals only
        moment = super()._deserialize(value, attr, data, **kwargs)
        try:
            return moment.astimezone(UTC)
        except OverflowError:  # in UTC it is before the year 1 or after 9999
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | float | None:
        text = super()._serialize(value, attr, obj, **kwargs)
        return text.replace("+00:00", "Z") if isinstance(text, str) else text


class Expiry(Timestamp):
    """A time in whole seconds, as DynamoDB keeps a time to live; a fraction of a second is cut off."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        return super()._deserialize(value, attr, data, **kwargs).replace(microsecond=0)


class Binary(fields.Field[bytes]):
    """Bytes as base64 text; see `BASE64`.

    :param key_bytes: see `Text`.
    """

    default_error_messages = {"invalid": "Not valid base64."}

    def __init__(self, *, key_bytes: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.key_bytes = key_bytes

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        if not isinstance(value, str) or not re.fullmatch(BASE64, value):
            raise self.make_error("invalid")
        found = b64decode(value)
        fault = key_fault(found, self.key_bytes) if self.key_bytes else None
        if fault:
            raise ValidationError(fault)
        return found

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else b64encode(value).decode()


class Null(fields.Field[None]):
    """null, and nothing else."""

    default_error_messages = {"invalid": "May only be null."}

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "allow_none": True})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> None:
        raise self.make_error("invalid")

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> None:
        return None


class Free(fields.Field[Any]):
    """Any JSON.

    :param levels: how many lists and objects there may be within each other.
    """

    kinds: tuple[type, ...] = (dict, list, str, int, float, bool)

    def __init__(self, *, levels: int = MOST_LEVELS, **options: Any) -> None:
        super().__init__(**options)
        self.levels = levels

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, self.kinds):
            raise self.make_error("invalid")
        check(value, self.levels, json_only=True)
        return value

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return json_value(value)

    default_error_messages = {"invalid": "Not valid JSON."}


class FreeList(Free):
    """A JSON array of anything."""

    kinds = (list,)
    default_error_messages = {"invalid": "Not a valid list."}


class FreeMap(Free):
    """A JSON object of anything."""

    kinds = (dict,)
    default_error_messages = {"invalid": "Not a valid object."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        if refused := [name for name in _NOT_FOR_MAPS if name in found]:
            raise ValidationError({name: ["Not a name for a member here."] for name in refused})
        return found


class Items(fields.List[Any]):
    """A JSON array with items of one kind."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class Members(Items):
    """A set, as a JSON array in order. Duplicates are taken once.

    DynamoDB has no empty set: an empty array means null, and is a fault where null is one.
    """

    default_error_messages = {"empty": "May not be empty."}

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        if value == [] and isinstance(value, list):
            if not self.allow_none:
                raise self.make_error("empty")
            value = None
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        # By what is stored: 10**23 and 1e23 are two numbers to Python, and a duplicate to DynamoDB.
        members = super()._deserialize(value, attr, data, **kwargs)
        return set({_stored(one): one for one in members}.values())

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else super()._serialize(sorted(value), attr, obj, **kwargs)


def _stored(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, int | float) else value


class Map(fields.Nested):
    """An object of a `MapAttribute` class, as a JSON object of its attributes.

    What is sent is the whole of it, in a change of a row, too: what it requires is required, and what is not
    sent gets its default.

    :param schema: of its attributes.
    :param container: the class.
    :param rest: what takes the members that are no attributes, of a class that has such; None refuses them.
    """

    default_error_messages = {"invalid": "Not a valid object."}

    def __init__(
        self,
        schema: type[Schema],
        container: Callable[[], MapAttribute[str, Any]],
        rest: FreeMap | None = None,
        **options: Any,
    ) -> None:
        super().__init__(schema, **options)
        self.container = container
        self.rest = rest

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any
    ) -> Any:
        if not isinstance(value, Mapping):
            raise self.make_error("invalid")
        known, others = dict(value), dict[str, Any]()
        if self.rest is not None:
            reserved = self._reserved()
            others = {name: known.pop(name) for name in value if name not in reserved}
        messages: dict[str | int, Any] = {}
        loaded: dict[str, Any] = {}
        try:
            loaded = dict(self.schema.load(known, partial=False))
        except ValidationError as error:
            messages.update(error.messages_dict)
        try:
            if self.rest is not None:
                check(others, self.rest.levels, json_only=True)
        except ValidationError as error:
            messages.update(error.messages_dict)
        if messages:
            raise ValidationError(messages)
        made = self.container()
        for name, one in {**loaded, **others}.items():
            made[name] = one
        return made

    def _serialize(  # type: ignore[override]  # marshmallow's Nested gives it another name than its Field
        self, nested_obj: Any, attr: str | None, obj: Any, **kwargs: Any
    ) -> Any:
        if nested_obj is None:
            return None
        shown = dict(self.schema.dump(nested_obj))
        if self.rest is not None:
            names = (name for name in nested_obj if name not in self._reserved())
            shown |= {name: json_value(nested_obj[name]) for name in names}
        return shown

    def _reserved(self) -> Collection[str]:
        """Return the names of attributes, and those they are stored under: no other member can have them."""
        attributes = self.container.get_attributes()  # type: ignore[attr-defined]
        return {*attributes, *(one.attr_name for one in attributes.values())}
