"""Tokens that are over before they expire: written here, read by every service (`libs.jwt.Revocations`).

A session that ends takes its access tokens along: auth itself refuses them after 2 seconds, or 5 where
reading is slow, the others when they have fetched the list again.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException

from libs.errors import no_deadline
from libs.jwt import Caller, RevocationList
from libs.jwt.verifier import LEEWAY_SECONDS
from services.auth.sessions.models import Revocation
from services.auth.tokens import ACCESS_TOKEN_SECONDS

logger = logging.getLogger(__name__)

Kind = Literal["sid", "sub", "jti"]

CACHED_SECONDS = 2.0
SLOW_SECONDS = 3.0
"""How long others go on with the list they have while one thread reads."""
WHOLE_SECONDS = 300.0
"""How often the whole list is read, and not only what was written since the last time."""
OVERLAP_SECONDS = 60.0
"""How far the clocks of those who write may be apart, for what they write to be found before that."""
KEPT_SECONDS = ACCESS_TOKEN_SECONDS + LEEWAY_SECONDS + 30
"""How long a revocation counts: until the last token has expired, on clocks that differ."""
MANY = 50_000
"""About 30 bytes each: 140,000 are as long a document (4 MiB) as other services read."""
_PARTITION = "revoked"


def revoke(kind: Kind, name: str, *, ahead: float = 0) -> None:
    """End the tokens of a session (`sid`), those a subject has till now (`sub`), or one token (`jti`).

    :param ahead: of a subject, end those as well that are made in so many seconds from now: where this clock
        may be behind those of the machines that made them, and there is no session to end.
    """
    now = time.time() + ahead
    until = now + KEPT_SECONDS
    Revocation(
        _PARTITION,
        f"{until:011.0f} {kind} {name}",
        created_at=datetime.fromtimestamp(now, UTC),
        expires_at=datetime.fromtimestamp(until, UTC),
    ).save()


class RevokedTokens:
    """The list of what is over, as it was 2 seconds ago at the most; 5 while one thread reads slowly.

    While the table cannot be read, the list read before stays good.
    """

    def __init__(
        self, *, cached: float = CACHED_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cached = cached
        self._clock = clock
        self._lock = threading.Lock()
        self._list: RevocationList | None = None
        self._rows: dict[str, float] = {}
        self._read_at = float("-inf")
        self._whole_at = float("-inf")
        self._since = 0.0

    def revoked(self, caller: Caller) -> bool:
        """Tell whether the token of `caller` is good no more."""
        return self.current().revoked(caller)

    def current(self) -> RevocationList:
        """Return the list."""
        known, age = self._list, self._clock() - self._read_at
        if known is not None and age < self._cached:
            return known
        must_wait = known is None or age >= self._cached + SLOW_SECONDS
        if not self._lock.acquire(blocking=must_wait) and known is not None:
            return known
        try:
            # Another thread may have read it while this one waited.
            if self._list is None or self._clock() - self._read_at >= self._cached:
                self._renew()
            return self._list or RevocationList()
        finally:
            self._lock.release()

    def _renew(self) -> None:
        try:
            with no_deadline():  # of the request that asks first: all others go by what is read
                self._read()
        except (PynamoDBException, BotoCoreError) as error:
            if self._list is None:
                raise
            logger.warning("cannot read the revocations", extra={"error": type(error).__name__})
        self._read_at = self._clock()

    def _read(self) -> None:
        """Read what was written since the last time, which is at the end, or everything."""
        now, whole = time.time(), self._clock() - self._whole_at >= WHOLE_SECONDS
        after = Revocation.until_what > f"{now if whole else max(now, self._since):011.0f}"
        rows = Revocation.query(_PARTITION, after, consistent_read=True)
        found = {row.until_what: row.created_at.timestamp() for row in rows}
        if whole or not found.items() <= self._rows.items():
            self._rows = found if whole else {**self._rows, **found}
            self._list = _list_of(self._rows)
        if whole:
            self._whole_at = self._clock()
            if len(found) > MANY:
                logger.error("so many revocations that other services may soon refuse the list")
        self._since = now + KEPT_SECONDS - OVERLAP_SECONDS


def _list_of(rows: dict[str, float]) -> RevocationList:
    """Return the list.

    :param rows: what is over (`Revocation.until_what`), and since when, in seconds since the epoch.
    """
    names: dict[str, set[str]] = {"sid": set(), "jti": set()}
    subjects: dict[str, float] = {}
    for until_what, moment in rows.items():
        _, kind, name = until_what.split(" ", 2)
        if kind == "sub":
            subjects[name] = max(moment, subjects.get(name, moment))
        else:
            names[kind].add(name)
    return RevocationList(frozenset(names["sid"]), subjects, frozenset(names["jti"]))
