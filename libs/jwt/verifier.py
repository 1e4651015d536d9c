"""Checking access tokens: RFC 8725 (best current practice) and RFC 9068 section 4."""

from typing import Any

import jwt

from libs.errors import Unauthorized
from libs.jwt.caller import Caller
from libs.jwt.keys import ALGORITHM
from libs.jwt.keyset import KeySet

LEEWAY_SECONDS = 30
MAX_TOKEN_LENGTH = 4096
_REQUIRED_CLAIMS = ["iss", "sub", "aud", "exp", "iat", "jti"]


class TokenVerifier:
    """Turn a token into the caller it stands for, or refuse it.

    The algorithm is fixed here and never read from the token; the key is chosen by `kid` from keys this
    service trusts; every claim must be there.

    :param issuer: the only `iss` accepted.
    :param audience: this service's name, which must be in `aud`.
    """

    def __init__(self, keys: KeySet, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    def verify(self, token: str) -> Caller:
        """Return who `token` stands for.

        :raises Unauthorized: TOKEN_EXPIRED, or TOKEN_INVALID for every other fault, without saying which.
        :raises ServiceUnavailable: if the keys were never to be had.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise _invalid()
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _invalid() from None
        kid = header.get("kid")
        if header.get("typ") != "at+jwt" or header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise _invalid()
        key = self._keys.find(kid)
        if key is None:
            raise _invalid()
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED_CLAIMS, "verify_jti": True, "verify_sub": True},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthorized("The access token has expired.", code="TOKEN_EXPIRED") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise _invalid() from None
        return _caller(claims, token)


def _caller(claims: dict[str, Any], token: str) -> Caller:
    subject, scope = claims["sub"], claims.get("scope", "")
    # PyJWT takes the times as text, too; RFC 7519 section 2 does not.
    timely = all(type(claims[name]) in (int, float) for name in ("exp", "iat"))
    if not subject or not isinstance(scope, str) or not timely:
        raise _invalid()
    return Caller(subject=subject, scopes=frozenset(scope.split()), token=token)


def _invalid() -> Unauthorized:
    return Unauthorized("The access token is not valid here.", code="TOKEN_INVALID")
