"""Forged access tokens, each made from a genuine one with a single thing wrong."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encode_segment(value: dict[str, Any]) -> str:
    """One part of a JWT: JSON in URL-safe base64 without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@dataclass(frozen=True)
class GenuineToken:
    """A token the deployment signed, taken apart, with the published key that verifies it."""

    token: str
    header: dict[str, Any]
    claims: dict[str, Any]
    key: jwt.PyJWK

    @classmethod
    def of(cls, token: str, keys: list[dict[str, Any]]) -> "GenuineToken":
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
        key = next(jwt.PyJWK.from_dict(key) for key in keys if key["kid"] == header["kid"])
        return cls(token, header, claims, key)

    def with_claims(self, **changed: Any) -> str:
        """Other claims under the old signature."""
        header, _, signature = self.token.split(".")
        return f"{header}.{encode_segment({**self.claims, **changed})}.{signature}"

    def truncated(self) -> str:
        """The signature cut off in its middle."""
        return self.token[:-20]

    def unsigned(self) -> str:
        """The signature left out, its dot kept."""
        return self.token.rpartition(".")[0] + "."

    def with_algorithm_none(self, spelling: str = "none") -> str:
        """The header says that nothing is signed (RFC 8725, 2.1)."""
        return f"{encode_segment({**self.header, 'alg': spelling})}.{encode_segment(self.claims)}."

    def signed_by_stranger(self, *, without: str = "", **changed_header: Any) -> str:
        """The same claims (less the one called `without`) signed with a new key under the known key's id."""
        claims = {name: value for name, value in self.claims.items() if name != without}
        header = {**self.header, **changed_header}
        return jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=header)

    def with_header(self, **changed: Any) -> str:
        """Another header over the old claims and signature."""
        _, claims, signature = self.token.split(".")
        return f"{encode_segment({**self.header, **changed})}.{claims}.{signature}"

    def with_own_key_inside(self) -> str:
        """Signed with a new key, which the header itself recommends for verification (RFC 7515, 4.1.3)."""
        key = Ed25519PrivateKey.generate()
        public = json.loads(jwt.get_algorithm_by_name("EdDSA").to_jwk(key.public_key()))
        return jwt.encode(self.claims, key, algorithm="EdDSA", headers={**self.header, "jwk": public})

    def signed_with_public_key(self, encoding: Encoding, form: PublicFormat) -> str:
        """HS256 with the published key as its secret, the classic confusion (RFC 8725, 2.1).

        Signed by hand, because PyJWT declines to do such a thing.
        """
        secret = self.key.key.public_bytes(encoding, form)
        signed = f"{encode_segment({**self.header, 'alg': 'HS256'})}.{encode_segment(self.claims)}"
        digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
