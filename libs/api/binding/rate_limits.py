"""``x-rate-limit``: how often one caller may call an operation.

It stands at an operation, at a path for all of its operations, or at the top of the document for all of those
that say nothing else; the nearest one counts::

    x-rate-limit: 100/minute
    x-rate-limit: [10/second, 1000/hour]
    x-rate-limit: unlimited
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RATE_LIMIT = "x-rate-limit"
UNLIMITED = "unlimited"
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
"""The lengths of windows in seconds, by name."""

_LIMIT = re.compile(rf"([1-9][0-9]{{0,8}})/({'|'.join(UNITS)})\Z")
_INSTEAD = (
    "write 100/minute (or another number from 1 to 999999999 by second, minute, hour or day), a list of such "
    f"with each unit once, or {UNLIMITED}"
)


@dataclass(frozen=True)
class RateLimit:
    """So and so many requests in a window.

    :param unit: how long the window is: a key of `UNITS`.
    """

    requests: int
    unit: str

    @property
    def seconds(self) -> int:
        """How long the window is."""
        return UNITS[self.unit]


def read_rate_limits(value: Any) -> tuple[RateLimit, ...]:
    """Read what stands at ``x-rate-limit``; none for ``unlimited``.

    :raises ValueError: naming what may stand there.
    """
    if value == UNLIMITED:
        return ()
    texts = value if isinstance(value, list) and value else [value]
    found = [_LIMIT.match(one) if isinstance(one, str) else None for one in texts]
    limits = tuple(RateLimit(int(one[1]), one[2]) for one in found if one is not None)
    if len(limits) < len(texts) or len({one.unit for one in limits}) < len(limits):
        raise ValueError(f"{RATE_LIMIT} is no limit: {_INSTEAD}")
    return limits


def rate_limit_fault(value: Any) -> str | None:
    """Tell what is wrong with what stands at ``x-rate-limit``, if anything is."""
    try:
        read_rate_limits(value)
    except ValueError as error:
        return str(error)
    return None


def rate_limits_of(*nodes: Mapping[str, Any]) -> tuple[RateLimit, ...]:
    """Return the limits of an operation.

    :param nodes: the operation, its path, and the document: what says something first counts.
    :raises ValueError: as `read_rate_limits`.
    """
    return next((read_rate_limits(one[RATE_LIMIT]) for one in nodes if RATE_LIMIT in one), ())
