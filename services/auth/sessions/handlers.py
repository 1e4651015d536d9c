"""The operations of sessions."""

from datetime import UTC, datetime
from typing import Any

from libs.api import Result, models
from libs.errors import NotFound, Unauthorized
from libs.jwt import Caller, TokenIssuer
from libs.service import ClientAddress, UserAgent
from services.auth.accounts import Accounts, User
from services.auth.sessions.ending import end, end_all
from services.auth.sessions.granting import token_answer
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import RevokedTokens
from services.auth.sessions.sessions import Sessions

LIST_SECONDS = 5


def log_in(
    body: models.auth.Credentials,
    accounts: Accounts,
    sessions: Sessions,
    issuer: TokenIssuer,
    address: ClientAddress,
    device: UserAgent,
) -> Result:
    """Exchange e-mail and password for an access token and a refresh token.

    :raises Problem: as `Accounts.check_password`.
    """
    asked_at = sessions.now
    user = accounts.check_password(body.email, body.password, address)
    granted = sessions.begin(user, authenticated_at=asked_at, device=device, address=address)
    return token_answer(granted, issuer)


def refresh(body: models.auth.RefreshToken, sessions: Sessions, issuer: TokenIssuer) -> Result:
    """Exchange a refresh token for an access token and the next refresh token.

    :raises Unauthorized: REFRESH_TOKEN_INVALID.
    """
    return token_answer(sessions.refresh(body.refresh_token), issuer)


def log_out(body: models.auth.RefreshToken | None, caller: Caller | None, sessions: Sessions) -> None:
    """End the session of the refresh token, and that of the caller's access token.

    :raises Unauthorized: AUTHENTICATION_REQUIRED, if there is neither.
    """
    if body is None and caller is None:
        raise Unauthorized(
            "Send the refresh token, or an access token of the session.", code="AUTHENTICATION_REQUIRED"
        )
    if body is not None:
        sessions.end_by_token(body.refresh_token)
    session = sessions.find(caller.session, caller.subject) if caller and caller.session else None
    if session is not None:
        end(session, "logout")


def list_sessions(caller: Caller, sessions: Sessions) -> dict[str, Any]:
    """Return the caller's sessions that go on, the latest first."""
    return {"items": [_representation(one, caller) for one in sessions.of(caller.subject)]}


def end_session(session_id: str, caller: Caller, sessions: Sessions) -> None:
    """End one of the caller's sessions.

    :raises NotFound: if it is over, not there, or somebody else's.
    """
    session = sessions.find(session_id, caller.subject)
    if session is None:
        raise NotFound
    end(session, "logout")


def end_sessions(caller: Caller, accounts: Accounts) -> None:
    """End all of the caller's sessions, on all devices."""
    user = accounts.get(caller.subject)
    if user is not None:
        user.update([User.sessions_valid_from.set(datetime.now(UTC))], condition=User.id.exists())
    end_all(caller.subject, "logout")


def list_revocations(revoked: RevokedTokens) -> Result:
    """Return what is over before it expires."""
    headers = {"Cache-Control": f"public, max-age={LIST_SECONDS}"}
    return Result(revoked.current().to_json(), headers=headers)


def _representation(session: Session, caller: Caller) -> dict[str, Any]:
    return {
        "session_id": session.id,
        "created_at": session.created_at,
        "used_at": session.used_at,
        "expires_at": session.expires_at,
        "device": session.device,
        "address": session.address,
        "client_id": session.client_id,
        "current": session.id == caller.session,
    }
