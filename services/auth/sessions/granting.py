"""Access tokens for sessions."""

from libs.api import Result, models
from libs.jwt import TokenIssuer
from libs.jwt.cookies import csrf_claim
from libs.jwt.issuer import FIRST_PARTY
from services.auth.sessions.sessions import Granted
from services.auth.tokens import ACCESS_TOKEN_SECONDS, IDENTITY_SCOPES

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
"""RFC 6749 section 5.1."""


def scopes_of(granted: Granted) -> frozenset[str]:
    """Return what a session's tokens are good for: what its user may do now, and its client was granted."""
    scopes: set[str] | None = granted.session.scopes
    return granted.user.scopes if scopes is None else (granted.user.scopes | IDENTITY_SCOPES) & scopes


def access_token(granted: Granted, issuer: TokenIssuer, *, for_cookie: bool = False) -> str:
    """Return a token that is over with the session.

    The user's roles are only in those of our own clients: nobody has consented to them.

    :param for_cookie: whether it may come in the cookie, with what the session's pages have to send.
    """
    session = granted.session
    return issuer.issue(
        session.user_id,
        audience=session.audience,
        expires_in=ACCESS_TOKEN_SECONDS,
        scopes=scopes_of(granted),
        roles=(granted.user.roles or ()) if session.client_id == FIRST_PARTY else (),
        client_id=session.client_id,
        session=session.id,
        claims={"csrf": csrf_claim(session.csrf)} if for_cookie else None,
        issued_at=granted.issued_at,
    )


def token_answer(granted: Granted, issuer: TokenIssuer) -> Result:
    """Answer the tokens of a session."""
    answer = models.auth.Token(
        access_token=access_token(granted, issuer),
        token_type="Bearer",  # noqa: S106 - a word of RFC 6750
        expires_in=ACCESS_TOKEN_SECONDS,
        refresh_token=granted.refresh_token,
        refresh_expires_in=granted.refresh_expires_in,
        user_id=granted.user.id,
        scope=" ".join(sorted(scopes_of(granted))),
    )
    return Result(answer, headers=NO_STORE)
