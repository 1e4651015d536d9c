"""Reading a JSON Web Key Set (RFC 7517), and what PyJWT lets pass in one."""

from collections.abc import Iterable, Mapping
from typing import Any

import jwt

_ALGORITHMS = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256"}


def read_keys(jwks: Iterable[Mapping[str, Any]]) -> dict[str, jwt.PyJWK]:
    """Return the keys that access tokens may be verified with, by their `kid`.

    A key of another kind, or for another use, is left out: the others are still good (section 5).

    :param jwks: the `keys` of a set.
    :raises ValueError: if none is left, if two have one name, or if a secret or private key is among them:
        then anybody may have signed with it.
    """
    keys: dict[str, jwt.PyJWK] = {}
    for jwk in jwks:
        if jwk.get("kty") == "oct" or "d" in jwk:
            raise ValueError("a key set with a secret or private key")
        algorithm = _ALGORITHMS.get((_text(jwk, "kty"), _text(jwk, "crv")))
        kid = _text(jwk, "kid")
        if not algorithm or not kid or not _is_to_verify(jwk) or jwk.get("alg", algorithm) != algorithm:
            continue
        if kid in keys:
            raise ValueError("a key set with two keys of one name")
        try:
            keys[kid] = jwt.PyJWK(dict(jwk), algorithm)
        except jwt.PyJWTError:
            continue
    if not keys:
        raise ValueError("a key set without keys")
    return keys


def _is_to_verify(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    return value if isinstance(value, str) else ""
