"""Tokens that are over before they expire: written here, read by every service (`libs.jwt.Revocations`).

A session that ends takes its access tokens along: auth itself refuses them after 2 seconds, the others when
they have fetched the list again.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException

from libs.jwt import Caller, RevocationList
from libs.jwt.verifier import LEEWAY_SECONDS
from services.auth.sessions.models import Revocation
from services.auth.tokens import ACCESS_TOKEN_SECONDS

logger = logging.getLogger(__name__)

Kind = Literal["sid", "sub", "jti"]

CACHED_SECONDS = 2.0
KEPT_SECONDS = ACCESS_TOKEN_SECONDS + LEEWAY_SECONDS + 30
"""How long a revocation counts: until the last token has expired, on clocks that differ."""
_PARTITION = "revoked"


def revoke(kind: Kind, name: str) -> None:
    """End the tokens of a session (`sid`) or a subject (`sub`), or one token (`jti`).

    For a subject, those that are made within the next 16 minutes are refused, too.
    """
    until = time.time() + KEPT_SECONDS
    expires_at = datetime.fromtimestamp(until, UTC)
    Revocation(_PARTITION, f"{until:011.0f} {kind} {name}", expires_at=expires_at).save()


class RevokedTokens:
    """The list of what is over, read every 2 seconds at most.

    While the table cannot be read, the list read before stays good.
    """

    def __init__(
        self, *, cached: float = CACHED_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cached = cached
        self._clock = clock
        self._lock = threading.Lock()
        self._list: RevocationList | None = None
        self._read_at = float("-inf")

    def revoked(self, caller: Caller) -> bool:
        """Tell whether the token of `caller` is good no more."""
        return self.current().revoked(caller)

    def current(self) -> RevocationList:
        """Return the list."""
        known = self._list
        if known is not None and self._clock() - self._read_at < self._cached:
            return known
        with self._lock:
            # Another thread may have read it while this one waited.
            if self._list is None or self._clock() - self._read_at >= self._cached:
                self._read()
            return self._list or RevocationList()

    def _read(self) -> None:
        try:
            self._list = _read()
        except (PynamoDBException, BotoCoreError) as error:
            if self._list is None:
                raise
            logger.warning("cannot read the revocations", extra={"error": type(error).__name__})
        self._read_at = self._clock()


def _read() -> RevocationList:
    found: dict[str, set[str]] = {"sid": set(), "sub": set(), "jti": set()}
    live = Revocation.until_what > f"{time.time():011.0f}"
    for row in Revocation.query(_PARTITION, live, consistent_read=True):
        _, kind, name = row.until_what.split(" ", 2)
        found[kind].add(name)
    return RevocationList(frozenset(found["sid"]), frozenset(found["sub"]), frozenset(found["jti"]))
