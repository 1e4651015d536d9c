"""Beginning and ending a try while the database does not answer."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from pynamodb.exceptions import PynamoDBException

from libs.dynamodb import as_problem
from libs.errors import ServiceUnavailable

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""Seconds between two attempts: they double."""

Done = TypeVar("Done")


def has_no_answer(error: Exception) -> bool:
    """Tell whether it means that the database does not answer, so that what was asked may be done or not."""
    return isinstance(as_problem(error), ServiceUnavailable)


def until_answered(
    do: Callable[[], Done], seconds: float, *, again: Callable[[Exception], bool] = has_no_answer
) -> Done:
    """Return what `do` returns; it is done again, for so many seconds, while the database does not answer.

    :param seconds: how long attempts begin; the last one may end some seconds later.
    :param again: tells by what `do` has raised whether it is to be done again.
    :raises Exception: what the last attempt has raised.
    """
    until, pause = time.monotonic() + seconds, 0.0
    while True:
        try:
            time.sleep(pause)
            return do()
        except Exception as error:
            pause = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)
            if not again(error) or time.monotonic() + pause > until:
                raise


def store_end(end: Callable[[], bool], seconds: float) -> bool:
    """Do `end`, which stores what became of a try; again if the database does not answer.

    What a task has done is done. For an answer that does not come, or a time limit that comes by now, it must
    not count as failed, and be done again.

    :param seconds: how long attempts begin; not longer than the lease is good.
    :returns: what `end` does; False if that was in vain, so that the lease runs out.
    :raises PynamoDBException: if the database refuses it, as it would each time.
    """
    try:
        return until_answered(end, seconds, again=lambda error: not _is_refusal(error))
    except Exception as error:
        if _is_refusal(error):
            raise
        logger.exception("the end of a task could not be stored; its lease will run out")
        return False


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, PynamoDBException) and not has_no_answer(error)
