"""Storing what became of a try while the database does not answer."""

import logging
import time
from collections.abc import Callable

from pynamodb.exceptions import PynamoDBException

from libs.dynamodb import as_problem
from libs.errors import ServiceUnavailable

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""Seconds between two attempts: they double."""


def store_end(end: Callable[[], bool], seconds: float) -> bool:
    """Do `end`, which stores what became of a try; again if the database does not answer.

    What a task has done is done. For an answer that does not come, or a time limit that comes by now, it must
    not count as failed, and be done again.

    :param seconds: how long attempts begin; not longer than the lease is good.
    :returns: what `end` does; False if that was in vain, so that the lease runs out.
    :raises PynamoDBException: if the database refuses it, as it would each time.
    """
    until, pause = time.monotonic() + seconds, 0.0
    while True:
        try:
            time.sleep(pause)
            return end()
        except Exception as error:
            if isinstance(error, PynamoDBException) and not isinstance(as_problem(error), ServiceUnavailable):
                raise
            pause = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)
            if time.monotonic() + pause > until:
                logger.exception("the end of a task could not be stored; its lease will run out")
                return False
