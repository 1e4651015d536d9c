"""What somebody who mistyped a name may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

ALIKE = 0.75
"""Names less alike are not suggested (`difflib`); 1: the same."""


def meant(name: str, names: Iterable[str]) -> str | None:
    """Return the name most like `name`, if one is like it."""
    return next(iter(get_close_matches(name, sorted(names), n=1, cutoff=ALIKE)), None)


def suggested(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence that says that `name` is not known."""
    found = meant(name, names)
    return f": did you mean {found}?" if found else "."
