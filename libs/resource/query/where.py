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

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from marshmallow import ValidationError, fields

from libs.errors import MAX_FAULTS, Fault, InvalidParameters
from libs.resource.query.operators import CONTRARIES, MAX_OPERANDS, OPERATORS, Matcher, Operator, as_stored
from libs.resource.query.where_schema import where_schemas
from libs.resource.schema.fields import Timestamp

MAX_DEPTH = 10
MAX_TESTS = 50
MAX_COSTLY_TESTS = 5
LONGEST_PATTERN = 256

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
    _matches: Matcher = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_matches", self.operator.matcher(self.operand))

    def matches(self, row: Row) -> bool:
        value = row(self.field)
        return value is not None and self._matches(value) != self.negated


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
TRUE: Expression = All(())
FALSE: Expression = Either(())


def all_of(*expressions: Expression) -> Expression:
    """Return what holds where all of these hold, without needless nesting."""
    parts = [part for one in expressions for part in (one.parts if isinstance(one, All) else (one,))]
    if FALSE in parts:
        return FALSE
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """Return expressions that all hold where this one holds, and only there."""
    if isinstance(expression, All):
        return tuple(one for part in expression.parts for one in conjuncts(part))
    return (expression,)


def required_by(expression: Expression) -> frozenset[str]:
    """Return fields that have a value in every row it is for."""
    if isinstance(expression, Test):
        return frozenset({expression.field})
    if isinstance(expression, Exists):
        return frozenset({expression.field} if expression.wanted else ())
    parts = [required_by(part) for part in expression.parts]
    if isinstance(expression, All):
        return frozenset[str]().union(*parts)
    return frozenset.intersection(*parts) if parts else frozenset()


def fields_of(expression: Expression) -> frozenset[str]:
    """Return the fields it asks about."""
    if isinstance(expression, Test | Exists):
        return frozenset({expression.field})
    return frozenset(field for part in expression.parts for field in fields_of(part))


def given(expression: Expression, values: Mapping[str, Any]) -> Expression:
    """Return what is left to be asked where the fields in `values` are known to have these values."""
    if isinstance(expression, Test | Exists):
        if expression.field not in values:
            return expression
        return TRUE if expression.matches(values.get) else FALSE
    parts = tuple(given(part, values) for part in expression.parts)
    if isinstance(expression, All):
        return all_of(*parts)
    if TRUE in parts:
        return TRUE
    kept = tuple(part for part in parts if part != FALSE)
    return kept[0] if len(kept) == 1 else Either(kept)


class WhereParser:
    """Parse expressions over some fields of a resource.

    A field may bring operators of its own: its attribute ``where_operators`` adds them by name, and its
    ``where_kind`` is the kind they are for.

    :param queryable: the marshmallow fields that may be asked for, by name.
    :raises TypeError: if one of them is of a kind that cannot be compared.
    """

    def __init__(self, queryable: Mapping[str, fields.Field[Any]]) -> None:
        self._fields = dict(queryable)
        self._kinds = {name: _kind(name, field) for name, field in queryable.items()}

    def json_schemas(self, name: str) -> dict[str, Any]:
        """Return the JSON schemas of the expressions, to be components of a document; see `where_schemas`."""
        lists = {field: of for field, of in self._fields.items() if isinstance(of, fields.List)}
        members = {field: _kind(field, of.inner) for field, of in lists.items()}
        return where_schemas(name, self._fields, self._kinds, members)

    def parse(self, text: str, name: str = "where") -> Expression:
        """Return the expression that `text` is.

        :param name: what the paths of faults begin with, and the parameter they are about.
        :raises InvalidParameters: with every fault and the path to it.
        """
        try:
            node = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise InvalidParameters(errors=[Fault(f"{name} is not JSON", parameter=name)]) from None
        return self.read(node, name)

    def read(self, node: Any, name: str = "where") -> Expression:
        """Return the expression that parsed JSON is; see `parse`.

        :raises InvalidParameters: with every fault and the path to it.
        """
        parsing = _Parsing(self._fields, self._kinds, name)
        expression = parsing.expression(node, name, negated=False, depth=0)
        if parsing.faults:
            raise InvalidParameters(errors=parsing.faults)
        return expression


