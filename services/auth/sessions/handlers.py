"""The operations of sessions."""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from pynamodb.exceptions import UpdateError
from werkzeug import Request

from libs.api import Result, before_validation, models
from libs.dynamodb import is_condition_failure
from libs.errors import NotFound, Unauthorized
from libs.jwt import Caller, TokenIssuer, acting_as, bearer_token, load_auth_token
from libs.jwt.compact import read_token
from libs.service import ClientAddress, UserAgent
from services.auth.accounts import Accounts, User
from services.auth.sessions.ending import end, end_all
from services.auth.sessions.granting import token_answer
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import RevokedTokens, revoke
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


_refused: ContextVar[Unauthorized] = ContextVar("refused")


@before_validation
def may_be_known(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Decorate the log-out: it looks at an access token, and does its work though that has expired."""

    @wraps(answer)
    def answered(request: Request) -> Any:
        sent, caller = request.headers.get("Authorization"), None
        refused = Unauthorized(
            "Send the refresh token, or an access token of the session.", code="AUTHENTICATION_REQUIRED"
        )
        if sent is not None:
            try:
                caller = owner_of(bearer_token([sent]))
            except Unauthorized as problem:
                refused = problem
        token = _refused.set(refused)
        try:
            with acting_as(caller):
                return answer(request)
        finally:
            _refused.reset(token)

    return answered


def owner_of(token: str) -> Caller:
    """Return who a token stands for, revoked or not: an end may have got no further than that.

    :raises Unauthorized: as `load_auth_token`, but for TOKEN_REVOKED.
    """
    try:
        return load_auth_token(token)
    except Unauthorized as problem:
        if problem.code != "TOKEN_REVOKED":  # which is looked at last, so what it says is true
            raise
    claims = read_token(token).claims
    return Caller(claims["sub"], claims=claims)


def log_out(body: models.auth.RefreshToken | None, caller: Caller | None, sessions: Sessions) -> None:
    """End the session of the refresh token, and that of the caller's access token, or this token alone.

    :raises Unauthorized: if there is neither.
    """
    if body is None and caller is None:
        raise _refused.get()
    if body is not None:
        sessions.end_by_token(body.refresh_token)
    if caller is None:
        return
    session = sessions.find(caller.session, caller.subject) if caller.session else None
    if session is not None:
        end(session, "logout")
    elif caller.session is None and caller.token_id is not None:
        revoke("jti", caller.token_id)


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
    """End all of the caller's sessions, on all devices, and all tokens."""
    user = accounts.get(caller.subject)
    if user is not None:
        now = User.sessions_valid_from.set(datetime.now(UTC))
        try:
            user.update([now], condition=User.id.exists())
        except UpdateError as error:
            if not is_condition_failure(error):  # it has been deleted meanwhile
                raise
    end_all(caller.subject, "logout", tokens=True)


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
