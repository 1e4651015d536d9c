"""Refresh tokens: ``<session id>.<43 characters>``, of which only a hash is stored.

The 43 characters are 32 bytes: 20 random ones, and 12 that prove they were made for this session here. The
proof tells a token that was good once from one that somebody made up: only the first is a reason to end a
session, or else everybody who has seen its id could.
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Self

RANDOM_BYTES = 20
PROOF_BYTES = 12
LONGEST = 200
"""As in the contract; and no key of DynamoDB is longer than 2,048 bytes."""


@dataclass(frozen=True)
class RefreshToken:
    """A token as its holder has it.

    :param secret: all 32 bytes.
    """

    session_id: str
    secret: bytes = field(repr=False)

    @classmethod
    def new(cls, session_id: str, family: bytes) -> Self:
        """Make a token for a session.

        :param family: the session's secret.
        """
        random = os.urandom(RANDOM_BYTES)
        return cls(session_id, random + _proof(session_id, random, family))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the token, or None for what has not the form of one."""
        session_id, _, secret = text.partition(".")
        if len(text) > LONGEST or not session_id.isalnum() or not session_id.isascii():
            return None
        try:
            token = cls(session_id, base64.b64decode(f"{secret}=", altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            return None
        # One spelling: the last bits of the text are zero.
        return token if len(token.secret) == RANDOM_BYTES + PROOF_BYTES and token.text == text else None

    @property
    def text(self) -> str:
        return f"{self.session_id}.{base64.urlsafe_b64encode(self.secret).decode().rstrip('=')}"

    @property
    def hash(self) -> str:
        """What is stored of it. It is random, so a fast hash will do."""
        return hashlib.sha256(self.secret).hexdigest()

    def is_of(self, family: bytes) -> bool:
        """Tell whether it was made with the secret of this session."""
        random, proof = self.secret[:RANDOM_BYTES], self.secret[RANDOM_BYTES:]
        return hmac.compare_digest(proof, _proof(self.session_id, random, family))


def _proof(session_id: str, random: bytes, family: bytes) -> bytes:
    return hmac.digest(family, session_id.encode() + random, "sha256")[:PROOF_BYTES]
