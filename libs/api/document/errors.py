"""What is raised for a contract that cannot be used."""

import difflib
from collections.abc import Iterable
from itertools import islice

MAX_FAULTS = 100
"""Nobody reads more at once."""
_MAX_KNOWN = 1000
"""Words that are looked through for a near miss."""


class ContractError(Exception):
    """A contract that cannot be served; the message lists every fault, one a line, with its place.

    :ivar faults: the lines: ``todos.yaml:17: what is wrong and why``.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'required'?)`` for a near miss of a known word, otherwise an empty text."""
    by_folded = {one.casefold(): one for one in islice(known, _MAX_KNOWN)}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.7)
    return f" (did you mean {by_folded[near[0]]!r}?)" if near else ""
