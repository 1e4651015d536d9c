"""Lists and maps of typed values: views on the JSON they are part of."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from libs.api.schema import JSON
from libs.errors import Fault

if TYPE_CHECKING:
    from libs.api.objects.kinds import Kind

T = TypeVar("T")


class InvalidObject(ValueError):
    """An object, or a change of it, that breaks its schema; the text names every fault and no value.

    :ivar faults: what is wrong, with JSON pointers.
    """

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{name}: {'; '.join(f'{one.pointer} {one.detail}'.strip() for one in self.faults)}")
        self.name = name

    def __reduce__(self) -> tuple[Any, ...]:
        return InvalidObject, (self.name, self.faults)


class View:
    """What shows JSON data as Python values, without a copy: a change is a change of the data."""

    __slots__ = ("_data",)
    _data: Any
    __json__: Callable[[], Any]
    """Return the JSON of it; `dump_json` asks for it."""
    __hash__ = None  # type: ignore[assignment]  # what can change has no hash


class ApiList(View, MutableSequence[T], Generic[T]):
    """A list of objects, times, or what else its schema makes of its items; each is checked as it is put in.

    It equals a list that holds the same. Items are made when they are asked for.
    """

    __slots__ = ("_kind",)

    def __init__(self, data: Any, kind: "Kind") -> None:
        self._data = data
        self._kind = kind

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> list[T]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self._kind.python(raw) for raw in self._data[at]]
        return self._kind.python(self._data[at])

    def __setitem__(self, at: Any, value: Any) -> None:
        if isinstance(at, slice):
            _changeable(self._data)[at] = [self._kind.checked(one) for one in value]
        else:
            _changeable(self._data)[at] = self._kind.checked(value)

    def __delitem__(self, at: int | slice) -> None:
        del _changeable(self._data)[at]

    def insert(self, index: int, value: T) -> None:
        """Put an item before the one at `index`.

        :raises InvalidObject: if the schema does not allow it.
        """
        _changeable(self._data).insert(index, self._kind.checked(value))

    def __len__(self) -> int:
        return len(self._data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiList | list | tuple) and list(self) == list(other)

    def __repr__(self) -> str:
        return f"<{len(self)} of {self._kind.name}>"

    def __json__(self) -> list[Any]:
        return [self._kind.sent(raw) for raw in self._data]

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


class ApiMap(View, MutableMapping[str, T], Generic[T]):
    """A map whose values are objects, times …; the counterpart of `ApiList`."""

    __slots__ = ("_kind",)

    def __init__(self, data: Any, kind: "Kind") -> None:
        self._data = data
        self._kind = kind

    def __getitem__(self, name: str) -> T:
        value: T = self._kind.python(self._data[name])
        return value

    def __setitem__(self, name: str, value: T) -> None:
        if not isinstance(name, str):
            raise InvalidObject(self._kind.name, [Fault("has a name that is no text", pointer="")])
        _changeable(self._data)[name] = self._kind.checked(value)

    def __delitem__(self, name: str) -> None:
        del _changeable(self._data)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"<{self._kind.name} by {', '.join(self)}>"

    def __json__(self) -> JSON:
        return {name: self._kind.sent(raw) for name, raw in self._data.items()}

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _changeable(data: Any) -> Any:
    if isinstance(data, tuple | MappingProxyType):
        raise TypeError("this is the default of a property that is not set: assign a value to the property")
    return data


def frozen(value: Any) -> Any:
    """Return JSON that cannot be changed: a change of a default would be lost."""
    if isinstance(value, list):
        return tuple(frozen(item) for item in value)
    if isinstance(value, Mapping):
        return MappingProxyType({name: frozen(item) for name, item in value.items()})
    return value


def copied(value: Any) -> Any:
    """Return a deep copy of JSON."""
    if isinstance(value, dict | MappingProxyType):
        return {name: copied(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value
