"""Password hashes by argon2id (RFC 9106)."""

import os
import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError

from libs.errors import ServiceUnavailable

WAIT_SECONDS = 3.0


class Passwords:
    """Hash and verify passwords.

    19 MiB, two passes, one lane: OWASP's first choice for argon2id. As many run at once as there are
    processors; more would only take memory, so that a flood of log-ins ends in 503s and not in swap.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
        self._slots = threading.BoundedSemaphore(os.cpu_count() or 1)
        self._nobodys_hash = self._hasher.hash(os.urandom(16))

    def hash(self, password: str) -> str:
        """Return the hash, with its salt and parameters, to be stored.

        :raises ServiceUnavailable: if no slot came free in 3 seconds.
        """
        self._take_slot()
        try:
            return self._hasher.hash(password)
        finally:
            self._slots.release()

    def verify(self, password: str, stored: str | None) -> bool:
        """Tell whether `password` is the one that `stored` was made of.

        :param stored: the hash, or None if there is no such user; that takes as long and is False.
        :raises ServiceUnavailable: if no slot came free in 3 seconds.
        """
        self._take_slot()
        try:
            self._hasher.verify(stored or self._nobodys_hash, password)
        except VerificationError:
            return False
        finally:
            self._slots.release()
        return stored is not None

    def _take_slot(self) -> None:
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise ServiceUnavailable("Too many log-ins at once. Try again.")
