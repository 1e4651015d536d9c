"""Values as a line of a log can have them: plain, bounded, and nothing that looks like another line.

What is logged comes from clients, too: a path of 8 kB, a name with a line break, half a surrogate pair.
"""

import re
from collections.abc import Mapping
from typing import Any

from libs.errors.plain import plain_copy, shortened

LONGEST_TEXT = 2_000
"""Characters of a value that are written."""
LONGEST_EXCEPTION = 30_000
MOST_MEMBERS = 50
"""Of a list or an object."""
MOST_VALUES = 1_000
"""Of one, with all that is in it."""
_NAMED = ("exception", "stack_info")

UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What ends lines, steers terminals, or changes the order in which text is shown."""


def plain_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return all values of an event as JSON has them."""
    told: dict[str, Any] = {}
    for name, value in event.items():
        # Nearly all values are such, and each line of the log is made here.
        if type(value) is str and len(value) <= LONGEST_TEXT and value.isascii():
            one = value
        elif name in _NAMED and isinstance(value, str):
            one = shortened(value, LONGEST_EXCEPTION)
        else:
            one = plain_copy(
                value, most_values=MOST_VALUES, most_members=MOST_MEMBERS, longest_text=LONGEST_TEXT
            )
        is_plain = type(name) is str and name.isascii() and len(name) <= LONGEST_TEXT
        told[name if is_plain else shortened(str(name), LONGEST_TEXT)] = one
    return told


def escaped(text: str) -> str:
    """Return a text whose unsafe characters are escaped as Python and JSON have them."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
