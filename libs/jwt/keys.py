"""Ed25519 keys, named by what they are (RFC 8037, RFC 7638)."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "EdDSA"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """Return the JSON Web Key of a public key; its `kid` is the RFC 7638 thumbprint."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    thumbprint = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return {**members, "kid": _base64url(thumbprint), "alg": ALGORITHM, "use": "sig"}


@dataclass(frozen=True)
class SigningKey:
    """A private key that tokens are signed with."""

    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Read an unencrypted PKCS#8 PEM.

        :raises ValueError: if it is anything but an Ed25519 private key; the message never quotes it.
        """
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 private key in PEM form (PKCS#8, not encrypted)")  # noqa: TRY004
        return cls(key)

    @classmethod
    def generate(cls) -> Self:
        """Return a new random key."""
        return cls(Ed25519PrivateKey.generate())

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key."""
        return public_jwk(self.private.public_key())

    @property
    def kid(self) -> str:
        return self.jwk["kid"]
