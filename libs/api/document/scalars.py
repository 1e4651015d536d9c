"""Plain values: what an unquoted word means, in YAML 1.2 and in JSON."""

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST = 400
"""More digits than a double can be written with."""


def plain(word: str) -> Scalar:
    """Return the value of an unquoted word (YAML 1.2.2, 10.3.2, the core schema): null, true, 5, 1.5 or text.

    Dates, ``yes`` and ``no`` are text, other than in YAML 1.1.

    :raises ValueError: if it is a number that JSON does not have or that does not fit in 64 bits.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "+-.0123456789":
        return word
    if _NOT_FINITE.fullmatch(word):
        raise ValueError(f"{word} is a number that JSON does not have")
    if _OTHER_BASE.fullmatch(word):
        return _integer(word, 8 if word[1] == "o" else 16)
    if _INTEGER.fullmatch(word):
        return _integer(word, 10)
    if _FLOAT.fullmatch(word):
        number = float(word) if len(word) <= _LONGEST else math.inf
        if math.isinf(number):
            raise ValueError("this number does not fit in 64 bits")
        return number
    return word


def _integer(word: str, base: int) -> int:
    number = int(word, base) if len(word) <= _LONGEST else 1 << 64
    if not -(1 << 63) <= number < 1 << 64:
        raise ValueError("this number does not fit in 64 bits")
    return number
