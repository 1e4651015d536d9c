"""Writers in each other's way: DynamoDB refuses one of two that want the same item at the same moment."""

from collections.abc import Callable, Iterator
from random import SystemRandom
from time import sleep
from typing import TypeVar

from botocore.exceptions import ClientError
from pynamodb.exceptions import TransactWriteError

from libs.dynamodb.errors import error_code
from libs.errors import ServiceUnavailable

ATTEMPTS = 10
LONGEST_PAUSE = 0.2
FIRST_PAUSE = 0.005
"""Seconds between two attempts, at most: it doubles until it is `LONGEST_PAUSE`. All take about a second."""

Done = TypeVar("Done")


def patiently(write: Callable[[], Done]) -> Done:
    """Do `write`, and again where it collides with another writer.

    Whatever else it raises goes on, and so does the collision of its last attempt (503, `as_problem`).
    """
    for pause in pauses():
        try:
            return write()
        except (ClientError, TransactWriteError) as error:
            if not is_collision(error):
                raise
        sleep(pause)
    return write()


def pauses() -> Iterator[float]:
    """Yield the seconds to wait between attempts; random ones, so that two who met do not meet again."""
    random = SystemRandom()
    for number in range(ATTEMPTS - 1):
        yield random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**number))


def wait(waits: Iterator[float], given_up: ServiceUnavailable | None = None) -> None:
    """Wait for the next of these `pauses`, to do a write again that others were in the way of.

    :param given_up: what is raised if there is none any more; by default `contended`.
    """
    pause = next(waits, None)
    if pause is None:
        raise given_up or contended()
    sleep(pause)


def is_collision(error: Exception) -> bool:
    """Tell whether a write was refused for another one at the same moment, and nothing of it was done."""
    if isinstance(error, TransactWriteError):
        return {reason.code for reason in error.cancellation_reasons if reason} == {"TransactionConflict"}
    return error_code(error) == "TransactionConflictException"


def contended() -> ServiceUnavailable:
    """Return the problem that others were faster each time."""
    return ServiceUnavailable("It is being changed by others. Try again.")


def unanswered() -> ServiceUnavailable:
    """Return the problem that DynamoDB has left a part undone each time."""
    return ServiceUnavailable("The database does not answer. Try again.")
