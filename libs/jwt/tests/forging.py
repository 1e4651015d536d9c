"""Tokens as an attacker, or a careless issuer, could make them."""

import base64
import json
import time
from typing import Any

from libs.jwt import FixedKeySet, SigningKey, TokenVerifier

ISSUER = "http://auth.test"
AUDIENCE = "todos"
KEY = SigningKey.generate()
OTHER_KEY = SigningKey.generate()


def verifier(**changes: Any) -> TokenVerifier:
    """Return a verifier that trusts `KEY`."""
    return TokenVerifier(FixedKeySet([KEY.jwk]), **{"issuer": ISSUER, "audience": AUDIENCE, **changes})


def claims(**changes: Any) -> dict[str, Any]:
    """Return good claims, with changes; a change to Ellipsis takes the claim away."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "sub": "ada",
        "aud": [AUDIENCE],
        "iat": now,
        "exp": now + 600,
        "jti": "1",
        "scope": "read write",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def header(**changes: Any) -> dict[str, Any]:
    """Return a good header, with changes; a change to Ellipsis takes the member away."""
    good = {"alg": "EdDSA", "kid": KEY.kid, "typ": "at+jwt"}
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def segment(content: bytes) -> str:
    """Return one base64url part of a token."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(head: Any, payload: Any, key: SigningKey = KEY) -> str:
    """Return a token with an Ed25519 signature by `key`; text and bytes go in as they are."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (head, payload)]
    message = ".".join(segment(part.encode()) for part in parts)
    return f"{message}.{segment(key.private.sign(message.encode()))}"
