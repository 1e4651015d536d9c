"""The where language: a JSON expression that says which rows are wanted.

::

    {"done": false, "created_at": {"$gte": "2026-12-01T00:00:00Z"}}
    {"$or": [{"done": true}, {"title": {"$icontains": "urgent"}}]}

A field with a plain value means ``$eq``; several operators on a field, and several fields, are all to hold.
``$and``, ``$or`` and ``$not`` nest anywhere, also under a field. It fails closed: what is not understood is a
fault with the path to it (``where.$or[1].title.$foo``) and never a condition that is left out.

Nulls are SQL's: a comparison with a value that is null or missing is neither true nor false, so neither the
comparison nor its ``$not`` finds the row. ``{"notes": null}`` and ``{"notes": {"$exists": false}}`` find it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from marshmallow import ValidationError, fields

from libs.errors import Fault, InvalidParameters
from libs.resource.operators import MAX_OPERANDS, OPERATORS, Operator

MAX_DEPTH = 10
MAX_TESTS = 50

Row = Callable[[str], Any]
"""A row, as a function from an attribute's name to its value; None for one that is null or missing."""


@dataclass(frozen=True)
class Test:
    """A comparison of one field with an operand, or its contrary."""

    __test__ = False  # pytest takes it for one of its own otherwise

    field: str
    operator: Operator
    operand: Any
    negated: bool

    def matches(self, row: Row) -> bool:
        value = row(self.field)
        return value is not None and self.operator.matches(value, self.operand) != self.negated


@dataclass(frozen=True)
class Exists:
    """Whether a field has a value."""

    field: str
    wanted: bool

    def matches(self, row: Row) -> bool:
        return (row(self.field) is not None) == self.wanted


@dataclass(frozen=True)
class All:
    """All parts; true if there are none."""

    parts: tuple["Expression", ...]

    def matches(self, row: Row) -> bool:
        return all(part.matches(row) for part in self.parts)


@dataclass(frozen=True)
class Either:
    """At least one part."""

    parts: tuple["Expression", ...]

    def matches(self, row: Row) -> bool:
        return any(part.matches(row) for part in self.parts)


Expression = Test | Exists | All | Either


class WhereParser:
    """Parse expressions over some fields of a resource.

    :param queryable: the marshmallow fields that may be asked for, by name.
    :raises TypeError: if one of them is of a kind that cannot be compared.
    """

    def __init__(self, queryable: Mapping[str, fields.Field[Any]]) -> None:
        self._fields = dict(queryable)
        self._kinds = {name: _kind(name, field) for name, field in queryable.items()}

    def parse(self, text: str) -> Expression:
        """Return the expression that `text` is.

        :raises InvalidParameters: with every fault and the path to it.
        """
        parsing = _Parsing(self._fields, self._kinds)
        try:
            node = orjson.loads(text)
        except orjson.JSONDecodeError:
            parsing.fault("where", "is not JSON")
            node = {}
        expression = parsing.expression(node, "where", negated=False, depth=0)
        if parsing.faults:
            raise InvalidParameters(errors=parsing.faults)
        return expression


