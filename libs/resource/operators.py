"""The operators of the where language: one place to read them all, and to add one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MAX_OPERANDS = 100
"""Of ``$in``; also what DynamoDB takes (AWS limit on IN)."""


@dataclass(frozen=True)
class Operator:
    """What one operator does.

    :param operands: ``one`` value, ``many`` of them (a list), ``two`` (a list of two, in order).
    :param kinds: the kinds of values it is for.
    :param matches: whether a value that is there matches the operand.
    :param negated: whether it is the contrary of what `matches` says.
    """

    operands: str
    kinds: tuple[type, ...]
    matches: Callable[[Any, Any], bool]
    negated: bool = False


def like(text: str, pattern: str) -> bool:
    """Tell whether `text` matches an SQL pattern: ``%`` any characters, ``_`` one.

    In time proportional to the product of the lengths, whatever the pattern.
    """
    at = start = 0
    star, resume = -1, 0
    while at < len(text):
        if start < len(pattern) and pattern[start] == "%":
            star, resume = start, at
            start += 1
        elif start < len(pattern) and pattern[start] in ("_", text[at]):
            at, start = at + 1, start + 1
        elif star >= 0:
            resume += 1
            at, start = resume, star + 1
        else:
            return False
    return pattern[start:].strip("%") == ""


_ANY = (str, float, bool, datetime)
_ORDERED = (str, float, datetime)
_TEXT = (str,)

OPERATORS: Mapping[str, Operator] = {
    "$eq": Operator("one", _ANY, lambda value, operand: value == operand),
    "$ne": Operator("one", _ANY, lambda value, operand: value == operand, negated=True),
    "$in": Operator("many", _ANY, lambda value, operands: value in operands),
    "$nin": Operator("many", _ANY, lambda value, operands: value in operands, negated=True),
    "$lt": Operator("one", _ORDERED, lambda value, operand: value < operand),
    "$lte": Operator("one", _ORDERED, lambda value, operand: value <= operand),
    "$le": Operator("one", _ORDERED, lambda value, operand: value <= operand),
    "$gt": Operator("one", _ORDERED, lambda value, operand: value > operand),
    "$gte": Operator("one", _ORDERED, lambda value, operand: value >= operand),
    "$ge": Operator("one", _ORDERED, lambda value, operand: value >= operand),
    "$between": Operator("two", _ORDERED, lambda value, operands: operands[0] <= value <= operands[1]),
    "$startswith": Operator("one", _TEXT, lambda value, operand: value.startswith(operand)),
    "$contains": Operator("one", _TEXT, lambda value, operand: operand in value),
    "$icontains": Operator("one", _TEXT, lambda value, operand: operand.casefold() in value.casefold()),
    "$like": Operator("one", _TEXT, like),
    "$ilike": Operator("one", _TEXT, lambda value, operand: like(value.casefold(), operand.casefold())),
}
