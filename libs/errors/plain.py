"""A copy of what somebody hands over: plain, of a bounded size, and nobody else's to change."""

import math
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

MOST_VALUES = 200
"""In all, so that a copy takes microseconds."""
DEEPEST = 6
LONGEST_TEXT = 4096
"""Characters of one text."""
CUT = "…"
"""Stands for what is left out."""


def plain_copy(value: Any) -> Any:
    """Return `value` as JSON: what has no such form is its class in angle brackets, and never its `repr`.

    Of what is more than `MOST_VALUES`, or deeper than `DEEPEST`, a `CUT` is left.
    """
    left = MOST_VALUES

    def copied(one: Any, depth: int) -> Any:
        nonlocal left
        left -= 1
        if one is None or isinstance(one, bool | int):
            return one if one is None or abs(one) < 1 << 63 else CUT
        if isinstance(one, float):
            return one if math.isfinite(one) else str(one)
        if isinstance(one, Enum):
            return copied(one.value, depth)
        if isinstance(one, str):
            return str(one) if len(one) <= LONGEST_TEXT else one[:LONGEST_TEXT] + CUT
        if isinstance(one, date | time | timedelta | Decimal | UUID):
            return str(one)
        if isinstance(one, Mapping | list | tuple | set | frozenset):
            return collected(one, depth + 1) if depth < DEEPEST else CUT
        return f"<{type(one).__qualname__}>"

    def collected(many: Any, depth: int) -> Any:
        if isinstance(many, Mapping):
            members: dict[str, Any] = {}
            for name, one in many.items():
                if left <= 0:
                    members[CUT] = CUT
                    break
                members[str(copied(name, DEEPEST))] = copied(one, depth)
            return members
        items: list[Any] = []
        for one in many:
            if left <= 0:
                items.append(CUT)
                break
            items.append(copied(one, depth))
        return items

    return copied(value, 0)
