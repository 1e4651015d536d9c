"""What tokens are signed with: Ed25519 or P-256 keys, or, on one box, a shared secret.

A key is named by what it is: its `kid` is its thumbprint (RFC 7638, RFC 8037), so that no two keys share one.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from libs.jwt.weak_secrets import check_secret

Algorithm = Literal["EdDSA", "ES256"]


class Signer(Protocol):
    """Something to sign tokens with."""

    @property
    def kid(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def private(self) -> Any: ...


@dataclass(frozen=True)
class SigningKey:
    """A private key: Ed25519, or P-256 where others ask for it."""

    private: Ed25519PrivateKey | EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, pem: str) -> Self:
        """Read an unencrypted PKCS#8 PEM.

        :raises ValueError: if it is anything but an Ed25519 or P-256 private key; the message quotes nothing.
        """
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError):
            key = None
        if isinstance(key, Ed25519PrivateKey):
            return cls(key)
        if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
            return cls(key)
        raise ValueError("not an Ed25519 or P-256 private key in PEM form (PKCS#8, not encrypted)")

    @classmethod
    def generate(cls, algorithm: Algorithm = "EdDSA") -> Self:
        """Return a new random key. Its `kid` does not begin with ``-``, as options of commands do."""
        while True:
            key = cls(
                Ed25519PrivateKey.generate() if algorithm == "EdDSA" else generate_private_key(SECP256R1())
            )
            if not key.kid.startswith("-"):
                return key

    def to_pem(self) -> str:
        """Return the private key as `from_pem` reads it."""
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.private.private_bytes(serialization.Encoding.PEM, form, none).decode()

    @property
    def algorithm(self) -> Algorithm:
        return "EdDSA" if isinstance(self.private, Ed25519PrivateKey) else "ES256"

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public half as a JSON Web Key (RFC 7517)."""
        members = _public_members(self.private.public_key())
        return {**members, "kid": _thumbprint(members), "alg": self.algorithm, "use": "sig"}

    @property
    def kid(self) -> str:
        return self.jwk["kid"]


@dataclass(frozen=True)
class SharedSecret:
    """A secret that signs and verifies (HS256): for services on one box, which all know it.

    Whoever can verify with it can sign, too. It is a key set (`find`) of one key.

    :raises ValueError: as `check_secret` does.
    """

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        check_secret(self.secret)

    @property
    def algorithm(self) -> str:
        return "HS256"

    @property
    def private(self) -> bytes:
        return self.secret.encode()

    @cached_property
    def kid(self) -> str:
        # A second hash: the name says nothing of what an RFC 7638 thumbprint of the secret would.
        members = {"k": _base64url(self.private), "kty": "oct"}
        return _base64url(hashlib.sha256(_thumbprint(members).encode()).digest())

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key, if that is its name."""
        return self._key if kid == self.kid else None

    @cached_property
    def _key(self) -> jwt.PyJWK:
        return jwt.PyJWK({"kty": "oct", "k": _base64url(self.private), "kid": self.kid, "alg": "HS256"})


def _public_members(key: Ed25519PublicKey | EllipticCurvePublicKey) -> dict[str, str]:
    if isinstance(key, Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    numbers = key.public_numbers()
    x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def _thumbprint(members: dict[str, str]) -> str:
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
