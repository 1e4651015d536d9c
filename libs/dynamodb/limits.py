"""What DynamoDB can hold.

Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, sizes:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

import math
from collections.abc import Mapping
from typing import Any

MOST_LEVELS = 31
"""Lists and maps within each other; a value in the innermost is on level 32, the AWS limit."""
MOST_DIGITS = 38
"""Significant ones, of a number."""
LARGEST_NUMBER = math.nextafter(1e126, 0)
"""The largest float DynamoDB takes; its numbers end below 10**126."""
SMALLEST_NUMBER = 1e-130
LONGEST_NAME = 65535
"""Bytes, of the name of a map's member."""
LARGEST_HASH_KEY = 2048
"""Bytes."""
LARGEST_RANGE_KEY = 1024
"""Bytes."""
LARGEST_ITEM = 400 * 1024
"""Bytes, the names of its attributes included."""
MOST_KEYS_READ = 100
"""Keys of one BatchGetItem."""


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return about how many bytes an item counts as; a number's size is only known to within two bytes."""
    return sum(len(name.encode()) + _value_size(raw) for name, raw in item.items())


def _value_size(raw: Mapping[str, Any]) -> int:
    ((kind, value),) = raw.items()
    if kind == "S":
        return len(value.encode())
    if kind == "N":
        return len(value) // 2 + 1
    if kind == "L":
        return 3 + sum(1 + _value_size(one) for one in value)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(one) for name, one in value.items())
    if kind in ("SS", "NS", "BS"):
        return sum(_value_size({kind[0]: one}) for one in value)
    return len(value) if kind == "B" else 1
