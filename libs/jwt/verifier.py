"""Checking access tokens: RFC 8725 (best current practice) and RFC 9068 section 4."""

import threading
import time
from types import MappingProxyType
from typing import Any, NamedTuple

import jwt

from libs.errors import Unauthorized
from libs.jwt.caller import Caller
from libs.jwt.challenges import invalid_token
from libs.jwt.compact import MalformedTokenError, UnverifiedToken, read_token
from libs.jwt.keyset import KeySet
from libs.jwt.revocations import Revocations
from libs.jwt.scopes import read_scope

LEEWAY_SECONDS = 30
LONGEST_LIFE_SECONDS = 24 * 3600
"""What lives longer than a day is no access token of ours, whoever signed it."""
KEPT_TOKENS = 2048
_REQUIRED_CLAIMS = ["iss", "sub", "aud", "exp", "iat", "jti"]
_DECODE_OPTIONS: Any = {
    "require": _REQUIRED_CLAIMS,
    "verify_jti": True,
    "verify_sub": True,
    "enforce_minimum_key_length": True,
}


class _Kept(NamedTuple):
    caller: Caller
    key: jwt.PyJWK
    kid: str
    expires: float


class TokenVerifier:
    """Turn a token into the caller it stands for, or refuse it.

    The key is chosen by `kid` from keys this service trusts, and the algorithm is the key's, never the
    token's; every claim must be there. What a token stands for is remembered until it expires, as long as its
    key is trusted and it is not revoked.

    :param issuer: the only `iss` accepted.
    :param audience: this service's name, which must be in `aud`.
    :param revocations: what is over before it expires.
    :param kept: how many tokens are remembered; the oldest is forgotten first.
    """

    def __init__(
        self,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        revocations: Revocations | None = None,
        kept: int = KEPT_TOKENS,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._revocations = revocations
        self._most_kept = kept
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def verify(self, token: str) -> Caller:
        """Return who `token` stands for.

        :raises Unauthorized: TOKEN_EXPIRED, TOKEN_REVOKED, or TOKEN_INVALID for every other fault, without
            saying which.
        :raises ServiceUnavailable: if the keys were never to be had, or what is revoked.
        """
        caller = self._known(token) or self._verified(token)
        if self._revocations is not None and self._revocations.revoked(caller):
            raise invalid_token("The access token has been revoked.", code="TOKEN_REVOKED")
        return caller

    def _known(self, token: str) -> Caller | None:
        kept = self._kept.get(token)
        if kept is None or time.time() >= kept.expires or self._keys.find(kept.kid) is not kept.key:
            return None
        return kept.caller

    def _verified(self, token: str) -> Caller:
        try:
            read = read_token(token)
        except MalformedTokenError:
            raise _invalid() from None
        kid, algorithm = read.header.get("kid"), read.header.get("alg")
        if read.header.get("typ") != "at+jwt" or not isinstance(kid, str):
            raise _invalid()
        key = self._keys.find(kid)
        if key is None or algorithm != key.algorithm_name:
            raise _invalid()
        # PyJWT takes times as text and as truth values, too; RFC 7519 section 2 does not.
        times = [read.claims.get("exp"), read.claims.get("iat"), read.claims.get("nbf", 0)]
        if not all(type(one) in (int, float) for one in times):
            raise _invalid()
        self._check(token, key)
        caller = _caller(read, token)
        self._keep(token, _Kept(caller, key, kid, read.claims["exp"]))
        return caller

    def _check(self, token: str, key: jwt.PyJWK) -> None:
        try:
            jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options=_DECODE_OPTIONS,
            )
        except jwt.ExpiredSignatureError:
            raise invalid_token("The access token has expired.", code="TOKEN_EXPIRED") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise _invalid() from None

    def _keep(self, token: str, kept: _Kept) -> None:
        with self._lock:
            while len(self._kept) >= max(self._most_kept, 1):
                del self._kept[next(iter(self._kept))]
            if self._most_kept:
                self._kept[token] = kept


def _caller(read: UnverifiedToken, token: str) -> Caller:
    claims = read.claims
    subject, scope, roles = claims["sub"], claims.get("scope", ""), claims.get("roles", [])
    if not subject or not claims["jti"] or not isinstance(scope, str) or not _are_texts(roles):
        raise _invalid()
    # An infinite expiry (1e400) is more than any other.
    if claims["exp"] - claims["iat"] > LONGEST_LIFE_SECONDS or not _are_texts([claims.get("sid", "")]):
        raise _invalid()
    audience = claims["aud"]
    return Caller(
        subject,
        read_scope(scope),
        token,
        frozenset(roles),
        _read_only(claims),
        _actor(claims),
        frozenset([audience] if isinstance(audience, str) else audience),
    )


def _actor(claims: dict[str, Any]) -> str | None:
    """Return who acts for the subject.

    An actor of an actor (RFC 8693 section 4.1) is refused, like all else in `act`: what a service was given
    to act with is good at one other, and is not handed on.
    """
    if "act" not in claims:
        return None
    act = claims["act"]
    if not isinstance(act, dict) or act.keys() != {"sub"}:
        raise _invalid()
    actor = act["sub"]
    if not isinstance(actor, str) or not actor:
        raise _invalid()
    return actor


def _read_only(value: Any) -> Any:
    # One caller is shared by all requests with its token: who could take the session out of its claims would
    # keep the token good after the session's end.
    if isinstance(value, dict):
        return MappingProxyType({name: _read_only(one) for name, one in value.items()})
    return tuple(map(_read_only, value)) if isinstance(value, list) else value


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _invalid() -> Unauthorized:
    return invalid_token("The access token is not valid here.", code="TOKEN_INVALID")
