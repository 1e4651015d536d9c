"""What a refusal tells of the token that was sent (RFC 6750 section 3)."""

from collections.abc import Iterable

from libs.errors import Forbidden, Unauthorized
from libs.jwt.scopes import is_scope


def invalid_token(detail: str, *, code: str) -> Unauthorized:
    """Return the refusal of a token that is not good, or no more."""
    problem = Unauthorized(detail, code=code)
    problem.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return problem


def insufficient_scope(detail: str, needed: Iterable[str]) -> Forbidden:
    """Return the refusal of a token that is good and lacks a scope.

    :param needed: all the scopes that would do.
    """
    challenge = 'Bearer error="insufficient_scope"'
    if scopes := " ".join(sorted(one for one in needed if is_scope(one))):
        challenge += f', scope="{scopes}"'
    return Forbidden(detail, headers={"WWW-Authenticate": challenge})
