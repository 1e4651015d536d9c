"""Encrypting what is stored and must not be read with the table: AES-256-GCM, its key by HKDF (RFC 5869)."""

import os
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
KEY_BYTES = 32


class WrongSecret(Exception):
    """It was sealed with another secret, for something else, or changed since."""


class Seal:
    """Seal texts with a key derived from a secret.

    :param secret: enough of chance to make a key of: no password.
    :param purpose: what it is for; what was sealed for one purpose opens for no other.
    :param before: a secret that is being replaced: it opens, and seals no more.
    """

    def __init__(self, secret: bytes, purpose: str, *, before: bytes | None = None) -> None:
        self._cipher = _cipher(secret, purpose)
        self._before = None if before is None else _cipher(before, purpose)

    def seal(self, text: str, context: str) -> bytes:
        """Return a random nonce and the encrypted text.

        :param context: what it belongs to; it opens with nothing else.
        """
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """Return the text.

        :raises WrongSecret: if it was not sealed with this secret, nor with the one before, for this purpose
            and context.
        """
        nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for cipher in (self._cipher, self._before):
            if cipher is not None:
                with suppress(InvalidTag, ValueError):
                    return cipher.decrypt(nonce, encrypted, context.encode()).decode()
        raise WrongSecret("sealed with another secret, or changed since")


def _cipher(secret: bytes, purpose: str) -> AESGCM:
    derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"polymacaron {purpose}".encode())
    return AESGCM(derived.derive(secret))
