"""What is shown of a row: some of its fields, and keys that are computed from it.

::

    class TodoSerializer(Serializer):
        exclude = ("notes",)

        def overdue(self, item: Todo) -> bool:
            return item.due is not None and item.due < datetime.now(UTC)

Each public method is a key, shown unless it is excluded; one that is named like a field replaces it. Its
return annotation becomes the key's JSON schema: bool, int, float, str, datetime, date, Decimal, lists, dicts
with text keys, Literals, and unions of them; anything else may be anything. Times are written in UTC, as
fields of the model are; a Decimal is a text, for JSON's numbers would not keep it.
"""

import types
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from marshmallow import Schema

from libs.resource.schema.json_schema import JSON
from libs.resource.schema.selection import Selection, check_takes, public_methods, selected

_SCHEMAS: Mapping[Any, JSON] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    Decimal: {"type": "string", "format": "decimal"},
    type(None): {"type": "null"},
    list: {"type": "array"},
    dict: {"type": "object"},
}


class Serializer(Selection):
    """Chooses from the fields that can be read; has no public attributes but options and computed keys."""


@dataclass(frozen=True)
class CompiledSerializer:
    """A serializer that was checked against the fields there are.

    :param names: the fields shown, by their names in Python.
    :param computed: the method of each computed key.
    """

    names: tuple[str, ...]
    computed: Mapping[str, Callable[[Any], Any]]

    @property
    def needs_item(self) -> bool:
        """Whether it takes the row as a model object to show it."""
        return bool(self.computed)

    def extend(self, shown: JSON, item: Any) -> JSON:
        """Add the computed keys of `item` to what is shown of it, and return that.

        :raises TypeError: for a time without a time zone.
        """
        for name, method in self.computed.items():
            shown[name] = _plain(method(item))
        return shown

    def json_schemas(self) -> dict[str, JSON]:
        """Return the JSON schema of each computed key; a method's docstring is its description."""
        return {name: _described(method) for name, method in self.computed.items()}


def compile_serializer(
    serializer: Serializer | type[Serializer], schema: Schema, readable: Collection[str] | None = None
) -> CompiledSerializer:
    """Return a serializer made ready for the fields of a schema.

    :param readable: the fields it shows by default; None for all that can be shown.
    :raises TypeError: for names the schema cannot show, misspelt options, and methods that cannot be called.
    """
    made = serializer() if isinstance(serializer, type) else serializer
    methods = public_methods(made, Serializer)
    for method in methods.values():
        check_takes(method, "item")
    fields = [name for name, field in schema.fields.items() if not field.load_only]
    default = [name for name in fields if readable is None or name in readable]
    names = selected(made, (*default, *methods), dict.fromkeys((*fields, *methods)))
    shown = tuple(name for name in names if name not in methods)
    computed = {name: method for name, method in methods.items() if name not in made.exclude}
    for name in shown:
        if schema.fields[name].data_key in computed:
            key = schema.fields[name].data_key
            raise TypeError(f"{type(made).__name__}.{key} has the key the field {name!r} is shown under")
    return CompiledSerializer(shown, computed)


def json_schema(hint: Any) -> JSON:
    """Return the JSON schema of what an annotation says; ``{}`` for what has none."""
    if hint is None:
        hint = type(None)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is list and arguments:
        return {"type": "array", "items": json_schema(arguments[0])}
    if origin is dict and arguments and arguments[0] is str:
        return {"type": "object", "additionalProperties": json_schema(arguments[1])}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return _union([json_schema(one) for one in arguments])
    return dict(_SCHEMAS.get(hint, {})) if isinstance(hint, type) and origin is None else {}


def _union(members: list[JSON]) -> JSON:
    null = _SCHEMAS[type(None)]
    others = [one for one in members if one != null]
    if not all(members):
        return {}
    if len(others) == 1 and null in members and "type" in others[0]:
        return {**others[0], "type": [others[0]["type"], "null"]}
    return {"anyOf": members}


def _described(method: Callable[..., Any]) -> JSON:
    hint = getattr(method, "__annotations__", {}).get("return", Any)
    if isinstance(hint, str):
        # Only this one is resolved: others may name what is imported for type checkers alone.
        names = getattr(getattr(method, "__func__", method), "__globals__", {})
        try:
            hint = typing.get_type_hints(SimpleNamespace(__annotations__={"return": hint}), names)["return"]
        except NameError:
            hint = Any
    made = json_schema(hint)
    text = " ".join((method.__doc__ or "").split("\n\n")[0].split())
    return {**made, "description": text} if text else made


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise TypeError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value
