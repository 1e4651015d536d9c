"""What can be done to a stored property without reading it: the values of `Persistent.update`."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from libs.api.persistence.fields import ItemPath
from libs.api.persistence.forms import Raw


class Removed:
    """The type of `REMOVE`."""

    def __repr__(self) -> str:
        return "REMOVE"


REMOVE: Final = Removed()
"""Take a property away, which is not the same as null."""


@dataclass(frozen=True)
class Counted:
    """A change that is not the same when it is done twice, or depends on what is there.

    :ivar types: the types of DynamoDB that a property has to be of.
    """

    types: ClassVar[frozenset[str]]
    repeatable: ClassVar[bool] = False

    @property
    def operand(self) -> Any:
        """The value, as one of the property's schema."""
        raise NotImplementedError

    def action(self, path: ItemPath, raw: Raw) -> Action:
        """Return what DynamoDB is to do."""
        raise NotImplementedError

    def condition(self, path: ItemPath, raw: Raw) -> Condition:
        """Return the condition that it can be done: the property is not there, or of the right type."""
        ((kind, _),) = raw.items()
        fitting: Condition = path.does_not_exist() | path.is_type(kind)
        return fitting


@dataclass(frozen=True)
class Increase(Counted):
    """Add to a number; one that is not there counts as 0. Negative to take away."""

    by: int | float | Decimal = 1
    types = frozenset({"N"})

    @property
    def operand(self) -> Any:
        """The number."""
        return self.by

    def action(self, path: ItemPath, raw: Raw) -> Action:
        """Return ``ADD``."""
        return path.add(raw)


@dataclass(frozen=True)
class Append(Counted):
    """Put items at the end of an array; one that is not there counts as empty."""

    items: Sequence[Any]
    types = frozenset({"L"})

    @property
    def operand(self) -> Any:
        """The items."""
        return _listed(self.items)

    def action(self, path: ItemPath, raw: Raw) -> Action:
        """Return ``SET`` of a ``list_append``."""
        return path.set((path | {"L": []}).append(raw))


@dataclass(frozen=True)
class Include(Counted):
    """Put members into a set (`Persistent.sets`), those that are not in it."""

    members: Sequence[Any]
    types = frozenset({"SS", "NS"})
    repeatable = True

    @property
    def operand(self) -> Any:
        """The members."""
        return _listed(self.members)

    def action(self, path: ItemPath, raw: Raw) -> Action:
        """Return ``ADD``."""
        return path.add(raw)


@dataclass(frozen=True)
class Exclude(Include):
    """Take members out of a set (`Persistent.sets`), those that are in it."""

    def action(self, path: ItemPath, raw: Raw) -> Action:
        """Return ``DELETE``."""
        return path.delete(raw)


def _listed(values: Sequence[Any]) -> list[Any]:
    if isinstance(values, str | bytes):
        raise TypeError(f"a list was expected, no {type(values).__name__}")
    return list(values)
