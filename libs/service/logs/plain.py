"""Values as a line of a log can have them: plain, bounded, and nothing that looks like another line.

What is logged comes from clients, too: a path of 8 kB, a name with a line break, half a surrogate pair.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

LONGEST_TEXT = 2_000
"""Characters of a value that are written."""
LONGEST_EXCEPTION = 30_000
MOST_MEMBERS = 50
"""Of a list or an object."""
DEEPEST = 5
_LARGEST = 2**63 - 1
_NAMED = ("exception", "stack_info")

UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What ends lines, steers terminals, or changes the order in which text is shown."""


def plain_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return all values of an event as JSON has them."""
    told: dict[str, Any] = {}
    for name, value in event.items():
        kind = type(value)
        # Nearly all values are such, and each line of the log is made here.
        if kind is str and len(value) <= LONGEST_TEXT and value.isascii():
            one = value
        elif name in _NAMED and isinstance(value, str):
            one = shortened(value, LONGEST_EXCEPTION)
        else:
            one = plain(value)
        is_plain = type(name) is str and name.isascii() and len(name) <= LONGEST_TEXT
        told[name if is_plain else shortened(str(name))] = one
    return told


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON has it; what has no such form is shown as `repr` has it.

    Of an exception the class is told.
    """
    kind = type(value)
    if kind is str:
        return shortened(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if -_LARGEST <= value <= _LARGEST else shortened(str(value))
    if isinstance(value, str):
        return shortened(str(value))
    if depth < DEEPEST and isinstance(value, Mapping):
        some = list(value.items())[:MOST_MEMBERS]
        return {shortened(str(name)): plain(one, depth + 1) for name, one in some}
    if depth < DEEPEST and isinstance(value, list | tuple):
        return [plain(one, depth + 1) for one in value[:MOST_MEMBERS]]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, BaseException):
        return type(value).__qualname__  # its text is for nobody
    try:
        return shortened(repr(value))
    except Exception:  # noqa: BLE001 - whatever it says of itself, the line is written
        return f"<{kind.__name__}>"


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return a text, or its beginning and how long it is; always one that is Unicode."""
    if len(text) > longest:
        text = f"{text[:longest]}…({len(text)})"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def escaped(text: str) -> str:
    """Return a text whose unsafe characters are escaped as Python and JSON have them."""
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
