"""What a schema makes of a JSON value in Python: `python` reads it, `json` writes it, `sent` copies it.

Nothing is converted before it is asked for, so an object made of a body costs what making one object costs.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from libs.api.objects.scalars import SCALARS, exact_number, scalar_text
from libs.api.objects.views import ApiList, ApiMap, InvalidObject, View, copied
from libs.api.schema import Schema
from libs.errors import Fault

if TYPE_CHECKING:
    from libs.api.objects.object import ApiObject

Seen = set[int]


class Kind:
    """Values that Python has as JSON has them: texts, numbers, free-form objects.

    :param name: what messages call it, such as ``Profile.tags``.
    :param node: its schema.
    :param document: what the ``$ref`` of the schema look into.
    """

    json_type: str | None = None
    """The one JSON type of its values; None if it may be any."""

    def __init__(self, name: str, node: Any = True, document: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.node = node
        self._document = document or {}

    @cached_property
    def schema(self) -> Schema:
        """Its schema, compiled when first needed."""
        return Schema(self.node, self._document)

    def is_plain(self, seen: Seen | None = None) -> bool:
        """Return whether `python` gives its values as they are; `seen` holds those asked already."""
        return True

    def child(self, step: str | int) -> "Kind":
        """Return the kind inside of it: of items (``[]``), values (``{}``), or a branch (its index)."""
        raise KeyError(step)

    def python(self, raw: Any) -> Any:
        """Return the Python value of valid JSON; what is inside is not copied."""
        if isinstance(raw, tuple):  # of a default, see views.frozen
            return ApiList(raw, self)
        return ApiMap(raw, self) if isinstance(raw, MappingProxyType) else raw

    def wrapped(self, raw: Any) -> Any:
        """Return what `ApiModels.wrap` makes of valid JSON: a new list or dict, but objects of a class."""
        return self.python(raw)

    def json(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the JSON of a Python value, copied; what has none is added to `faults`."""
        if isinstance(value, View):
            return copied(value._data)
        if isinstance(value, Mapping):
            return {
                _name(name, pointer, faults): self.json(one, below(pointer, name), faults)
                for name, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.json(one, f"{pointer}/{at}", faults) for at, one in enumerate(value)]
        if value is None or isinstance(value, str | int | float):
            return value
        return _written(scalar_text, value, pointer, faults)

    def sent(self, raw: Any) -> Any:
        """Return a copy of valid JSON as `ApiObject.to_json` has it."""
        return copied(raw)

    def checked(self, value: Any) -> Any:
        """Return the JSON of a Python value.

        :raises InvalidObject: if the schema does not allow it.
        """
        faults: list[Fault] = []
        raw = self.json(value, "", faults)
        faults = faults or self.schema.faults(raw)
        if faults:
            raise InvalidObject(self.name, faults)
        return raw


