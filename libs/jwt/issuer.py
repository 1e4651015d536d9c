"""Making access tokens (RFC 9068)."""

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from libs.jwt.keys import Signer

FIRST_PARTY = "polymacaron"
"""The `client_id` of tokens that no registered client asked for."""


@dataclass(frozen=True)
class TokenIssuer:
    """Sign access tokens.

    :param key: the key, or what returns the one to sign with now.
    :param issuer: the `iss` claim.
    """

    key: Signer | Callable[[], Signer]
    issuer: str

    def issue(
        self,
        subject: str,
        *,
        audience: Iterable[str],
        expires_in: int = 900,
        scopes: Iterable[str] = (),
        roles: Iterable[str] = (),
        client_id: str = FIRST_PARTY,
        session: str | None = None,
        claims: dict[str, Any] | None = None,
    ) -> str:
        """Return a signed token.

        :param audience: the services that may accept it (`aud`).
        :param expires_in: seconds until it expires.
        :param session: the session it belongs to, and ends with (`sid`).
        :param claims: more claims; none of these may be among them.
        :raises ValueError: if one is.
        """
        now = int(time.time())
        own: dict[str, Any] = {
            "iss": self.issuer,
            "sub": subject,
            "aud": sorted(audience),
            "client_id": client_id,
            "iat": min(now, now + expires_in),
            "exp": now + expires_in,
            "jti": uuid.uuid4().hex,
            "scope": " ".join(sorted(scopes)),
        }
        if roles:
            own["roles"] = sorted(roles)
        if session is not None:
            own["sid"] = session
        if taken := sorted((claims or {}).keys() & {*own, "roles", "sid", "nbf"}):
            raise ValueError(f"the issuer itself sets {', '.join(taken)}")
        return self.sign({**own, **(claims or {})}, kind="at+jwt")

    def sign(self, claims: dict[str, Any], *, kind: str) -> str:
        """Return a token of another kind than access tokens.

        :param kind: its `typ`, so that none is taken for another (RFC 8725 section 3.11).
        """
        key = self.key() if callable(self.key) else self.key
        return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"kid": key.kid, "typ": kind})
