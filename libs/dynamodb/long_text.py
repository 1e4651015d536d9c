"""A long text as a cursor remembers it: too little to tell it again, enough to tell what is before it.

A text of 100 KB does not fit into a cursor. What a cursor has to know of the text it stands on is only how
others compare with it: so it keeps the beginning and, for the places further on where rows that were there
part from the text, how long it agrees with them (a digest of so much of it) and which character follows.
Every text that was there then is compared exactly, also when the one the cursor stands on is gone. So a
cursor grows with the places where others part from the text above and below it in turns: two of them take
some 30 characters, and a list with too many is refused (`LONGEST_CURSOR`), rather than rows shown twice.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

KEPT = 100
"""Characters a cursor holds as they are; a text of no more is no long one."""


@dataclass(frozen=True)
class Step:
    """How the text goes on at one place.

    :param length: characters before that place.
    :param digest: of these.
    :param following: the character there; ``""`` at the end of the text.
    :param above: whether others that agree with the text here, but not as far as the next step, are greater.
    """

    length: int
    digest: str
    following: str
    above: bool


@dataclass(frozen=True, eq=False)
class LongText:
    """Compares with texts as the text it was made of does.

    It does so exactly with those it was made among and those that part from it within `KEPT` characters. One
    that came later and agrees further, but not as far as any of those did, is before or behind it as the
    nearest of them.

    :param beginning: of the text.
    :param steps: the shortest first; the last is the whole text.
    """

    beginning: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, text: str, others: Iterable[object]) -> "LongText":
        """Return `text`, to be compared with `others`; those that are no texts do not matter."""
        beginning = text[:KEPT]
        near = {one for one in others if isinstance(one, str) and one.startswith(beginning)}
        sides: dict[int, set[bool]] = {}
        for other in near:
            sides.setdefault(_agreeing(text, other), set()).add(other > text)
        steps: list[tuple[int, bool | None]] = [(len(beginning), None)]
        for length in sorted(sides.keys() - {len(text)}):
            (start, above), found = steps[-1], sides[length]
            if length > start and len(found) == 1 and above in (None, *found):
                steps[-1] = (start, found.pop())
            elif length > start:
                steps.append((length, None))
        if len(text) > steps[-1][0]:
            steps.append((len(text), None))
        made = (Step(at, _digest(text[:at]), text[at : at + 1], above is not False) for at, above in steps)
        return cls(beginning, tuple(made))

    def found_in(self, others: Iterable[object]) -> "str | LongText":
        """Return the text itself if it is one of `others`, so that all compare exactly; else this."""
        return next((one for one in others if isinstance(one, str) and self == one), self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LongText):
            return (self.beginning, self.steps) == (other.beginning, other.steps)
        return isinstance(other, str) and self._compared(other) == 0

    __hash__ = None  # type: ignore[assignment] # it is equal to a text

    def __lt__(self, other: str) -> bool:
        return self._compared(other) > 0

    def __gt__(self, other: str) -> bool:
        return self._compared(other) < 0

    def _compared(self, other: str) -> int:
        """Return 1 for a greater one, -1 for a lesser one, 0 for the text itself."""
        beginning = other[:KEPT]
        if beginning != self.beginning:
            return 1 if beginning > self.beginning else -1
        reached = self.steps[0]
        for step in self.steps[1:]:
            if len(other) < step.length or _digest(other[: step.length]) != step.digest:
                break
            reached = step
        following = other[reached.length : reached.length + 1]
        if following == reached.following:
            return 0 if not following else 1 if reached.above else -1
        return 1 if following > reached.following else -1


def _agreeing(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    # By halves: to compare two slices is one step, to go through 400 KB by the character is not.
    parted = range(1, min(len(one), len(other)) + 1)
    return bisect_left(parted, True, key=lambda length: one[:length] != other[:length])


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
