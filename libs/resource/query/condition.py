"""From an expression of the where language to a condition of DynamoDB's.

As a filter a condition need not say all: rows it lets through are tested again in the process, by the
expression itself, so what DynamoDB has no operator for (`$ilike`) is left out here and nothing is lost. As
the condition of a write it must say exactly what the expression says.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from pynamodb.attributes import TTLAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from libs.resource.query.derived import LowercaseAttribute
from libs.resource.query.like import like_prefix
from libs.resource.query.operators import OPERATORS
from libs.resource.query.where import FALSE, TRUE, All, Either, Exists, Expression, Test, given
from libs.resource.storable import number_fault
from libs.resource.store.row import Codec

LONGEST_EXPRESSION = 4000
"""Characters; the AWS limit is 4 KB."""
MOST_OPERATORS = 300
"""AWS limit on the operators and functions of an expression."""


def filter_for(expression: Expression, codec: Codec, *, avoid: Collection[str] = ()) -> Condition | None:
    """Return a condition that holds for every row that `expression` is for, and for as few others as can be.

    :param avoid: attributes it may not name: a Query's filter may not name keys.
    :return: None if DynamoDB can leave nothing out.
    """
    made = _Compiler(codec, avoid, exact=False).condition(settled(expression, codec))
    if made is None:
        return None
    return made if _is_within_limits(made) else None


def condition_for(expression: Expression, codec: Codec) -> Condition | None:
    """Return the condition that holds where `expression` does; None if it always does.

    :raises TypeError: if DynamoDB cannot express it, or it is too long.
    """
    expression = settled(expression, codec)
    if expression == FALSE:
        raise TypeError("what never holds is no condition")
    if expression == TRUE:
        return None
    made = _Compiler(codec, (), exact=True).condition(expression)
    if made is not None and not _is_within_limits(made):
        raise TypeError("it is longer than a condition of DynamoDB's may be")
    return made


def storable(value: Any) -> bool:
    """Tell whether DynamoDB takes a value as an operand."""
    return isinstance(value, bool) or not isinstance(value, int | float) or number_fault(value) is None


def settled(expression: Expression, codec: Codec) -> Expression:
    """Return an expression without what always holds or never does, as that what has a default exists.

    What it asks of a time to live it asks of whole seconds then.
    """

    def settle(one: Expression) -> Expression:
        if isinstance(one, Test) and isinstance(codec.attributes[one.field], TTLAttribute):
            one = _of_seconds(one)
        if isinstance(one, Exists):
            return one if codec.default(one.field) is None else TRUE if one.wanted else FALSE
        return one if isinstance(one, Test) else replace(one, parts=tuple(map(settle, one.parts)))

    return given(settle(expression), {})


def _of_seconds(test: Test) -> Expression:
    """Return what is the same as a test of a moment for times without a fraction of a second.

    DynamoDB has a time to live in whole seconds: none is the moment 5.5, and those before it are 5 and less.
    """
    name, operand = test.operator.name, test.operand
    operands = [operand] if test.operator.operands == "one" else operand
    if not any(getattr(one, "microsecond", 0) for one in operands):
        return test
    if name in ("$eq", "$in"):
        whole = [one for one in operands if not one.microsecond]
        if whole:
            return replace(test, operand=whole)
        return Exists(test.field, wanted=True) if test.negated else FALSE
    if name == "$between":
        parts = tuple(
            _of_seconds(replace(test, operator=OPERATORS[sign], operand=one))
            for sign, one in zip(("$gte", "$lte"), operands, strict=True)
        )
        return Either(parts) if test.negated else All(parts)
    sign = {"$gte": "$gt", "$lt": "$lte"}.get(name, name)
    return replace(test, operator=OPERATORS[sign], operand=operand.replace(microsecond=0))


def _is_within_limits(condition: Condition) -> bool:
    values: dict[str, Any] = {}
    text = condition.serialize({}, values)
    operators = len(values) + text.count("(") + text.count(" AND ") + text.count(" OR ")
    return len(text) <= LONGEST_EXPRESSION and operators <= MOST_OPERATORS


class _Compiler:
    def __init__(self, codec: Codec, avoid: Collection[str], *, exact: bool) -> None:
        self._codec = codec
        self._avoid = avoid
        self._exact = exact
        self._lowercase = {
            one.source: name
            for name, one in codec.attributes.items()
            if isinstance(one, LowercaseAttribute) and name not in avoid
        }

    def condition(self, expression: Expression) -> Condition | None:
        if isinstance(expression, Test):
            return self._only(self._test(expression), expression)
        if isinstance(expression, Exists):
            if expression.field in self._avoid:
                return None
            path = self._path(expression.field)
            return _is_there(path) if expression.wanted else ~_is_there(path)
        parts = [self.condition(part) for part in expression.parts]
        if isinstance(expression, All):
            return _joined([part for part in parts if part is not None], lambda one, other: one & other)
        if any(part is None for part in parts):
            return None
        return _joined([part for part in parts if part is not None], lambda one, other: one | other)

    def _only(self, made: Condition | None, test: Test) -> Condition | None:
        if made is None and self._exact:
            raise TypeError(f"{test.operator.name} of {test.field} is nothing DynamoDB can be asked for")
        return made

    def _path(self, name: str) -> Path:
        return Path([self._codec.stored_name(name)])

    def _test(self, test: Test) -> Condition | None:
        if test.field in self._avoid:
            return None
        path = self._path(test.field)
        made = self._plain(test, path)
        if made is None:
            made = None if test.negated or self._exact else self._wider(test, path)
        elif test.negated:
            made = ~made & _is_there(path)
        # A row without it is as one that has the default.
        is_found_by_default = test.matches(self._codec.completed({test.field: None}).get)
        return made | ~_is_there(path) if made is not None and is_found_by_default else made

    def _plain(self, test: Test, path: Path) -> Condition | None:
        """Return what holds where the test, not negated, holds and nowhere else."""
        build, several = test.operator.condition, test.operator.operands != "one"
        operands = list(test.operand) if several else [test.operand]
        if build is None or not operands or not all(storable(one) for one in operands):
            return None
        is_text = self._codec.attributes[test.field].attr_type == "S"
        if is_text and operands == [""] and test.operator.name in ("$contains", "$startswith"):
            return _is_there(path)
        raw = [self._codec.operand(test.field, one) for one in operands]
        return None if None in raw else build(path, *raw)

    def _wider(self, test: Test, path: Path) -> Condition | None:
        """Return what holds where the test holds, and perhaps elsewhere."""
        name, operand = test.operator.name, test.operand
        if name == "$like" and (prefix := like_prefix(operand)):
            return path.startswith(prefix)
        lowercase = self._lowercase.get(test.field)
        if lowercase is None or not isinstance(operand, str):
            return None
        lower = self._path(lowercase)
        made: Condition | None = None
        if name == "$ilike" and (prefix := like_prefix(operand.casefold())):
            made = lower.startswith(prefix)
        if name == "$icontains" and operand:
            made = lower.contains(operand.casefold())
        # A row that was written before the attribute was declared does not have it.
        return None if made is None else made | (_is_there(path) & ~_is_there(lower))


def _is_there(path: Path) -> Condition:
    # attribute_exists alone is true of a stored NULL.
    there: Condition = path.exists() & ~path.is_type("NULL")
    return there


def _joined(parts: list[Condition], join: Callable[[Condition, Condition], Condition]) -> Condition | None:
    made = None
    for part in parts:
        made = part if made is None else join(made, part)
    return made
