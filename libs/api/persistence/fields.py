"""Properties as parts of conditions: ``Profile.field("age") >= 18``."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pynamodb.expressions.condition import And, Condition, Not, Or
from pynamodb.expressions.operand import Path

from libs.api.persistence.forms import Raw

_MOST_VALUES = 100
_RANKS: Mapping[str, Callable[[Any], Any]] = {"S": str.encode, "N": Decimal, "B": bytes}
"""What puts the values of a type in DynamoDB's order."""


class ItemPath(Path):
    """An attribute, or a place inside of one; names may hold any character.

    :param steps: names of attributes and members, and indexes of lists.
    """

    def __init__(self, *steps: str | int) -> None:
        super().__init__([str(one) for one in steps])
        self.steps = steps

    def _serialize_value(self, value: Any, placeholder_names: dict[str, str], _: dict[str, Any]) -> str:
        text = ""
        for step in self.steps:
            if isinstance(step, int):
                text += f"[{step}]"
            else:
                short = placeholder_names.setdefault(step, f"#{len(placeholder_names)}")
                text += f".{short}" if text else short
        return text

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))


class FieldCondition(Condition):
    """A condition of PynamoDB that tells how it is joined."""

    def __init__(self, made: Condition) -> None:
        super().__init__(made.operator, *made.values)
        self.format_string = made.format_string

    def __and__(self, other: Condition) -> Condition:
        return FieldCondition(And(self, _condition(other)))

    def __or__(self, other: Condition) -> Condition:
        return FieldCondition(Or(self, _condition(other)))

    def __invert__(self) -> Condition:
        return FieldCondition(Not(self))

    def __bool__(self) -> bool:
        raise TypeError(
            "conditions are joined by &, | and ~, each in parentheses: (field('a') == 1) & (field('b') < 2); "
            "Python's and, or, not, in and 1 < b < 2 cannot join them"
        )


def _condition(other: object) -> Condition:
    if not isinstance(other, Condition):
        raise TypeError(f"a condition is joined with another one, and with no {type(other).__name__}")
    return other


class Field:
    """A property in a condition; comparing it gives one, to be joined by ``&``, ``|`` and ``~``.

    Operands are Python values or JSON, as for the property itself.

    :param path: where it is stored.
    :param raw: makes an operand of a value.
    :param member: makes an operand of a value that its list or set may contain.
    :param ordered: whether DynamoDB's order is that of the values.
    """

    def __init__(
        self, path: ItemPath, raw: Callable[[Any], Raw], member: Callable[[Any], Raw], *, ordered: bool
    ) -> None:
        self._path = path
        self._raw = raw
        self._member = member
        self._is_ordered = ordered

    __hash__ = None  # type: ignore[assignment]  # == makes a condition

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return FieldCondition(self._path == self._raw(other))

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        """True also where the property is not there."""
        return FieldCondition(self._path != self._raw(other))

    def __lt__(self, other: Any) -> Condition:
        return FieldCondition(self._path < self._ordered(other))

    def __le__(self, other: Any) -> Condition:
        return FieldCondition(self._path <= self._ordered(other))

    def __gt__(self, other: Any) -> Condition:
        return FieldCondition(self._path > self._ordered(other))

    def __ge__(self, other: Any) -> Condition:
        return FieldCondition(self._path >= self._ordered(other))

    def between(self, lower: Any, upper: Any) -> Condition:
        """From `lower` to `upper`, both included.

        :raises ValueError: if `lower` is beyond `upper`, which DynamoDB refuses.
        """
        low, high = self._ordered(lower), self._ordered(upper)
        ((kind, lowest),), ((other, highest),) = low.items(), high.items()
        if kind != other or kind not in _RANKS:
            raise TypeError(f"{self._path}: between takes two texts, two numbers, or two of bytes")
        if _RANKS[kind](lowest) > _RANKS[kind](highest):
            raise ValueError(f"{self._path}: nothing is between the two, for the lower is beyond the upper")
        return FieldCondition(self._path.between(low, high))

    def is_in(self, *values: Any) -> Condition:
        """Is one of the values; 1 to 100 (AWS)."""
        if not 1 <= len(values) <= _MOST_VALUES:
            raise ValueError(f"is_in takes 1 to {_MOST_VALUES} values, not {len(values)}")
        return FieldCondition(self._path.is_in(*(self._raw(value) for value in values)))

    def startswith(self, prefix: str) -> Condition:
        """Is a text that begins with `prefix`."""
        if not isinstance(prefix, str):
            raise TypeError(f"a text begins with a text, and with no {type(prefix).__name__}")
        raw: Any = {"S": prefix}  # PynamoDB takes attribute values, too
        return FieldCondition(self._path.startswith(raw))

    def contains(self, value: Any) -> Condition:
        """Is a text with this part, or a list or set with this member."""
        return FieldCondition(self._path.contains(self._member(value)))

    def exists(self) -> Condition:
        """Is there, be it null."""
        return FieldCondition(self._path.exists())

    def does_not_exist(self) -> Condition:
        """Is not there."""
        return FieldCondition(self._path.does_not_exist())

    def _ordered(self, value: Any) -> Raw:
        if not self._is_ordered:
            raise TypeError(f"{self._path} is stored as text whose order is not that of its values")
        return self._raw(value)


def check_conditions(**conditions: Condition | None) -> None:
    """:raises TypeError: naming the argument that is none, as ``product.stock >= 1`` is a bool."""
    for name, one in conditions.items():
        if one is not None and not isinstance(one, Condition):
            raise TypeError(
                f"{name} is made of the class's field(…), as field('x') == 1, not a {type(one).__name__}"
            )
