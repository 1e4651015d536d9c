"""A copy of what somebody hands over: plain, of a bounded size, and nobody else's to change."""

import math
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

MOST_VALUES = 200
"""In all, so that a copy takes microseconds."""
MOST_MEMBERS = MOST_VALUES
"""Of one list or object."""
DEEPEST = 6
LONGEST_TEXT = 4096
"""Characters of one text."""
CUT = "…"
"""Stands for what is left out."""


def plain_copy(
    value: Any,
    *,
    most_values: int = MOST_VALUES,
    most_members: int = MOST_MEMBERS,
    longest_text: int = LONGEST_TEXT,
) -> Any:
    """Return `value` as JSON: what has no such form is its class in angle brackets, and never its `repr`.

    Of what is more than `most_values` in all, or `most_members` of one list or object, or deeper than
    `DEEPEST`, a `CUT` is left; of an exception its class.
    """
    return _Copying(most_values, most_members, longest_text).copy(value, 0)


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text, or its beginning and how long it is; always one that is Unicode."""
    if len(text) > longest:
        text = f"{text[:longest]}{CUT}({len(text)})"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class _Copying:
    def __init__(self, most_values: int, most_members: int, longest_text: int) -> None:
        self._left = most_values
        self._most_members = most_members
        self._longest = longest_text

    def copy(self, one: Any, depth: int) -> Any:
        self._left -= 1
        if one is None or isinstance(one, bool):
            return one
        if isinstance(one, Enum):
            return self.copy(one.value, depth)
        if isinstance(one, str):
            return shortened(str(one), self._longest)
        if isinstance(one, int):
            return one if abs(one) < 1 << 63 else CUT
        if isinstance(one, float):
            return one if math.isfinite(one) else str(one)
        if isinstance(one, date | time):
            return one.isoformat()
        if isinstance(one, timedelta | Decimal | UUID):
            return shortened(str(one), self._longest)
        if isinstance(one, Mapping):
            return self._members(one, depth + 1) if depth < DEEPEST else CUT
        if isinstance(one, list | tuple | set | frozenset):
            return self._items(one, depth + 1) if depth < DEEPEST else CUT
        name = type(one).__qualname__
        return name if isinstance(one, BaseException) else f"<{name}>"

    def _members(self, members: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        for name, one in members.items():
            if self._left <= 0 or len(copied) >= self._most_members:
                copied[CUT] = CUT
                break
            copied[str(self.copy(name, DEEPEST))] = self.copy(one, depth)
        return copied

    def _items(self, items: Iterable[Any], depth: int) -> list[Any]:
        copied: list[Any] = []
        for one in items:
            if self._left <= 0 or len(copied) >= self._most_members:
                copied.append(CUT)
                break
            copied.append(self.copy(one, depth))
        return copied
