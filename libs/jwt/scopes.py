"""Scopes as one text (RFC 6749 section 3.3)."""

import re

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def is_scope(text: str) -> bool:
    """Tell whether a text can be a scope: visible characters of ASCII without quotes and backslashes."""
    return _SCOPE.fullmatch(text) is not None


def read_scope(text: str) -> frozenset[str]:
    """Return the scopes that a text names, which a space parts and nothing else."""
    return frozenset(text.split(" ")) - {""}