class _Parsing:
    """The work of one `parse`. Negations are pushed down to the comparisons on the way."""

    def __init__(self, queryable: Mapping[str, fields.Field[Any]], kinds: Mapping[str, type]) -> None:
        self.faults: list[Fault] = []
        self._fields = queryable
        self._kinds = kinds
        self._tests = 0

    def fault(self, path: str, detail: str) -> Expression:
        self.faults.append(Fault(f"{path} {detail}", parameter="where"))
        return All(())

    def expression(self, node: Any, path: str, *, negated: bool, depth: int) -> Expression:
        """Parse what may stand at the top or in ``$and``, ``$or``, ``$not``."""
        if not isinstance(node, Mapping) or (depth and not node):
            return self.fault(path, "must be an object with a condition in it")
        parts = []
        for name, value in node.items():
            at = f"{path}.{name}"
            if name in ("$and", "$or", "$not"):
                parts.append(self._logical(name, value, at, self.expression, negated=negated, depth=depth))
            elif name.startswith("$"):
                parts.append(self.fault(at, "is not an operator that can stand here"))
            elif name not in self._fields:
                parts.append(
                    self.fault(at, f"is not a field to ask for; those are {', '.join(self._fields)}")
                )
            else:
                parts.append(self._field(name, value, at, negated=negated, depth=depth))
        return _joined(parts, all_of=not negated)

    def _logical(
        self, name: str, value: Any, path: str, parse: Callable[..., Expression], *, negated: bool, depth: int
    ) -> Expression:
        if depth >= MAX_DEPTH:
            return self.fault(path, f"is nested more than {MAX_DEPTH} deep")
        if name == "$not":
            return parse(value, path, negated=not negated, depth=depth + 1)
        if not isinstance(value, list) or not value:
            return self.fault(path, "must be a list with something in it")
        parts = [
            parse(one, f"{path}[{index}]", negated=negated, depth=depth + 1)
            for index, one in enumerate(value)
        ]
        return _joined(parts, all_of=(name == "$and") != negated)

    def _field(self, field: str, node: Any, path: str, *, negated: bool, depth: int) -> Expression:
        """Parse what stands under a field."""

        def under(node: Any, path: str, *, negated: bool, depth: int) -> Expression:
            return self._field(field, node, path, negated=negated, depth=depth)

        if not isinstance(node, Mapping):
            return self._test(field, "$eq", node, path, negated=negated)
        if not node:
            return self.fault(path, "must have an operator")
        parts = []
        for name, value in node.items():
            at = f"{path}.{name}"
            if name in ("$and", "$or", "$not"):
                parts.append(self._logical(name, value, at, under, negated=negated, depth=depth))
            else:
                parts.append(self._test(field, name, value, at, negated=negated))
        return _joined(parts, all_of=not negated)

    def _test(self, field: str, name: str, value: Any, path: str, *, negated: bool) -> Expression:
        self._tests += 1
        if self._tests > MAX_TESTS:
            return self.fault(path, f"is more than the {MAX_TESTS} comparisons allowed")
        if name == "$exists":
            if not isinstance(value, bool):
                return self.fault(path, "must be true or false")
            return Exists(field, value != negated)
        if value is None and name in ("$eq", "$ne"):
            return Exists(field, (name == "$ne") != negated)
        operator = OPERATORS.get(name)
        if operator is None:
            return self.fault(path, "is not an operator")
        if self._kinds[field] not in operator.kinds:
            return self.fault(path, "is not for a field of this kind")
        try:
            operand = self._operand(field, operator, value)
        except (ValidationError, ValueError) as error:
            told = error.messages[0] if isinstance(error, ValidationError) else str(error)
            return self.fault(path, str(told))
        return Test(field, operator, operand, operator.negated != negated)

    def _operand(self, field: str, operator: Operator, value: Any) -> Any:
        if operator.operands == "one":
            return self._value(field, value)
        if not isinstance(value, list) or len(value) > MAX_OPERANDS:
            raise ValueError(f"must be a list of at most {MAX_OPERANDS}")
        operands = [self._value(field, one) for one in value]
        if operator.operands == "two" and (len(operands) != 2 or operands[0] > operands[1]):
            raise ValueError("must be a list of two, the lower one first")
        return operands

    def _value(self, field: str, value: Any) -> Any:
        kind = self._kinds[field]
        sent = (int, float) if kind is float else (bool,) if kind is bool else (str,)
        if not isinstance(value, sent) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"must be a {_SENT_AS[kind]}")
        # Through the field's own conversion, so that times compare as times; not through its validators:
        # asking for a longer title than can be stored is no fault.
        return self._fields[field]._deserialize(value, field, {}) if kind is datetime else value


_SENT_AS: Mapping[type, str] = {str: "text", float: "number", bool: "boolean", datetime: "time"}


def _kind(name: str, field: fields.Field[Any]) -> type:
    kinds: Sequence[tuple[type, type]] = (
        (fields.Boolean, bool),
        (fields.Number, float),
        (fields.DateTime, datetime),
        (fields.String, str),
    )
    for made_by, kind in kinds:
        if isinstance(field, made_by):
            return kind
    raise TypeError(f"{name} cannot be asked for: there is no comparison for {type(field).__name__}")


def _joined(parts: Sequence[Expression], *, all_of: bool) -> Expression:
    if len(parts) == 1:
        return parts[0]
    return All(tuple(parts)) if all_of or not parts else Either(tuple(parts))
