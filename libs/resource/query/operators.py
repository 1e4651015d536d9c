"""The operators of the where language: one place to read them all, and to add one."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from libs.resource.query.like import Like

MAX_OPERANDS = 100
"""Of ``$in``; also what DynamoDB takes (AWS limit on IN)."""


Matcher = Callable[[Any], bool]
"""Tells of a value that is there whether it matches one operand."""
Builder = Callable[..., Condition]
"""Makes DynamoDB's condition of a path and raw operands: it holds where the operator matches, only there."""


@dataclass(frozen=True)
class Operator:
    """What one operator does.

    :param operands: ``one`` value, ``many`` of them (a list), ``two`` (a list of two, in order).
    :param kinds: the kinds of values it is for; `list` are collections, whose operands are single members.
    :param matcher: makes of an operand what tells whether a value matches it: once for an expression, so
        what can be prepared for all rows is.
    :param condition: the same for DynamoDB; None where DynamoDB has nothing that is the same.
    :param negated: whether it is the contrary of what `matcher` and `condition` say.
    :param parse: makes the operand of what was sent, or raises ValueError saying what is wrong with it; None
        for an operand of the field's own type.
    """

    name: str
    operands: str
    kinds: tuple[type, ...]
    matcher: Callable[[Any], Matcher]
    condition: Builder | None = None
    negated: bool = False
    parse: Callable[[Any], Any] | None = None


def as_stored(number: float) -> float:
    """Return a number as it is read again when it was stored: 1e23 is the integer of that name then, which no
    float is equal to.
    """
    return int(Decimal(repr(number))) if number.is_integer() else number


def by(matches: Callable[[Any, Any], bool]) -> Callable[[Any], Matcher]:
    """Return the matcher of what takes a value and the operand."""
    return lambda operand: lambda value: matches(value, operand)


_ANY = (str, float, bool, datetime)
_ORDERED = (str, float, datetime)
_TEXT = (str,)


def _equals(value: Any, operand: Any) -> bool:
    return bool(value == operand)


def _is_one_of(value: Any, operands: Any) -> bool:
    return value in operands


def _icontains(operand: str) -> Matcher:
    folded = operand.casefold()
    return lambda value: folded in value.casefold()


def _is_in(path: Path, *operands: Any) -> Condition:
    return path.is_in(*operands)


_ALL = (
    Operator("$eq", "one", _ANY, by(_equals), lambda path, one: path == one),
    Operator("$ne", "one", _ANY, by(_equals), lambda path, one: path == one, negated=True),
    Operator("$in", "many", _ANY, by(_is_one_of), _is_in),
    Operator("$nin", "many", _ANY, by(_is_one_of), _is_in, negated=True),
    Operator("$lt", "one", _ORDERED, by(operator.lt), lambda path, one: path < one),
    Operator("$lte", "one", _ORDERED, by(operator.le), lambda path, one: path <= one),
    Operator("$gt", "one", _ORDERED, by(operator.gt), lambda path, one: path > one),
    Operator("$gte", "one", _ORDERED, by(operator.ge), lambda path, one: path >= one),
    Operator(
        "$between",
        "two",
        _ORDERED,
        by(lambda value, operands: operands[0] <= value <= operands[1]),
        lambda path, low, high: path.between(low, high),
    ),
    Operator(
        "$startswith",
        "one",
        _TEXT,
        by(str.startswith),
        lambda path, one: path.startswith(one),
    ),
    Operator("$contains", "one", (str, list), by(operator.contains), lambda path, one: path.contains(one)),
    Operator("$icontains", "one", _TEXT, _icontains),
    Operator("$like", "one", _TEXT, lambda operand: Like(operand).matches),
    Operator("$ilike", "one", _TEXT, lambda operand: Like(operand, ignore_case=True).matches),
)

_OTHER_NAMES = {"$le": "$lte", "$ge": "$gte"}

OPERATORS: Mapping[str, Operator] = {one.name: one for one in _ALL} | {
    other: one for other, name in _OTHER_NAMES.items() for one in _ALL if one.name == name
}

CONTRARIES: Mapping[str, Operator] = {"$ne": OPERATORS["$eq"], "$nin": OPERATORS["$in"]}
"""What an expression has in their place, negated: a planner sees then that the contrary of `$ne` is `$eq`."""
