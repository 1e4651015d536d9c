"""How long is waited before a call is made again."""

import random

_FIRST_SECONDS, _MOST_SECONDS = 0.1, 2.0


def pause_before(retry: int, *, first: float = _FIRST_SECONDS, most: float = _MOST_SECONDS) -> float:
    """Return the seconds to wait before the first, second … retry.

    They grow exponentially, with full jitter, so that those who failed together do not come back together.

    :param first: the most seconds before the first retry.
    :param most: the most seconds before any.
    """
    longest = min(most, first * 2 ** (retry - 1))
    return random.uniform(0, longest)  # noqa: S311 - nothing secret
