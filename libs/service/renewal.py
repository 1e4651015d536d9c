"""Telling a client that its token is getting old, before it is refused.

A service does not renew a token: auth alone signs, and the client has what a new one is given for, its
refresh token. It is told in time instead, so that nobody has to be refused first.
"""

import math
import time
from collections.abc import Callable, Mapping

from libs.jwt import Caller

EXPIRES_HEADER = "X-Token-Expires-In"
_NONE: Mapping[str, str] = {}


class Renewal:
    """Tells of tokens of a certain age in how many seconds they expire.

    :param after: that age, in seconds.
    :param clock: seconds since 1970.
    """

    def __init__(self, after: float, *, clock: Callable[[], float] = time.time) -> None:
        self._after = after
        self._clock = clock

    def headers(self, caller: Caller | None) -> Mapping[str, str]:
        """Return the header for the answer to a caller; none where nobody is known, or not by a JWT."""
        if caller is None:
            return _NONE
        issued, expires = caller.claims.get("iat"), caller.claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            return _NONE
        now = self._clock()
        if now < issued + self._after:
            return _NONE
        # One that has just expired is still taken, for clocks differ.
        return {EXPIRES_HEADER: str(max(math.floor(expires - now), 0))}
