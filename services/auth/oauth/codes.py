"""Authorization codes: made when somebody has logged in, exchanged by the client, once, within a minute."""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pynamodb.exceptions import DoesNotExist, UpdateError
from ulid import ULID

from libs.dynamodb import is_condition_failure
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
    asked: Authorization, user_id: str, *, authenticated_at: datetime, device: str | None, address: str
) -> str:
    """Store a code, and return it."""
    code = secrets.token_urlsafe(CODE_BYTES)
    Code(
        _hash(code),
        client_id=asked.client_id,
        redirect_uri=asked.redirect_uri,
        challenge=asked.challenge,
        user_id=user_id,
        scopes=set(asked.scopes) or None,
        nonce=asked.nonce,
        device=device,
        address=address or None,
        authenticated_at=authenticated_at,
    ).save()
    return code


def redeem(client: OAuthClient, code: str, redirect_uri: str | None, verifier: str) -> Code:
    """Take a code, so that nobody can take it again; return it with the id of the session to begin.

    A second time it ends the session that was begun with it (RFC 9700 section 2.1.1): somebody else has both
    the code and the verifier.

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
    if datetime.now(UTC) - row.created_at > LIFE:
        raise _refused()
    try:
        row.update([Code.session_id.set(str(ULID()))], condition=Code.session_id.does_not_exist())
    except UpdateError as error:
        if not is_condition_failure(error):
            raise
        _end_session(Code.get(row.code_hash, consistent_read=True).session_id)
        raise _refused() from None
    return row


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _end_session(session_id: str) -> None:
    try:
        end(Session.get(session_id, consistent_read=True), "code")
    except DoesNotExist:  # whoever was first has not begun it yet, and gets tokens
        return


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _refused() -> OAuthError:
    return OAuthError("invalid_grant", "The code is good no more, or was not for this.")