class NumberKind(Kind):
    """Numbers; takes a Decimal that a number of JSON holds exactly."""

    json_type = "number"

    def json(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the JSON of a Python value."""
        if isinstance(value, Decimal):
            return _written(exact_number, value, pointer, faults)
        return super().json(value, pointer, faults)


class ScalarKind(Kind):
    """Texts that stand for another Python value, such as a time."""

    json_type = "string"

    def __init__(self, name: str, node: Any, document: Mapping[str, Any], form: str) -> None:
        super().__init__(name, node, document)
        self.format = form
        self._scalar = SCALARS[form]

    def is_plain(self, seen: Seen | None = None) -> bool:
        """Return False."""
        return False

    def python(self, raw: Any) -> Any:
        """Return the value of a text.

        :raises ValueError: if Python has no such value.
        """
        if not isinstance(raw, str):
            return raw
        try:
            return self._scalar.read(raw)
        except ValueError:
            raise ValueError(f"{self.name}: Python has no value for its text") from None

    def json(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the JSON of a Python value."""
        if isinstance(value, self._scalar.types) and not isinstance(value, bool):
            return _written(self._scalar.write, value, pointer, faults)
        return super().json(value, pointer, faults)


class ListKind(Kind):
    """Arrays.

    :param item: gives the kind of its items when first needed.
    """

    json_type = "array"

    def __init__(self, name: str, node: Any, document: Mapping[str, Any], item: Callable[[], Kind]) -> None:
        super().__init__(name, node, document)
        self._item = item

    @cached_property
    def item(self) -> Kind:
        """The kind of the items."""
        return self._item()

    def child(self, step: str | int) -> Kind:
        """Return the kind of the items."""
        return self.item if step == "[]" else super().child(step)

    def is_plain(self, seen: Seen | None = None) -> bool:
        """Return whether the items are."""
        return all_plain(self, lambda: [self.item], seen)

    @cached_property
    def _plain(self) -> bool:
        return self.is_plain()

    def python(self, raw: Any) -> Any:
        """Return a view that makes its items as they are asked for; the list itself if they are plain."""
        if self._plain or not isinstance(raw, list | tuple):
            return super().python(raw)
        return ApiList(raw, self.item)

    def wrapped(self, raw: Any) -> Any:
        """Return a list of what its items are."""
        if self._plain or not isinstance(raw, list):
            return raw
        return [self.item.wrapped(one) for one in raw]

    def json(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the JSON of a Python value."""
        if isinstance(value, list | tuple):
            return [self.item.json(one, f"{pointer}/{at}", faults) for at, one in enumerate(value)]
        return super().json(value, pointer, faults)

    def sent(self, raw: Any) -> Any:
        """Return a copy of valid JSON."""
        if self._plain or not isinstance(raw, list | tuple):
            return copied(raw)
        return [self.item.sent(one) for one in raw]


class MapKind(Kind):
    """Objects whose every property has the same schema.

    :param value: gives the kind of the values when first needed.
    """

    json_type = "object"

    def __init__(self, name: str, node: Any, document: Mapping[str, Any], value: Callable[[], Kind]) -> None:
        super().__init__(name, node, document)
        self._value = value

    @cached_property
    def value(self) -> Kind:
        """The kind of the values."""
        return self._value()

    def child(self, step: str | int) -> Kind:
        """Return the kind of the values."""
        return self.value if step == "{}" else super().child(step)

    def is_plain(self, seen: Seen | None = None) -> bool:
        """Return whether the values are."""
        return all_plain(self, lambda: [self.value], seen)

    @cached_property
    def _plain(self) -> bool:
        return self.is_plain()

    def python(self, raw: Any) -> Any:
        """Return a view that makes its values as they are asked for; the dict itself if they are plain."""
        if self._plain or not isinstance(raw, Mapping):
            return super().python(raw)
        return ApiMap(raw, self.value)

    def wrapped(self, raw: Any) -> Any:
        """Return a dict of what its values are."""
        if self._plain or not isinstance(raw, dict):
            return raw
        return {name: self.value.wrapped(one) for name, one in raw.items()}

    def json(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the JSON of a Python value."""
        if isinstance(value, Mapping) and not isinstance(value, View):
            return {
                _name(name, pointer, faults): self.value.json(one, below(pointer, name), faults)
                for name, one in value.items()
            }
        return super().json(value, pointer, faults)

    def sent(self, raw: Any) -> Any:
        """Return a copy of valid JSON."""
        if self._plain or not isinstance(raw, Mapping):
            return copied(raw)
        return {name: self.value.sent(one) for name, one in raw.items()}


class ObjectKind(Kind):
    """Objects of a class.

    :param made: gives the class when first needed.
    :param named: whether it is that of a component schema.
    """

    json_type = "object"

    def __init__(
        self,
        name: str,
        node: Any,
        document: Mapping[str, Any],
        made: Callable[[], "type[ApiObject]"],
        named: bool = True,
    ) -> None:
        super().__init__(name, node, document)
        self._made = made
        self.named = named

    @cached_property
    def made(self) -> "type[ApiObject]":
        """The class."""
        return self._made()

    def is_plain(self, seen: Seen | None = None) -> bool:
        """Return False."""
        return False

    def python(self, raw: Any) -> Any:
        """Return an object whose data `raw` is, no copy of it."""
        return self.made._of(raw) if isinstance(raw, dict | MappingProxyType) else raw

    def wrapped(self, raw: Any) -> Any:
        """Return an object, or a dict of its properties' values if its schema has no name."""
        if self.named or not isinstance(raw, dict):
            return self.python(raw)
        shape = self.made._shape
        return {name: shape.kind(name).wrapped(one) for name, one in raw.items()}

    def json(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the JSON of a Python value."""
        if isinstance(value, Mapping) and not isinstance(value, View):
            return self.made._shape.json(value, pointer, faults)
        return super().json(value, pointer, faults)

    def sent(self, raw: Any) -> Any:
        """Return what the object's to_json gives."""
        return self.made._of(raw).to_json() if isinstance(raw, dict | MappingProxyType) else copied(raw)


def json_type(raw: Any) -> str:
    """Return the JSON type of a value, as a schema's `type` has it, except that an integer is a number."""
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "boolean"
    if isinstance(raw, int | float):
        return "number"
    if isinstance(raw, str):
        return "string"
    return "object" if isinstance(raw, Mapping) else "array"


def below(pointer: str, name: object) -> str:
    """Return the JSON pointer of a property of the object at `pointer` (RFC 6901)."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def all_plain(outer: Kind, inner: Callable[[], Sequence[Kind]], seen: Seen | None) -> bool:
    """Return whether the kinds inside of one are plain; `seen` holds those asked already."""
    seen = set() if seen is None else seen
    if id(outer) in seen:  # it is being looked at already, or was found to be plain
        return True
    seen.add(id(outer))
    return all(one.is_plain(seen) for one in inner())


def _name(name: Any, pointer: str, faults: list[Fault]) -> str:
    if isinstance(name, str):
        return name
    faults.append(Fault("has a name that is no text", pointer=pointer))
    return ""


def _written(write: Callable[[Any], Any], value: Any, pointer: str, faults: list[Fault]) -> Any:
    try:
        text = write(value)
    except ValueError as error:
        faults.append(Fault(str(error), pointer=pointer))
        return None
    if text is None:
        faults.append(Fault(f"has no JSON form ({type(value).__name__})", pointer=pointer))
    return text
