"""Password hashes by argon2id (RFC 9106)."""

import os
import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from libs.errors import ServiceUnavailable

WAIT_SECONDS = 3.0

MEMORY_FLOORS_KIB = {1: 46 * 1024, 2: 19 * 1024, 3: 12 * 1024}
"""The least memory for a number of passes (OWASP ASVS 5.0, appendix C); more passes than 3 need no less."""


def below_floor(memory_kib: int, passes: int) -> int | None:
    """Return the least memory in KiB for so many passes, where `memory_kib` is less; else None."""
    floor = MEMORY_FLOORS_KIB[min(passes, max(MEMORY_FLOORS_KIB))]
    return floor if memory_kib < floor else None


class Passwords:
    """Hash and verify passwords, which are taken as they are: any characters, cut nowhere.

    By default 19 MiB, two passes, one lane: OWASP's first choice for argon2id. As many run at once as there
    are processors; more would only take memory, so that a flood of log-ins ends in 503s and not in swap.

    :param lanes: threads one hash is made with.
    :raises ValueError: for parameters below the floors of ASVS.
    """

    def __init__(self, *, memory_kib: int = 19 * 1024, passes: int = 2, lanes: int = 1) -> None:
        if floor := below_floor(memory_kib, passes):
            raise ValueError(f"argon2id with {passes} passes needs at least {floor} KiB of memory")
        self._hasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=lanes, type=Type.ID
        )
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

        :param stored: the hash, or None if there is no such user; that is False, after no less work: for a
            wrong password, that of the present parameters is always done, also where the hash has others; so
            one that has others takes longer than none, until its owner logs in.
        :raises ServiceUnavailable: if no slot came free in 3 seconds.
        """
        self._take_slot()
        try:
            right = self._is_of(stored, password) if stored else False
            if not right and (stored is None or self.is_outdated(stored)):
                self._is_of(self._nobodys_hash, password)
            return right
        finally:
            self._slots.release()

    def is_outdated(self, stored: str) -> bool:
        """Tell whether `stored` was made with other parameters than those of now."""
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return True

    def _is_of(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _take_slot(self) -> None:
        if not self._slots.acquire(timeout=WAIT_SECONDS):
            raise ServiceUnavailable("Too many log-ins at once. Try again.")
