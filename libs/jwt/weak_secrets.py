"""Secrets that are none: too short, well known, or to be guessed by their pattern."""

from itertools import pairwise

SHORTEST_SECRET = 32
"""Bytes: as long as a SHA-256 (RFC 7518 section 3.2)."""
_FEWEST_DIFFERENT = 8
"""Of 32 random hexadecimal digits, the least that is drawn, one in sixty has fewer than 12 different ones."""
_BORROWED = (
    *("secret", "password", "changeme", "change-me", "change_me", "example", "default", "insecure", "your-"),
    *("development", "production", "local-", "jwt-key", "jwt_key", "signing-key", "signing_key"),
)
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = frozenset(pair for row in _ROWS for one in (row, row[::-1]) for pair in pairwise(one))
_MOST_NEIGHBOURS = 0.6
"""Of a random text of hexadecimal digits a fifth are neighbours, or the same twice; of base64 far fewer."""
_FEWEST_NEW = 0.75
_LOOKED_AT = 100

_MAKE_ONE = "make one: openssl rand -base64 48"


def check_secret(text: str) -> None:
    """Refuse what nobody has drawn at random; what somebody has is let through.

    :raises ValueError: if it is shorter than 32 bytes, looks like one that everybody knows, is a row of the
        alphabet or the keyboard, or the same again and again. The message quotes nothing.
    """
    if len(text.encode(errors="replace")) < SHORTEST_SECRET:
        raise ValueError(f"shorter than {SHORTEST_SECRET} bytes; {_MAKE_ONE}")
    simple = text.casefold()
    if len(set(text)) < _FEWEST_DIFFERENT or any(word in simple for word in _BORROWED):
        raise ValueError(f"looks like an example or a default; {_MAKE_ONE}")
    if _is_row(simple) or _repeats(text[:_LOOKED_AT]):
        raise ValueError(f"is a pattern that can be guessed; {_MAKE_ONE}")


def _is_row(text: str) -> bool:
    near = sum(pair in _NEIGHBOURS or pair[0] == pair[1] for pair in pairwise(text))
    return near > _MOST_NEIGHBOURS * (len(text) - 1)


def _repeats(text: str) -> bool:
    threes = [text[at : at + 3] for at in range(len(text) - 2)]
    return len(set(threes)) < _FEWEST_NEW * len(threes)
