"""The operators of the where language: one place to read them all, and to add one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

MAX_OPERANDS = 100
"""Of ``$in``; also what DynamoDB takes (AWS limit on IN)."""


Builder = Callable[..., Condition]
"""Makes DynamoDB's condition of a path and raw operands: it holds where the operator matches, only there."""


@dataclass(frozen=True)
class Operator:
    """What one operator does.

    :param operands: ``one`` value, ``many`` of them (a list), ``two`` (a list of two, in order).
    :param kinds: the kinds of values it is for; `list` are collections, whose operands are single members.
    :param matches: whether a value that is there matches the operand.
    :param condition: the same for DynamoDB; None where DynamoDB has nothing that is the same.
    :param negated: whether it is the contrary of what `matches` and `condition` say.
    :param parse: makes the operand of what was sent, or raises ValueError saying what is wrong with it; None
        for an operand of the field's own type.
    """

    name: str
    operands: str
    kinds: tuple[type, ...]
    matches: Callable[[Any, Any], bool]
    condition: Builder | None = None
    negated: bool = False
    parse: Callable[[Any], Any] | None = None


def as_stored(number: float) -> float:
    """Return a number as it is read again when it was stored: 1e23 is the integer of that name then, which no
    float is equal to.
    """
    return int(Decimal(repr(number))) if number.is_integer() else number


def like(text: str, pattern: str) -> bool:
    """Tell whether `text` matches an SQL pattern: ``%`` any characters, ``_`` one.

    Each piece between two ``%`` is looked for once, behind the one before it: in time proportional to the
    length of the text or, where there is a ``_`` in it, to its product with that of the piece.
    """
    first, *others = pattern.split("%")
    if not _is_at(text, first, 0):
        return False
    if not others:
        return len(text) == len(first)
    at, end = len(first), len(text) - len(others[-1])
    for piece in others[:-1]:
        at = _find(text, piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return at <= end and _is_at(text, others[-1], end)


def _is_at(text: str, piece: str, at: int) -> bool:
    found = text[at : at + len(piece)]
    return found == piece or (
        len(found) == len(piece) and all(b in ("_", a) for a, b in zip(found, piece, strict=True))
    )


def _find(text: str, piece: str, start: int, end: int) -> int:
    """Return where `piece` is first found from `start`, all of it before `end`; -1 if nowhere."""
    if "_" not in piece:
        return text.find(piece, start, end) if start <= end else -1
    found = _single_characters(piece).search(text, start, end) if start <= end else None
    return found.start() if found else -1


def _single_characters(piece: str) -> re.Pattern[str]:
    return re.compile(".".join(re.escape(part) for part in piece.split("_")), re.DOTALL)


def like_prefix(pattern: str) -> str:
    """Return what a text that is like `pattern` begins with."""
    ends = [at for at in (pattern.find("%"), pattern.find("_")) if at >= 0]
    return pattern[: min(ends)] if ends else pattern


_ANY = (str, float, bool, datetime)
_ORDERED = (str, float, datetime)
_TEXT = (str,)


def _contains(value: Any, operand: Any) -> bool:
    return operand in value


def _equals(value: Any, operand: Any) -> bool:
    return bool(value == operand)


def _is_in(path: Path, *operands: Any) -> Condition:
    return path.is_in(*operands)


_ALL = (
    Operator("$eq", "one", _ANY, _equals, lambda path, one: path == one),
    Operator("$ne", "one", _ANY, _equals, lambda path, one: path == one, negated=True),
    Operator("$in", "many", _ANY, lambda value, operands: value in operands, _is_in),
    Operator("$nin", "many", _ANY, lambda value, operands: value in operands, _is_in, negated=True),
    Operator("$lt", "one", _ORDERED, lambda value, operand: value < operand, lambda path, one: path < one),
    Operator("$lte", "one", _ORDERED, lambda value, operand: value <= operand, lambda path, one: path <= one),
    Operator("$gt", "one", _ORDERED, lambda value, operand: value > operand, lambda path, one: path > one),
    Operator("$gte", "one", _ORDERED, lambda value, operand: value >= operand, lambda path, one: path >= one),
    Operator(
        "$between",
        "two",
        _ORDERED,
        lambda value, operands: operands[0] <= value <= operands[1],
        lambda path, low, high: path.between(low, high),
    ),
    Operator(
        "$startswith",
        "one",
        _TEXT,
        lambda value, operand: value.startswith(operand),
        lambda path, one: path.startswith(one),
    ),
    Operator("$contains", "one", (str, list), _contains, lambda path, one: path.contains(one)),
    Operator("$icontains", "one", _TEXT, lambda value, operand: operand.casefold() in value.casefold()),
    Operator("$like", "one", _TEXT, like),
    Operator("$ilike", "one", _TEXT, lambda value, operand: like(value.casefold(), operand.casefold())),
)

_OTHER_NAMES = {"$le": "$lte", "$ge": "$gte"}

OPERATORS: Mapping[str, Operator] = {one.name: one for one in _ALL} | {
    other: one for other, name in _OTHER_NAMES.items() for one in _ALL if one.name == name
}
