"""Values of one of several schemas: oneOf, anyOf, and what a discriminator names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

from libs.api.objects.kinds import Kind, Seen, all_plain, json_type
from libs.api.objects.views import View, copied
from libs.api.schema import JSON
from libs.errors import Fault


class UnionKind(Kind):
    """Values of one of several schemas (oneOf, anyOf): the first that a value is valid by.

    :param branches: gives the kinds when first needed.
    """

    def __init__(
        self, name: str, node: Any, document: Mapping[str, Any], branches: Callable[[], Sequence[Kind]]
    ) -> None:
        super().__init__(name, node, document)
        self._branches = branches

    @cached_property
    def branches(self) -> Sequence[Kind]:
        """The kinds it may be."""
        return self._branches()

    def every(self) -> Sequence[Kind]:
        """Return all the kinds it may be, each once."""
        return self.branches

    def child(self, step: str | int) -> Kind:
        """Return a branch."""
        return self.branches[step] if isinstance(step, int) else super().child(step)

    def is_plain(self, seen: Seen | None = None) -> bool:
        """Return whether all branches are."""
        return all_plain(self, lambda: self.branches, seen)

    def chosen(self, raw: Any) -> Kind | None:
        """Return the kind of a JSON value; None if it is of none."""
        kind = json_type(raw)
        fitting = [one for one in self.branches if one.json_type in (None, kind)]
        if len(fitting) == 1:
            return fitting[0]
        data = copied(raw) if isinstance(raw, tuple | MappingProxyType) else raw
        return next((one for one in fitting if not one.schema.faults(data)), None)

    def written_by(self, value: Any) -> Kind | None:
        """Return the kind of a Python value; None if it is of none."""
        for branch in self.branches:
            wrong: list[Fault] = []
            raw = branch.json(value, "", wrong)
            if not wrong and not branch.schema.faults(raw):
                return branch
        return None

    def python(self, raw: Any) -> Any:
        """Return the value its branch gives."""
        chosen = self.chosen(raw)
        return chosen.python(raw) if chosen else super().python(raw)

    def wrapped(self, raw: Any) -> Any:
        """Return what its branch makes of it."""
        chosen = self.chosen(raw)
        return chosen.wrapped(raw) if chosen else raw

    def json(self, value: Any, pointer: str, faults: list[Fault]) -> Any:
        """Return the JSON of a Python value."""
        written_by = self.written_by(value)
        return (written_by.json if written_by else super().json)(value, pointer, faults)

    def sent(self, raw: Any) -> Any:
        """Return a copy of valid JSON."""
        chosen = self.chosen(raw)
        return chosen.sent(raw) if chosen else copied(raw)


class DiscriminatedKind(UnionKind):
    """Objects whose class a property of theirs names (OpenAPI 3.1, Discriminator Object).

    :param property_name: the property.
    :param values: the values it may have.
    :param by_value: gives the kind for one of them.
    :param branches: gives the kinds of an object that has no such property, or no known value of it.
    """

    json_type = "object"

    def __init__(
        self,
        name: str,
        node: JSON,
        document: Mapping[str, Any],
        branches: Callable[[], Sequence[Kind]],
        property_name: str,
        values: Iterable[str],
        by_value: Callable[[str], Kind],
    ) -> None:
        super().__init__(name, node, document, branches)
        self._property_name = property_name
        self._values = tuple(values)
        self._by_value = by_value

    def is_plain(self, seen: Seen | None = None) -> bool:
        """Return False."""
        return False

    def chosen(self, raw: Any) -> Kind | None:
        """Return the kind that an object names."""
        value = raw.get(self._property_name) if isinstance(raw, Mapping) else None
        if isinstance(value, str) and value in self._values:
            return self._by_value(value)
        return super().chosen(raw)

    def every(self) -> Sequence[Kind]:
        """Return all the kinds it may be, each once."""
        named = [self._by_value(value) for value in self._values]
        return list({one.name: one for one in [*named, *self.branches]}.values())

    def written_by(self, value: Any) -> Kind | None:
        """Return the kind that an object names."""
        return self.chosen(value) if isinstance(value, Mapping) and not isinstance(value, View) else None
