"""Making access tokens (RFC 9068)."""

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jwt

from libs.jwt.compact import MAX_TOKEN_LENGTH
from libs.jwt.keys import Signer
from libs.jwt.scopes import is_scope
from libs.jwt.verifier import LONGEST_LIFE_SECONDS

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
        issued_at: float | None = None,
        actor: str | None = None,
    ) -> str:
        """Return a signed token.

        :param audience: the services that may accept it (`aud`).
        :param expires_in: seconds until it expires.
        :param session: the session it belongs to, and ends with (`sid`).
        :param claims: more claims; none of these may be among them.
        :param issued_at: what the time was before anybody looked whether the subject may have it, in seconds
            since 1970; now if absent. Of whoever loses that meanwhile, tokens are over that were made until
            the loss (`RevocationList`), and this one is to be among them.
        :param actor: who acts for the subject with it (`act`, RFC 8693 section 4.1); None if nobody does.
        :raises ValueError: if one is; and for what verifiers would refuse, or take for something else: no
            subject or audience, more than a day, a token that is too long, a text for a list, a scope that
            is none.
        """
        audience, scopes, roles = (_texts(one) for one in (audience, scopes, roles))
        if not subject or not audience:
            raise ValueError("a token needs a subject and an audience")
        if expires_in > LONGEST_LIFE_SECONDS:
            raise ValueError(f"an access token lives {LONGEST_LIFE_SECONDS} seconds at most")
        if not all(is_scope(one) for one in scopes):
            raise ValueError("a scope is one word of visible ASCII, without quotes and backslashes")
        # With fractions (RFC 7519 section 2): a log-in may follow a log-out everywhere within the second.
        now = time.time() if issued_at is None else issued_at
        own: dict[str, Any] = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "client_id": client_id,
            "iat": min(now, now + expires_in),
            "exp": now + expires_in,
            "jti": uuid.uuid4().hex,
            "scope": " ".join(scopes),
        }
        if roles:
            own["roles"] = roles
        if session is not None:
            own["sid"] = session
        if actor is not None:
            own["act"] = {"sub": actor}
        if taken := sorted((claims or {}).keys() & {*own, "roles", "sid", "nbf", "act"}):
            raise ValueError(f"the issuer itself sets {', '.join(taken)}")
        token = self.sign({**own, **(claims or {})}, kind="at+jwt")
        if len(token) > MAX_TOKEN_LENGTH:
            raise ValueError(f"a token has {MAX_TOKEN_LENGTH} characters at most, and this one {len(token)}")
        return token

    def sign(self, claims: dict[str, Any], *, kind: str) -> str:
        """Return a token of another kind than access tokens.

        :param kind: its `typ`, so that none is taken for another (RFC 8725 section 3.11).
        """
        key = self.key() if callable(self.key) else self.key
        return jwt.encode(claims, key.private, algorithm=key.algorithm, headers={"kid": key.kid, "typ": kind})


def _texts(values: Iterable[str]) -> list[str]:
    if isinstance(values, str):
        raise ValueError("a text where a list is asked for: its letters would be taken")  # noqa: TRY004
    return sorted(values)
