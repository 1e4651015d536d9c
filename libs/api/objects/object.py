"""The base of all objects of contracts."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from libs.api.document.errors import suggestion
from libs.api.objects.kinds import Kind, ObjectKind
from libs.api.objects.shape import Shape, is_same
from libs.api.objects.unions import UnionKind
from libs.api.objects.views import View, copied
from libs.api.schema import JSON
from libs.errors import Fault


class Difference(NamedTuple):
    """What a property is in one object and in another; None also where it is not set."""

    here: Any
    there: Any


class ApiObject(View):
    """An object of a contract: attributes and items are its properties, iteration goes over the names set.

    ``models.profiles.Profile(name="Ada")`` takes JSON values and Python values (datetime, date, Decimal,
    bytes, UUID, objects, in lists and dicts, too), and gives Python values: `format: date-time` is an aware
    datetime, `date` a date, `byte` bytes, `decimal` a Decimal, an object an object. What is set is checked,
    one property at a time; `validate` checks the whole, and what was done inside of a list or dict of plain
    values. What is put in is copied; what is read is a part of the object, so that
    ``profile.address.city = "Bath"`` changes the profile.

    A property that is not set reads as its default or None as an attribute, raises KeyError as an item, and
    is not in `to_json`. A property is set to None only where its schema allows null. One whose name is a
    keyword of Python, no name, or that of a method is the attribute `class_`, `page_size`, `to_json_`; as an
    item every property has its own name.

    It is no Mapping, whose methods would hide properties: every page of a resource has `items`.

    :raises InvalidObject: (a ValueError) if it breaks its schema; the message names every fault and no value.
    """

    __slots__ = ()

    schema_name: ClassVar[str]
    """The name of the schema; ``Profile_address`` for one that stands inside of another."""
    api_name: ClassVar[str]
    """The name of the contract."""
    reserved_names: ClassVar[frozenset[str]]
    """The names of methods, which are no attributes of properties."""
    _shape: ClassVar[Shape]
    _union: ClassVar[UnionKind | None] = None

    if not TYPE_CHECKING:  # for a type checker `__init__` says what it takes

        def __new__(cls, /, *given: Any, **properties: Any) -> Self:
            """Make an object, of the class that a discriminator or the fitting schema of a oneOf names."""
            if given:
                name = cls.schema_name
                raise TypeError(f"{name} takes its properties by name; {name}.from_json takes them in a dict")
            chosen = cls._chosen(properties)
            return super().__new__(cls) if chosen is None else cls._fitting(chosen(**properties))

    def __init__(self, /, **properties: Any) -> None:
        shape = self._shape
        named = {shape.name_of(given): value for given, value in properties.items()}
        if len(named) < len(properties):
            raise TypeError(f"{self.schema_name} was given a property by its name and by its attribute")
        self._data = shape.whole(named)

    @classmethod
    def _of(cls, data: Mapping[str, Any]) -> Self:
        """Return the object of valid JSON, which it takes over; nothing is copied or checked."""
        made = object.__new__(cls)
        _set_data(made, data)
        return made

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the object of a JSON object, which is copied.

        :raises InvalidObject: if it breaks the schema.
        """
        chosen = cls._chosen(data)
        return cls._of(cls._shape.whole(data)) if chosen is None else cls._fitting(chosen.from_json(data))

    @classmethod
    def _chosen(cls, properties: Any) -> "type[ApiObject] | None":
        """Return the class that is made instead of this; None if this is."""
        kind = cls._union.written_by(properties) if cls._union else None
        return kind.made if isinstance(kind, ObjectKind) and kind.made is not cls else None

    @classmethod
    def _fitting(cls, made: "ApiObject") -> Self:
        """Return an object of another class if it is one of this: what fits several of a oneOf is none."""
        cls._shape.refuse(cls._shape.schema.faults(made._data))
        return made  # type: ignore[return-value]

    @classmethod
    def property_names(cls) -> tuple[str, ...]:
        """Return the names of the properties that the schema declares, as the contract has them."""
        return tuple(cls._shape.properties)

    def to_json(self) -> JSON:
        """Return the JSON object, a copy; properties with `x-nullable` that are not set are null in it."""
        shape = self._shape
        data = {
            name: shape.kind(name).sent(raw) if isinstance(raw, dict | list) else raw
            for name, raw in self._data.items()
        }
        for name in shape.nullable:
            data.setdefault(name, None)
        return data

    def __json__(self) -> JSON:
        return self.to_json()

    def clone(self) -> Self:
        """Return a copy that shares nothing with this."""
        return self._of(copied(self._data))

    def validate(self) -> None:
        """Check the whole object again, with the rules about several properties at once.

        :raises InvalidObject: if it breaks its schema.
        """
        self._shape.refuse(self._shape.schema.faults(self._data))

    def update_from_dict(self, changes: "Mapping[str, Any] | ApiObject", ignore_none: bool = False) -> None:
        """Set the properties that `changes` holds, all of them or, if one is wrong, none.

        :param ignore_none: leave a property as it is where `changes` has None.
        :raises InvalidObject: if a property breaks the schema.
        """
        given = changes._data if isinstance(changes, ApiObject) else self._shape.mapping(changes)
        kept = {name: value for name, value in given.items() if not (ignore_none and value is None)}
        self._data.update(self._shape.some(kept))

    def diff(self, other: "Mapping[str, Any] | ApiObject") -> dict[str, Difference]:
        """Return the properties that differ, each with its value here and its value in `other`.

        :raises InvalidObject: if `other` holds what has no JSON form.
        """
        there = other._data if isinstance(other, ApiObject) else self._given(other)
        names = [*self._data, *(name for name in there if name not in self._data)]
        return {
            name: Difference(self._value(self._data, name), self._value(there, name))
            for name in names
            if (name in self._data, self._data.get(name)) != (name in there, there.get(name))
        }

    def _given(self, values: Mapping[str, Any]) -> JSON:
        faults: list[Fault] = []
        data = self._shape.json(self._shape.mapping(values), "", faults)
        self._shape.refuse(faults)
        return data

    def _value(self, data: JSON, name: str) -> Any:
        return self._shape.kind(name).python(data[name]) if name in data else None

    def __getitem__(self, name: str) -> Any:
        return self._shape.kind(name).python(self._data[name])

    def __setitem__(self, name: str, value: Any) -> None:
        self._data.update(self._shape.some({name: value}))

    def __delitem__(self, name: str) -> None:
        if name in self._data and name in self._shape.required:
            self._shape.refuse([Fault("is required", pointer=f"/{name}")])
        del self._data[name]

    if not TYPE_CHECKING:  # for a type checker no other attribute is there

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(self._unknown(name), name=name, obj=self)

    def __setattr__(self, name: str, value: Any) -> None:
        # Properties are descriptors of the class; names with a `_` are a mixed-in class's own.
        member = next((c.__dict__[name] for c in type(self).__mro__ if name in c.__dict__), None)
        if not hasattr(type(member), "__set__") and (not name.startswith("_") or member is not None):
            raise AttributeError(self._unknown(name), name=name, obj=self)
        object.__setattr__(self, name, value)

    def _unknown(self, name: str) -> str:
        told = f"{self.schema_name} has no property {name!r}"
        if name in self._data or name in self._shape.properties:
            return f"{told} as attribute: it is the item [{name!r}]"
        return told + suggestion(name, self._shape.attributes)

    def __eq__(self, other: object) -> bool:
        return is_same(self._data, other, self._shape)

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        # Names only: an object may hold a password.
        return f"<{self.schema_name} {', '.join(self._data)}>"

    def __copy__(self) -> Self:
        return self._of(dict(self._data))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.clone()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._shape.models, self._shape.origin, copied(self._data))


