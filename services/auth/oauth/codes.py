"""Authorization codes: made when somebody has logged in, exchanged by the client, once, within a minute."""

import base64
import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import DoesNotExist, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from ulid import ULID

from libs.dynamodb import is_condition_failure
from services.auth.accounts import User
from services.auth.audit import audit
from services.auth.clients import OAuthClient
from services.auth.oauth.errors import OAuthError
from services.auth.oauth.models import Code
from services.auth.sessions.ending import end
from services.auth.sessions.models import Session

LIFE = timedelta(seconds=60)
CODE_BYTES = 32
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 section 4.1."""
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url."""


@dataclass(frozen=True)
class Authorization:
    """What a client asked for, and somebody has let it have."""

    client_id: str
    redirect_uri: str
    challenge: str
    scopes: frozenset[str]
    nonce: str | None


def new_code(
    asked: Authorization, user: User, *, authenticated_at: datetime, device: str | None, address: str
) -> str:
    """Store a code, and return it.

    :param user: the account as it was when the password was looked at.
    """
    code = secrets.token_urlsafe(CODE_BYTES)
    Code(
        _hash(code),
        client_id=asked.client_id,
        redirect_uri=asked.redirect_uri,
        challenge=asked.challenge,
        user_id=user.id,
        password_changed_at=user.password_changed_at,
        scopes=set(asked.scopes) or None,
        nonce=asked.nonce,
        device=device,
        address=address or None,
        authenticated_at=authenticated_at,
    ).save()
    return code


def redeem(client: OAuthClient, code: str, redirect_uri: str | None, verifier: str) -> Code:
    """Take a code, so that nobody can take it again; return it with the id of the session to begin.

    A second time, however late, it ends the session that was begun with it (RFC 9700 section 2.1.1): somebody
    else has both the code and the verifier.

    :raises OAuthError: invalid_grant, whatever is wrong.
    """
    try:
        row = Code.get(_hash(code), consistent_read=True)
    except DoesNotExist:
        raise _refused() from None
    if row.client_id != client.client_id or row.redirect_uri != redirect_uri:
        raise _refused()
    if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(row.challenge, challenge_of(verifier)):
        raise _refused()
    if row.created_at < client.created_at:  # it was another client then, which had the same id
        raise _refused()
    begun: str | None = row.session_id
    if begun is None:
        if datetime.now(UTC) - row.created_at > LIFE:
            raise _refused()
        if _changed(row, Code.session_id.set(str(ULID())), Code.session_id.does_not_exist()):
            return row
    _end_first(row)
    raise _refused()


def give_back(row: Code) -> None:
    """Make a code good again that no session could be begun with; not if it has come again since."""
    with suppress(PynamoDBException, BotoCoreError):  # as the session could not be stored, either
        _changed(
            row,
            Code.session_id.remove(),
            (Code.session_id == row.session_id) & Code.used_again_at.does_not_exist(),
        )


def end_if_used_again(row: Code, session: Session) -> None:
    """End a session that has just begun, if its code was sent again before it was there to be ended.

    :raises OAuthError: invalid_grant.
    """
    if Code.get(row.code_hash, consistent_read=True).used_again_at is not None:
        end(session, "code")
        raise _refused()


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _end_first(row: Code) -> None:
    """End the session that was begun with a code; whoever is still beginning it finds the mark."""
    _changed(row, Code.used_again_at.set(datetime.now(UTC)), Code.session_id.exists())
    session_id: str | None = Code.get(row.code_hash, consistent_read=True).session_id
    if session_id is not None:
        with suppress(DoesNotExist):
            end(Session.get(session_id, consistent_read=True), "code")
    audit("authorization code used again", user=row.user_id, client=row.client_id)


def _changed(row: Code, action: Action, condition: Condition) -> bool:
    try:
        row.update([action], condition=Code.code_hash.exists() & condition)
    except UpdateError as error:
        if not is_condition_failure(error):
            raise
        return False
    return True


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _refused() -> OAuthError:
    return OAuthError("invalid_grant", "The code is good no more, or was not for this.")