class _Parsing:
    """The work of one `parse`. Negations are pushed down to the comparisons on the way."""

    def __init__(
        self, queryable: Mapping[str, fields.Field[Any]], kinds: Mapping[str, type], parameter: str
    ) -> None:
        self.faults: list[Fault] = []
        self._parameter = parameter
        self._fields = queryable
        self._kinds = kinds
        self._tests = 0
        self._costly = 0

    def fault(self, path: str, detail: str) -> Expression:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(f"{path} {detail}", parameter=self._parameter))
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
        operator = self._operators(field).get(name)
        if operator is None:
            return self.fault(path, "is not an operator")
        if self._kinds[field] not in operator.kinds:
            return self.fault(path, "is not for a field of this kind")
        if (
            operator.parse is not None
        ):  # what is parsed for itself, as geometries are, costs most for each row
            self._costly += 1
            if self._costly > MAX_COSTLY_TESTS:
                return self.fault(path, f"is more than the {MAX_COSTLY_TESTS} such comparisons allowed")
        if name in ("$like", "$ilike") and isinstance(value, str) and len(value) > LONGEST_PATTERN:
            return self.fault(path, f"is longer than {LONGEST_PATTERN} characters")
        try:
            operand = self._operand(field, operator, value)
        except (ValidationError, ValueError) as error:
            told = error.messages[0] if isinstance(error, ValidationError) else str(error)
            if getattr(error, "path", ()):  # the text begins with the path within the operand
                path, _, told = f"{path}.{told}".partition(" ")
            return self.fault(path, str(told))
        negated = operator.negated != negated
        if operator.operands == "many" and not operand:  # no value is in an empty list
            return Exists(field, wanted=True) if negated else FALSE
        return Test(field, CONTRARIES.get(operator.name, operator), operand, negated)

    def _operators(self, field: str) -> Mapping[str, Operator]:
        own: Mapping[str, Operator] = getattr(self._fields[field], "where_operators", {})
        return {**OPERATORS, **own} if own else OPERATORS

    def _operand(self, field: str, operator: Operator, value: Any) -> Any:
        if operator.parse is not None:
            return operator.parse(value)
        if operator.operands == "one":
            return self._value(field, value)
        if not isinstance(value, list) or len(value) > MAX_OPERANDS:
            raise ValueError(f"must be a list of at most {MAX_OPERANDS}")
        operands = [self._value(field, one) for one in value]
        if operator.operands == "two" and (len(operands) != 2 or operands[0] > operands[1]):
            raise ValueError("must be a list of two, the lower one first")
        return operands

    def _value(self, field: str, value: Any) -> Any:
        kind, of = self._kinds[field], self._fields[field]
        if isinstance(of, fields.List):
            kind, of = _kind(field, of.inner), of.inner
        sent = (int, float) if kind is float else (bool,) if kind is bool else (str,)
        if not isinstance(value, sent) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"must be a {_SENT_AS[kind]}")
        if isinstance(value, float):
            return as_stored(value)
        # Through the field's own conversion, so that times compare as times; not through its validators:
        # asking for a longer title than can be stored is no fault.
        if kind is not datetime:
            return value
        # A time to live is compared with the very moment, not with the second it would be stored as.
        read = partial(Timestamp._deserialize, of) if isinstance(of, Timestamp) else of._deserialize
        moment = read(value, field, {})
        if moment.tzinfo is None:
            raise ValueError("must be a time with an offset")
        return moment


_SENT_AS: Mapping[type, str] = {str: "text", float: "number", bool: "boolean", datetime: "time"}


def comparable(declared: Mapping[str, fields.Field[Any]]) -> dict[str, fields.Field[Any]]:
    """Return those fields that can be asked for."""
    found = {}
    for name, field in declared.items():
        with suppress(TypeError):
            _kind(name, field)
            found[name] = field
    return found


def _kind(name: str, field: fields.Field[Any]) -> type:
    own = getattr(field, "where_kind", None)
    if own is not None:
        return own  # type: ignore[no-any-return]
    kinds: Sequence[tuple[type, type]] = (
        (fields.List, list),
        (fields.Boolean, bool),
        (fields.Number, float),
        (fields.DateTime, datetime),
        (fields.String, str),
    )
    for made_by, kind in kinds:
        if isinstance(field, made_by):
            if isinstance(field, fields.List) and _kind(name, field.inner) not in _SENT_AS:
                break
            return kind
    raise TypeError(f"{name} cannot be asked for: there is no comparison for {type(field).__name__}")


def _joined(parts: Sequence[Expression], *, all_of: bool) -> Expression:
    if len(parts) == 1:
        return parts[0]
    return All(tuple(parts)) if all_of or not parts else Either(tuple(parts))
