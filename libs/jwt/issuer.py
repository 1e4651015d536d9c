"""Making access tokens (RFC 9068)."""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import jwt

from libs.jwt.keys import ALGORITHM, SigningKey


@dataclass(frozen=True)
class TokenIssuer:
    """Sign access tokens with one key.

    :param issuer: the `iss` claim.
    """

    key: SigningKey
    issuer: str

    def issue(
        self, subject: str, *, audience: Iterable[str], expires_in: int = 900, scopes: Iterable[str] = ()
    ) -> str:
        """Return a signed token.

        :param audience: the services that may accept it (`aud`).
        :param expires_in: seconds until it expires.
        """
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": sorted(audience),
            "iat": min(now, now + expires_in),
            "exp": now + expires_in,
            "jti": uuid.uuid4().hex,
            "scope": " ".join(sorted(scopes)),
        }
        headers = {"kid": self.key.kid, "typ": "at+jwt"}
        return jwt.encode(claims, self.key.private, algorithm=ALGORITHM, headers=headers)
