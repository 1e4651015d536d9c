"""Encrypting what is stored and must not be read with the table: AES-256-GCM, its key by HKDF (RFC 5869)."""

import os

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
    """

    def __init__(self, secret: bytes, purpose: str) -> None:
        derived = HKDF(SHA256(), KEY_BYTES, salt=None, info=f"polymacaron {purpose}".encode())
        self._cipher = AESGCM(derived.derive(secret))

    def seal(self, text: str, context: str) -> bytes:
        """Return a random nonce and the encrypted text.

        :param context: what it belongs to; it opens with nothing else.
        """
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), context.encode())

    def open(self, sealed: bytes, context: str) -> str:
        """Return the text.

        :raises WrongSecret: if it was not sealed with this secret for this purpose and context.
        """
        nonce, encrypted = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, encrypted, context.encode()).decode()
        except (InvalidTag, ValueError):
            raise WrongSecret("sealed with another secret, or changed since") from None
