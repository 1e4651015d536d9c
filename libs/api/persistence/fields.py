"""Properties as parts of conditions: ``Profile.field("age") >= 18``."""

from collections.abc import Callable
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from libs.api.persistence.forms import Raw


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
        return self._path == self._raw(other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        """True also where the property is not there."""
        return self._path != self._raw(other)

    def __lt__(self, other: Any) -> Condition:
        return self._path < self._ordered(other)

    def __le__(self, other: Any) -> Condition:
        return self._path <= self._ordered(other)

    def __gt__(self, other: Any) -> Condition:
        return self._path > self._ordered(other)

    def __ge__(self, other: Any) -> Condition:
        return self._path >= self._ordered(other)

    def between(self, lower: Any, upper: Any) -> Condition:
        """From `lower` to `upper`, both included."""
        return self._path.between(self._ordered(lower), self._ordered(upper))

    def is_in(self, *values: Any) -> Condition:
        """Is one of the values; at most 100 (AWS)."""
        return self._path.is_in(*(self._raw(value) for value in values))

    def startswith(self, prefix: str) -> Condition:
        """Is a text that begins with `prefix`."""
        return self._path.startswith({"S": prefix})  # type: ignore[arg-type]  # PynamoDB takes attribute values

    def contains(self, value: Any) -> Condition:
        """Is a text with this part, or a list or set with this member."""
        return self._path.contains(self._member(value))

    def exists(self) -> Condition:
        """Is there, be it null."""
        return self._path.exists()

    def does_not_exist(self) -> Condition:
        """Is not there."""
        return self._path.does_not_exist()

    def _ordered(self, value: Any) -> Raw:
        if not self._is_ordered:
            raise TypeError(f"{self._path} is stored as text whose order is not that of its values")
        return self._raw(value)
