"""An object's JSON as an item of its table, and back.

Each property that the schema declares is an attribute of its name. The text of one that is stored as
another value, and would not come back as it was, is beside it (``price$text``); all properties that the
schema does not declare are in the map ``$more``. Other attributes are none of ours: they are not read, and a
write leaves them as they are.
"""

from collections.abc import Mapping
from typing import Any

from pynamodb.expressions.update import Update

from libs.api.objects.kinds import ListKind, NumberKind, below
from libs.api.objects.shape import Shape
from libs.api.persistence.declaration import Declaration
from libs.api.persistence.fields import ItemPath
from libs.api.persistence.forms import Form, Raw, SetForm, TextForm, form_of, json_of, raw_of
from libs.api.schema import JSON
from libs.dynamodb import Item
from libs.dynamodb.limits import LARGEST_HASH_KEY, LARGEST_ITEM, LARGEST_RANGE_KEY, item_size
from libs.errors import BodyTooLarge, Fault, InvalidBody, NotFound

MORE = "$more"
TEXT = "$text"

_KEY_TYPES = frozenset({"S", "N", "B"})
_LONGEST_EXPRESSION = 4096
"""Bytes (AWS)."""


class Codec:
    """Between the JSON of the objects of one class and the items of its table.

    :raises TypeError: if a property cannot be what the declaration has it for.
    """

    def __init__(self, shape: Shape, declaration: Declaration) -> None:
        self._shape = shape
        self._declaration = declaration
        self.forms = {name: self._form(name) for name in shape.properties}
        """By property."""
        self._limits = dict(_key_limits(declaration))
        faults = [
            f"{name!r} cannot be a key: it is not of one type that is string, number, or integer"
            for name in self._limits
            if self.forms[name].type not in _KEY_TYPES
        ]
        if declaration.ttl and self.forms[declaration.ttl].type != "N":
            faults.append(
                f"ttl: {declaration.ttl!r} is neither a date-time nor a number of seconds since 1970"
            )
        taken = {MORE, *(name + TEXT for name, form in self.forms.items() if isinstance(form, TextForm))}
        faults += [
            f"{name!r} is a name that the storage uses itself" for name in sorted(taken & set(self.forms))
        ]
        if "" in self.forms:
            faults.append("a property without a name cannot be stored")
        written = [
            name for one in self.forms if one not in declaration.keys for name in self.stored_names(one)
        ]
        every = Update(*(ItemPath(name).set({"S": ""}) for name in (*written, MORE)))
        if len(every.serialize({}, {}) or "") > _LONGEST_EXPRESSION:
            faults.append(
                f"{len(written)} attributes are more than DynamoDB writes in one step (an expression of 4 KB,"
                " about 320): put some of the properties into an object"
            )
        if faults:
            raise TypeError("; ".join(faults))

    def _form(self, name: str) -> Form:
        kind, as_set = self._shape.kind(name), None
        if name in self._declaration.sets:
            as_set = "NS" if isinstance(kind, ListKind) and isinstance(kind.item, NumberKind) else "SS"
        return form_of(kind, ttl=name == self._declaration.ttl, as_set=as_set)

    def attributes(
        self, name: str, value: Any, faults: list[Fault], pointer: str = ""
    ) -> dict[str, Raw | None]:
        """Return what a declared property is stored as; None for an attribute that is not to be there."""
        form = self.forms[name]
        told = len(faults)
        raw = form.raw(value, pointer, faults)
        made: dict[str, Raw | None] = {name: raw}
        if isinstance(form, TextForm):
            same = raw is None or len(faults) > told or form.json(raw) == value
            made[name + TEXT] = None if same else {"S": value}
        if name in self._limits and len(faults) == told and (fault := self._key_fault(name, raw)):
            faults.append(Fault(fault, pointer=pointer))
        return made

    def stored_names(self, name: str) -> tuple[str, ...]:
        """Return the attributes that a declared property may be stored as."""
        return (name, name + TEXT) if isinstance(self.forms[name], TextForm) else (name,)

    def item(self, data: JSON) -> dict[str, Raw | None]:
        """Return the attributes of an object; None for those of ours that are not to be there.

        :raises InvalidBody: with everything that DynamoDB cannot hold.
        :raises BodyTooLarge: if it is more than an item holds.
        """
        faults: list[Fault] = []
        made: dict[str, Raw | None] = {}
        for name in self.forms:
            if name in data:
                made |= self.attributes(name, data[name], faults, pointer=below("", name))
            else:
                made |= dict.fromkeys(self.stored_names(name))
        more = {name: value for name, value in data.items() if name not in self.forms}
        made[MORE] = raw_of(more, "", faults) if more else None
        missing = [name for name in self._declaration.keys if name not in data]
        faults += [Fault("is required: it is a key", pointer=below("", name)) for name in missing]
        if faults:
            raise InvalidBody("It cannot be stored.", errors=faults)
        check_size(stored(made))
        return made

    def data(self, item: Item) -> JSON:
        """Return the JSON of an item, without the attributes that are none of ours."""
        data: JSON = {}
        for name, form in self.forms.items():
            raw = item.get(name)
            if raw is None:
                if isinstance(form, SetForm) and name in self._shape.required:
                    data[name] = []
                continue
            data[name] = form.json(raw)
            if isinstance(form, TextForm) and name + TEXT in item:
                text = item[name + TEXT].get("S")
                # Not where another program has changed the value, and not the text.
                if text is not None and form.json(form.read(text)) == data[name]:
                    data[name] = text
        more = item.get(MORE, {}).get("M", {})
        data.update({name: json_of(raw) for name, raw in more.items() if name not in self.forms})
        return data

    def key(self, values: tuple[Any, ...]) -> dict[str, Raw]:
        """Return the key that Python values make, the hash key's first.

        :raises NotFound: if no item can have it: it is empty, too long, or stands for nothing.
        :raises TypeError: if it is not of the type of a key, or has too many or too few parts.
        """
        names = self._declaration.keys
        if len(values) != len(names):
            raise TypeError(
                f"the key of {self._shape.name} is {', '.join(names)}: {len(values)} values were given"
            )
        return {name: self.key_value(name, value) for name, value in zip(names, values, strict=True)}

    def key_value(self, name: str, value: Any) -> Raw:
        """Return a Python value of a key, of the table or an index; see `key`."""
        faults: list[Fault] = []
        unstorable: list[Fault] = []
        json = self._shape.kind(name).json(value, "", faults)
        raw = None if faults else self.forms[name].raw(json, "", unstorable)
        if raw is None or (not unstorable and self.forms[name].type not in raw):
            raise TypeError(f"{self._shape.name}.{name} has no {type(value).__name__} for a key")
        if unstorable or self._key_fault(name, raw):
            raise NotFound
        return raw

    def _key_fault(self, name: str, raw: Raw | None) -> str | None:
        most, what = self._limits[name]
        type_ = self.forms[name].type
        if raw is None or type_ not in raw:
            return f"is null, which a key of {what} cannot be"
        value = raw[type_]
        size = 1 if type_ == "N" else len(value.encode() if type_ == "S" else value)
        if not size:
            return f"is empty, which a key of {what} cannot be"
        return f"is longer than {most} bytes, the most that a key of {what} has" if size > most else None


def stored(attributes: Mapping[str, Raw | None]) -> dict[str, Raw]:
    """Return the attributes that are there."""
    return {name: raw for name, raw in attributes.items() if raw is not None}


def check_size(item: Item) -> None:
    """:raises BodyTooLarge: if it is more than an item holds."""
    if item_size(item) > LARGEST_ITEM:
        raise BodyTooLarge("It is more than DynamoDB stores in one item (400 KB).")


def _key_limits(declaration: Declaration) -> list[tuple[str, tuple[int, str]]]:
    """Return the most bytes of each key, and of what it is one; the strictest last."""
    found = [
        (name, (most, f"the index {index}"))
        for index, one in declaration.indexes.items()
        for name, most in zip(one.keys, (LARGEST_HASH_KEY, LARGEST_RANGE_KEY), strict=False)
    ]
    found += [
        (name, (most, f"the table {declaration.table}"))
        for name, most in zip(declaration.keys, (LARGEST_HASH_KEY, LARGEST_RANGE_KEY), strict=False)
    ]
    return sorted(found, key=lambda one: -one[1][0])
