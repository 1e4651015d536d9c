"""The access tokens of the plain services: PyJWT, an Ed25519 key loaded once, no more."""

from collections.abc import Callable, Mapping
from typing import Any

import jwt
from flask import Flask, abort, g, request

CheckToken = Callable[[str], str]
"""Takes an Authorization header, returns the token's subject, raises `jwt.PyJWTError`."""


def token_check(jwk: Mapping[str, Any], *, issuer: str, audience: str) -> CheckToken:
    """Return the check of tokens signed with the private half of `jwk`."""
    key = jwt.PyJWK.from_dict(dict(jwk)).key

    def check(header: str) -> str:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token,
            key,
            algorithms=["EdDSA"],
            issuer=issuer,
            audience=audience,
            options={"require": ["exp", "iat", "sub"]},
        )
        return str(claims["sub"])

    return check


def require_token(app: Flask, check: CheckToken) -> None:
    """Answer 401 to every request without a good token; its subject is ``g.owner``."""

    @app.before_request
    def authenticate() -> None:
        try:
            g.owner = check(request.headers.get("Authorization", ""))
        except jwt.PyJWTError:
            abort(401)