ApiObject.reserved_names = frozenset(
    {*dir(ApiObject), *ApiObject.__annotations__, "__qualname__", "__classcell__"} - {"_"}
)


class Property:
    """A property as an attribute: reading, setting and deleting it.

    :param name: the property.
    :param kind: gives its kind when first needed.
    :param default: what it reads as where it is not set, as JSON that cannot be changed.
    """

    __slots__ = ("_default", "_kind", "_shape", "name")

    def __init__(self, name: str, shape: Shape) -> None:
        self.name = name
        self._shape = shape
        self._kind: Kind | None = None
        self._default = shape.default(name)

    def __get__(self, owner: ApiObject | None, kind: type[ApiObject]) -> Any:
        if owner is None:
            return self
        if self._kind is None:
            self._kind = self._shape.kind(self.name)
        return self._kind.python(owner._data.get(self.name, self._default))

    def __set__(self, owner: ApiObject, value: Any) -> None:
        owner[self.name] = value

    def __delete__(self, owner: ApiObject) -> None:
        if self.name not in owner:
            raise AttributeError(f"{owner.schema_name}.{self.name} is not set", name=self.name, obj=owner)
        del owner[self.name]


_set_data = View.__dict__["_data"].__set__  # past __setattr__, which looks at names


def _restored(models: Any, origin: tuple[str | int, ...], data: JSON) -> ApiObject:
    return models.class_at(origin)._of(data)  # type: ignore[no-any-return]
