"""The ring of keys: one signs, the one after it is known before it does, those before it still verify.

::

    made, published ── LEAD ──> signs ── until the next one does ──> verifies ── KEPT ──> gone

Each process reads the ring again every half minute; nothing is restarted for a new key.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PutError, PynamoDBException, UpdateError
from pynamodb.expressions.update import Action

from libs.dynamodb import is_condition_failure
from libs.errors import no_deadline
from libs.jwt import SigningKey
from libs.jwt.keys import Algorithm
from libs.jwt.verifier import LEEWAY_SECONDS
from services.auth.audit import OPERATOR, audit
from services.auth.keys.models import RING, Key
from services.auth.keys.sealing import Seal, WrongSecret
from services.auth.tokens import ACCESS_TOKEN_SECONDS

logger = logging.getLogger(__name__)

RELOAD_SECONDS = 30.0
COOLDOWN_SECONDS = 1.0
"""Between two reads for key ids that nobody knows, and for who fetches the keys."""
LEAD_SECONDS = 900.0
"""Between the publishing of a key and the first token it signs. Whoever verifies may have read the keys,
through a cache, from a process of ours that had not: 300 + 300 + 30 seconds."""
KEPT_SECONDS = ACCESS_TOKEN_SECONDS + LEEWAY_SECONDS + 2 * RELOAD_SECONDS
"""How long a key is published after the next one signs: until the last token is over, also that of a process
which had not read the ring yet."""
DAY_SECONDS = 24 * 3600
FORGOTTEN_SECONDS = 7 * DAY_SECONDS
"""How long the row of a key stays after it is published no more."""


@dataclass(frozen=True)
class RingKey:
    """A key of the ring.

    :param published_until: seconds since the epoch; None while there is no other to sign after it.
    """

    row: Key
    private: SigningKey
    public: jwt.PyJWK
    published_until: float | None


@dataclass(frozen=True)
class _Ring:
    keys: list[RingKey]
    """Those that are not retired, by number."""

    def signing(self, now: float) -> RingKey:
        due = [one for one in self.keys if one.row.signs_from <= now]
        return due[-1] if due else self.keys[0]

    def published(self, now: float) -> list[RingKey]:
        return [one for one in self.keys if one.published_until is None or now < one.published_until]


class KeyRing:
    """Keys in the table `keys`, read every `reload` seconds, and for a key id that is not among them.

    While the table cannot be read, the keys read before stay good; and so they do while one of them was
    sealed with a secret that this process has not.

    :param secret: what the private keys are sealed with.
    :param before: the secret they were sealed with before, until `reseal` was called.
    :param rotation_days: a key that has signed for so long gets a successor; 0 for never.
    :param algorithm: of the keys that are made from now on.
    :param lead: seconds between the publishing of a key and the first token it signs.
    :param kept: seconds that a key is published after the next one signs.
    :param clock: the time, which all processes go by.
    :param ages: tells how long ago the table was read, whatever is done to the clock.
    """

    def __init__(
        self,
        secret: str,
        *,
        before: str | None = None,
        rotation_days: float = 30,
        algorithm: Algorithm = "EdDSA",
        lead: float = LEAD_SECONDS,
        kept: float = KEPT_SECONDS,
        reload: float = RELOAD_SECONDS,
        cooldown: float = COOLDOWN_SECONDS,
        clock: Callable[[], float] = time.time,
        ages: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seal = Seal(secret.encode(), "key ring", before=None if before is None else before.encode())
        self._rotation_seconds = rotation_days * DAY_SECONDS
        self._algorithm: Algorithm = algorithm
        self._lead = lead
        self._kept_seconds = kept
        self._reload = reload
        self._cooldown = cooldown
        self._clock = clock
        self._ages = ages
        self._lock = threading.Lock()
        self._ring: _Ring | None = None
        self._read_at = float("-inf")

    def signer(self) -> SigningKey:
        """Return the key to sign with now. Of an empty ring it makes the first one.

        :raises WrongSecret: if the keys were sealed with another secret.
        """
        return self._current().signing(self._clock()).private

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the public key named `kid`, or None if there is none."""
        known = self._find(self._current(), kid)
        if known is None and self._ages() - self._read_at >= self._cooldown:
            # All who look for it wait for the one read: it may be there.
            known = self._find(self._renewed(self._cooldown, wait=True), kid)
        return known

    def jwks(self) -> list[dict[str, str]]:
        """Return the public keys that tokens may be signed with, now or soon (RFC 7517).

        They are at most a second old, for who asks has perhaps met a key that another process has just made.
        """
        ring = self._current()
        if self._ages() - self._read_at >= self._cooldown:
            ring = self._renewed(self._cooldown, wait=True)
        return [one.private.jwk for one in ring.published(self._clock())]

    def ready(self) -> None:
        """:raises WrongSecret: if the keys were sealed with another secret."""
        self._current()

    def rotate(self, *, now: bool = False) -> Key:
        """Make the next key, which signs after the lead, or now; return its row.

        :raises WrongSecret: if the keys were sealed with another secret; nothing is stored then.
        """
        while True:
            rows = self._rows()
            self._opened(rows)  # a key that the others cannot open would be the end of them all
            made = self._make(rows, self._clock() if now or not rows else self._clock() + self._lead)
            if made is not None:
                self._forget(rows)
                return made

    def retire(self, kid: str) -> bool:
        """Publish a key no more, from now on: others may know it. Tell whether there was such a key.

        A new one is made that signs at once, even if the retired one did not sign: whoever meets the first
        token of the new key fetches the keys, and so forgets the retired one in seconds instead of minutes.

        :raises WrongSecret: as `rotate`; nothing is retired then.
        """
        found = [row for row in self._rows() if row.kid == kid and not row.is_retired]
        if not found:
            return False
        self.rotate(now=True)
        for row in found:
            row.update(actions=[Key.retired_at.set(self._clock())])
            audit("key retired", by=OPERATOR, kid=row.kid)
        self._read_at = float("-inf")
        return True

    def reseal(self) -> int:
        """Seal all keys with the secret, also those sealed with the one before; return how many there are.

        :raises WrongSecret: if one was sealed with neither; nothing is changed then.
        """
        opened = [(row, self._seal.open(row.sealed, row.kid)) for row in self._rows()]
        for row, pem in opened:
            # No condition but that it is there: whoever else does this at the same time seals the same key.
            actions: list[Action] = [Key.sealed.set(self._seal.seal(pem, row.kid))]
            try:
                row.update(actions, condition=Key.ring.exists())
            except UpdateError as error:
                if not is_condition_failure(error):  # it has been forgotten meanwhile
                    raise
        audit("keys resealed", by=OPERATOR, count=len(opened))
        return len(opened)

    def keys(self) -> tuple[list[RingKey], RingKey]:
        """Return all keys that are not retired, as they are stored now, and the one that signs."""
        self._read_at = float("-inf")
        ring = self._current()
        return ring.keys, ring.signing(self._clock())

    def _current(self) -> _Ring:
        ring = self._ring
        if ring is None or self._ages() - self._read_at >= self._reload:
            ring = self._renewed(self._reload)
        return ring

    def _renewed(self, age: float, *, wait: bool = False) -> _Ring:
        """Return the ring, read by this thread or another one; not again if that was less than `age` ago."""
        known = self._ring
        # Whoever has a ring goes on with it while another thread reads.
        if not self._lock.acquire(blocking=wait or known is None) and known is not None:
            return known
        try:
            if self._ring is None or self._ages() - self._read_at >= age:
                self._read()
            return self._ring  # type: ignore[return-value]  # it has been read
        finally:
            self._lock.release()

    def _read(self) -> None:
        try:
            with no_deadline():  # of the request that asks first: all others sign and verify by it
                self._ring = self._opened(self._complete())
        except (PynamoDBException, BotoCoreError, WrongSecret) as error:
            if self._ring is None:
                raise
            logger.warning("cannot read the keys", extra={"error": type(error).__name__})
        self._read_at = self._ages()

    def _complete(self) -> list[Key]:
        """Return the rows, after having made the key that is due, and without those that are long over.

        :raises WrongSecret: if they were sealed with another secret, before one is made with this one.
        """
        rows = self._rows()
        while (signs_from := self._due(rows)) is not None:
            self._opened(rows)
            self._make(rows, signs_from)
            rows = self._rows()
        return self._forget(rows)

    def _due(self, rows: list[Key]) -> float | None:
        """Return when the key that must be made now is to sign; None if there is none to make."""
        now = self._clock()
        live = [row for row in rows if not row.is_retired]
        if not live:
            return now
        old = self._rotation_seconds and now - live[-1].signs_from >= self._rotation_seconds
        return now + self._lead if old else None

    def _rows(self) -> list[Key]:
        return list(Key.query(RING, consistent_read=True))

    def _make(self, rows: list[Key], signs_from: float) -> Key | None:
        """Store the key after these; return None if another process was faster."""
        key, number = SigningKey.generate(self._algorithm), int(rows[-1].number) + 1 if rows else 1
        row = Key(
            RING,
            number,
            kid=key.kid,
            algorithm=key.algorithm,
            sealed=self._seal.seal(key.to_pem(), key.kid),
            created_at=self._clock(),
            signs_from=signs_from,
        )
        try:
            row.save(Key.ring.does_not_exist())
        except PutError as error:
            if not is_condition_failure(error):
                raise
            return None
        logger.info("made a key", extra={"kid": row.kid, "signs_from": signs_from})
        return row

    def _forget(self, rows: list[Key]) -> list[Key]:
        """Delete the rows of keys that have been over for long, and return the others."""
        left = []
        for row, until in zip(rows, self._ends(rows), strict=True):
            over = float(row.retired_at) if row.is_retired else until
            if over is not None and self._clock() - over > FORGOTTEN_SECONDS:
                row.delete()
            else:
                left.append(row)
        return left

    def _ends(self, rows: list[Key]) -> list[float | None]:
        """Return until when each key is published, if it is not retired.

        A later key that has signed counts, though it was retired since: what was over before stays over.
        """
        ends: list[float | None] = []
        for index in range(len(rows)):
            later = [float(row.signs_from) for row in rows[index + 1 :] if _has_signed_or_will(row)]
            ends.append(min(later) + self._kept_seconds if later else None)
        return ends

    def _opened(self, rows: list[Key]) -> _Ring:
        kept = {one.row.kid: one for one in self._ring.keys} if self._ring else {}
        keys: list[RingKey] = []
        for row, until in zip(rows, self._ends(rows), strict=True):
            if row.is_retired or (until is not None and until <= self._clock()):
                continue
            known = kept.get(row.kid)
            private = known.private if known else SigningKey.from_pem(self._seal.open(row.sealed, row.kid))
            public = known.public if known else jwt.PyJWK(dict[str, Any](private.jwk), private.algorithm)
            keys.append(RingKey(row, private, public, until))
        return _Ring(keys)

    def _find(self, ring: _Ring, kid: str) -> jwt.PyJWK | None:
        published = ring.published(self._clock())
        return next((one.public for one in published if one.private.kid == kid), None)


def _has_signed_or_will(row: Key) -> bool:
    return not row.is_retired or bool(row.retired_at > row.signs_from)


__all__ = ["KeyRing", "RingKey", "WrongSecret"]
