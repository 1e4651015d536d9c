"""SQL patterns: ``%`` stands for any characters, ``_`` for one."""

import re
from collections.abc import Iterator
from functools import cached_property

_MARK = "\ud800"
"""Before each character of a text whose characters are to be told apart; no text that is stored has it."""


class Like:
    """A pattern, compiled.

    Each piece between two ``%`` is looked for once, behind the one before it: in time proportional to the
    length of the text or, where there is a ``_`` in it, to its product with that of the piece.

    :param ignore_case: compare by Unicode case folding. It makes two characters of some (``ß`` is ``ss``,
        ``İ`` an ``i`` with a dot above); a ``_`` stands for one character of the text as it is, so ``_`` is
        like ``ß``. Whatever a pattern finds it finds so, too.
    """

    def __init__(self, pattern: str, *, ignore_case: bool = False) -> None:
        self._ignore_case = ignore_case
        self._pieces = (pattern.casefold() if ignore_case else pattern).split("%")
        self._length_of_last = len(self._pieces[-1])
        self._has_single = "_" in pattern

    def matches(self, text: str) -> bool:
        """Tell whether the whole text is like the pattern."""
        if not self._ignore_case:
            return self._find(text, self._plain, self._length_of_last)
        folded = text.casefold()
        if len(folded) == len(text) or not self._has_single:
            return self._find(folded, self._plain, self._length_of_last)
        marked = "".join(f"{_MARK}{one.casefold()}" for one in text)
        return self._find(marked, self._marked, None)

    def _find(self, text: str, pieces: list[re.Pattern[str]], last: int | None) -> bool:
        """:param last: the length of what the last piece finds; None if it differs."""
        first, *others = pieces
        found = first.match(text)
        if found is None or not others:
            return found is not None and found.end() == len(text)
        for piece in others[:-1]:
            found = piece.search(text, found.end())
            if found is None:
                return False
        if last is None:
            # From wherever it begins, it ends in one place: the later the begin, the later the end.
            return any(one.end() == len(text) for one in _all(others[-1], text, found.end()))
        begin = len(text) - last
        return begin >= found.end() and others[-1].match(text, begin) is not None

    @cached_property
    def _plain(self) -> list[re.Pattern[str]]:
        made = (".".join(map(re.escape, piece.split("_"))) for piece in self._pieces)
        return [re.compile(one, re.DOTALL) for one in made]

    @cached_property
    def _marked(self) -> list[re.Pattern[str]]:
        # Possessive: all that one character is folded to, or nothing of it.
        single, mark = f"{_MARK}[^{_MARK}]++", f"{_MARK}?"
        made = (
            single.join("".join(mark + re.escape(one) for one in part) for part in piece.split("_"))
            for piece in self._pieces
        )
        return [re.compile(one, re.DOTALL) for one in made]


def _all(piece: re.Pattern[str], text: str, at: int) -> Iterator[re.Match[str]]:
    """Yield what a piece finds, overlapping, from `at`."""
    while (found := piece.search(text, at)) is not None:
        yield found
        at = found.start() + 1


def like_prefix(pattern: str) -> str:
    """Return what a text that is like `pattern` begins with."""
    ends = [at for at in (pattern.find("%"), pattern.find("_")) if at >= 0]
    return pattern[: min(ends)] if ends else pattern
