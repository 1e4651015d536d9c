"""Scopes of OpenID Connect, and what tokens for other programs are good at."""

from services.auth.clients import OAuthClient
from services.auth.tokens import IDENTITY_SCOPES, USERINFO

OPENID, EMAIL = "openid", "email"


def granted_scopes(asked: str | None, client: OAuthClient) -> frozenset[str]:
    """Return what a client gets of what it asks for; all it may have, if it asks for nothing."""
    allowed = frozenset(client.scopes or ())
    return frozenset(asked.split()) & (allowed | IDENTITY_SCOPES) if asked else allowed


def audience_of(client: OAuthClient) -> frozenset[str]:
    """Return the services that take the tokens a client has of users."""
    return frozenset(client.audiences or ()) | {USERINFO}
