"""The order a client asks for: ``sort_by=-priority,due_at``."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from libs.errors import Fault, InvalidParameters

MAX_SORT_KEYS = 5


@dataclass(frozen=True)
class SortKey:
    """A field to sort by. Null is less than any value, so it comes first, and last where descending."""

    field: str
    descending: bool = False

    def __str__(self) -> str:
        return f"{'-' * self.descending}{self.field}"


def parse_sort(text: str, allowed: Collection[str], *, parameter: str = "sort_by") -> tuple[SortKey, ...]:
    """Return what a comma-separated list of fields says; a ``-`` before one is for descending.

    :raises InvalidParameters: for a field that is not allowed, named twice, or missing, and for too many.
    """
    parts = text.split(",", MAX_SORT_KEYS)
    if len(parts) > MAX_SORT_KEYS:
        fault = Fault(f"holds more than {MAX_SORT_KEYS} fields", parameter=parameter)
        raise InvalidParameters(errors=[fault])
    keys = tuple(SortKey(part.removeprefix("-"), part.startswith("-")) for part in parts)
    names = [key.field for key in keys]
    faults = [
        Fault(f"{name!r} is not a field to sort by; those are {', '.join(allowed)}", parameter=parameter)
        for name in names
        if name not in allowed
    ]
    faults += [
        Fault(f"{name!r} is named twice", parameter=parameter)
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if faults:
        raise InvalidParameters(errors=faults)
    return keys


def ordering(keys: Sequence[SortKey]) -> Callable[[Sequence[Any]], Any]:
    """Return a `key` for `sorted` over sequences of values, one value for each of `keys`.

    What is left of the values when the keys are used up is compared ascending, so that no two rows tie.
    """

    def compare(one: Sequence[Any], other: Sequence[Any]) -> int:
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            if a == b:
                continue
            less = b is not None if a is None else (b is not None and a < b)
            descending = index < len(keys) and keys[index].descending
            return 1 if less == descending else -1
        return 0

    return cmp_to_key(compare)
