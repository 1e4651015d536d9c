"""What the schema of a class says: its properties, what each is in Python, and how they are checked."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Protocol, cast

from libs.api.objects import merging
from libs.api.objects.kinds import Kind, below
from libs.api.objects.views import InvalidObject, View, frozen
from libs.api.schema import JSON, Schema
from libs.errors import Fault

_SAME = frozenset({str, float, bool, type(None)})
"""Types whose values are in JSON what they are, whatever the kind."""
Origin = tuple[str | int, ...]
"""Where a class is found: the schema's name, then steps into it (a property, ``[]``, ``{}``, a branch)."""


class Kinds(Protocol):
    """What makes kinds of schemas: `ApiModels`."""

    document: JSON

    def kind(self, node: Any, label: str, origin: Origin) -> Kind:
        """Return the kind of a schema."""


class Shape:
    """The schema of one class.

    :param models: the classes of the document it is in.
    :param name: the class's name.
    :param node: the schema.
    :param origin: where it is found.
    """

    def __init__(self, models: Kinds, name: str, node: Any, origin: Origin) -> None:
        self.models = models
        self.document = models.document
        self.name = name
        self.node = node
        self.origin = origin
        self.parts = merging.parts(node, self.document)
        self.properties = merging.properties(node, self.document)
        self.required = merging.required(node, self.document)
        self.nullable = tuple(
            n
            for n, one in self.properties.items()
            if isinstance(one, Mapping) and one.get("x-nullable") is True
        )
        self.attributes: dict[str, str] = {}
        """Attribute to property; set when the class is made, for it depends on the names of its methods."""
        self._kinds: dict[str, Kind] = {}
        self._pattern_kinds: dict[str | int, Kind] = {}

    @cached_property
    def schema(self) -> Schema:
        """The whole schema, compiled when first needed."""
        return Schema(self.node, self.document)

    @cached_property
    def _members(self) -> Schema:
        # What the schema says of each property by itself, so that one can be checked without the others.
        of_each = ("properties", "patternProperties", "additionalProperties", "propertyNames")
        node: JSON = {
            "allOf": [{name: one[name] for name in of_each if name in one} for one in self.parts],
            "properties": dict.fromkeys(self.properties, True),
        }
        if any(one.get("unevaluatedProperties") is False for one in self.parts):
            node["unevaluatedProperties"] = False
        return Schema(node, self.document)

    def kind(self, name: str) -> Kind:
        """Return the kind of a property, declared or not."""
        if name in self._kinds:
            return self._kinds[name]
        if name not in self.properties:  # not kept by its name, or those of hostile bodies would be for ever
            pattern = next((one for one in self._patterns if _matches(one, name)), None)
            return self._others if pattern is None else self._pattern(pattern)
        made = self.models.kind(self.properties[name], f"{self.name}.{name}", (*self.origin, name))
        return self._kinds.setdefault(name, made)

    def child(self, step: str | int) -> Kind:
        """Return the kind at a step of an `Origin`."""
        return self._pattern(step) if step in self._patterns else self.kind(str(step))

    @cached_property
    def _patterns(self) -> JSON:
        return {
            pattern: node for one in self.parts for pattern, node in one.get("patternProperties", {}).items()
        }

    def _pattern(self, pattern: str | int) -> Kind:
        if pattern not in self._pattern_kinds:
            node = self._patterns[str(pattern)]
            made = self.models.kind(node, f"{self.name}.*", (*self.origin, pattern))
            self._pattern_kinds.setdefault(pattern, made)
        return self._pattern_kinds[pattern]

    def children(self) -> list[Kind]:
        """Return the kinds of all properties, declared, by a pattern, or of any other name."""
        return [*map(self.kind, self.properties), *map(self._pattern, self._patterns), self._others]

    @cached_property
    def _others(self) -> Kind:
        node = merging.keyword_of(self.parts, "additionalProperties", True)
        return self.models.kind(node, f"{self.name}.*", (*self.origin, "{}"))

    def default(self, name: str) -> Any:
        """Return the default of a property as JSON that cannot be changed; None if it has none."""
        found = merging.parts(self.properties.get(name), self.document)
        return frozen(merging.keyword_of(found, "default"))

    def name_of(self, given: str) -> str:
        """Return the property that a name of a property or an attribute means."""
        return given if given in self.properties else self.attributes.get(given, given)

    def json(self, values: Mapping[Any, Any], pointer: str, faults: list[Fault]) -> JSON:
        """Return the JSON of properties in Python; what has none is added to `faults`."""
        data = {}
        for name, value in values.items():
            if (
                value.__class__ in _SAME and name.__class__ is str
            ):  # the most frequent, at a tenth of the cost
                data[name] = value
            elif isinstance(name, str):
                data[name] = self.kind(name).json(value, below(pointer, name), faults)
            else:
                faults.append(Fault("has a name that is no text", pointer=pointer))
        return data

    def whole(self, values: Mapping[Any, Any]) -> JSON:
        """Return the JSON of an object that has exactly these properties.

        :raises InvalidObject: with every fault.
        """
        faults: list[Fault] = []
        data = self.json(self.mapping(values), "", faults)
        self.refuse(faults, self.schema.faults(data))
        return data

    def some(self, values: Mapping[Any, Any]) -> JSON:
        """Return the JSON of properties, each checked by itself.

        :raises InvalidObject: with every fault.
        """
        faults: list[Fault] = []
        data = self.json(self.mapping(values), "", faults)
        self.refuse(faults, self._members.faults(data))
        return data

    def mapping(self, values: Any) -> Mapping[Any, Any]:
        """Return what was given as the properties of an object.

        :raises InvalidObject: if it is no dict.
        """
        if not isinstance(values, Mapping):
            self.refuse([Fault("is not of type object", pointer="")])
        return cast(Mapping[Any, Any], values)

    def refuse(self, faults: Iterable[Fault], more: Iterable[Fault] = ()) -> None:
        """Raise what is wrong, if anything is; `more` counts where `faults` does not say it already."""
        told = list(faults)
        places = {one.pointer for one in told}
        told += [one for one in more if one.pointer not in places]
        if told:
            raise InvalidObject(self.name, told)


def is_same(mine: JSON, other: object, shape: Shape) -> bool:
    """Return whether `other`, an object or a dict of JSON or Python values, holds what `mine` does."""
    if isinstance(other, View):
        return bool(mine == other._data)
    if not isinstance(other, Mapping):
        return False
    faults: list[Fault] = []
    return mine == shape.json(other, "", faults) and not faults


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:  # a pattern of ECMA-262 that Python does not have: its properties stay plain JSON
        return False
