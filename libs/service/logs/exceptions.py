"""Exceptions as a log can tell them: kinds and places, and no texts."""

from collections.abc import Iterator
from traceback import extract_tb
from types import TracebackType

MOST_LINKS = 50
"""How many exceptions in a row are told, each of which came of the next, or holds it."""
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n"
_MET = "\nDuring handling of the above exception, another exception occurred:\n"


def without_texts(
    exc_info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None],
) -> str:
    """Return an exception as Python prints it, with those it came of, and without their texts.

    A text may quote what a client has sent: a password that cannot be hashed, a row that cannot be stored.
    Of very many that came of one another the last `MOST_LINKS` are told.
    """
    return "" if exc_info[1] is None else "\n".join(_lines(exc_info[1], set()))


def _lines(error: BaseException, told: set[int], depth: int = 0) -> Iterator[str]:
    for one, met in reversed(list(_links(error, told))):
        if one.__traceback__ is not None:
            yield "Traceback (most recent call last):"
        for frame in extract_tb(one.__traceback__):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
        yield f"{type(one).__module__}.{type(one).__qualname__}".removeprefix("builtins.")
        for part in one.exceptions if isinstance(one, BaseExceptionGroup) and depth < MOST_LINKS else ():
            if id(part) not in told:
                yield from (f"  | {line}" for line in _lines(part, told, depth + 1))
        if met:
            yield met


def _links(error: BaseException, told: set[int]) -> Iterator[tuple[BaseException, str]]:
    """Yield an exception and those it came of, the last first, each with how the one after it came of it."""
    met = ""
    for _ in range(MOST_LINKS):
        told.add(id(error))
        yield error, met
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None or id(before) in told:
            return
        error, met = before, _CAUSED if error.__cause__ else _MET
