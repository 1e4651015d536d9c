"""The token endpoint (RFC 6749 section 3.2): one function for each grant."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException

from libs.api import Result, models
from libs.errors import DeadlineExceeded, Unauthorized, no_deadline
from libs.jwt import TokenIssuer
from libs.jwt.on_behalf import LIFE_SECONDS
from libs.jwt.scopes import read_scope
from libs.jwt.service_account import ON_BEHALF_GRANT
from services.auth.accounts import Accounts
from services.auth.clients import OAuthClient
from services.auth.clients.registry import subject_of
from services.auth.oauth.acting import Acting
from services.auth.oauth.client_authentication import client_of
from services.auth.oauth.codes import end_if_used_again, give_back, redeem
from services.auth.oauth.discovery import Discovery
from services.auth.oauth.errors import OAuthError
from services.auth.oauth.models import Code
from services.auth.oauth.scopes import OPENID, audience_of
from services.auth.sessions.granting import NO_STORE, access_token, scopes_of
from services.auth.sessions.sessions import Granted, Sessions
from services.auth.tokens import ACCESS_TOKEN_SECONDS

ID_TOKEN_SECONDS = 300


@dataclass(frozen=True)
class Asked:
    """A request for tokens, and what it takes to answer one.

    :param form: the request's form.
    :param asked_at: when it came, before the client was read, in seconds since 1970.
    """

    client: OAuthClient
    form: Any
    sessions: Sessions
    accounts: Accounts
    issuer: TokenIssuer
    discovery: Discovery
    acting: Acting
    asked_at: float


Grant = Callable[[Asked], dict[str, Any]]


def issue_token(
    body: models.auth.TokenRequest,
    sessions: Sessions,
    accounts: Accounts,
    issuer: TokenIssuer,
    discovery: Discovery,
    acting: Acting,
) -> Result:
    """Exchange a grant for tokens.

    :raises OAuthError: for whatever is wrong.
    :raises TooManyRequests: if a client acts for users all too often.
    """
    asked_at = time.time()
    client = client_of(body.client_id, body.client_secret)
    grant = GRANTS.get(body.grant_type)
    if grant is None:
        raise OAuthError("unsupported_grant_type", f"The grants are {', '.join(GRANTS)}.")
    if body.grant_type not in client.grants:
        raise OAuthError("unauthorized_client", "This grant is not for this client.")
    asked = Asked(client, body, sessions, accounts, issuer, discovery, acting, asked_at)
    return Result(grant(asked), headers=NO_STORE)


def _client_credentials(asked: Asked) -> dict[str, Any]:
    """A token in the client's own name (section 4.4)."""
    client = asked.client
    scopes = _part(asked.form.scope, client.scopes, "invalid_scope")
    audiences = _part(asked.form.audience, client.audiences, "invalid_target")
    if not audiences:
        raise OAuthError("invalid_target", "No service takes tokens of this client.")
    token = asked.issuer.issue(
        subject_of(client.client_id),
        audience=audiences,
        expires_in=ACCESS_TOKEN_SECONDS,
        scopes=scopes,
        client_id=client.client_id,
        issued_at=asked.asked_at,
    )
    return _answer(token, scopes)


def _refresh_token(asked: Asked) -> dict[str, Any]:
    """The next tokens of a session (section 6)."""
    if asked.form.refresh_token is None:
        raise OAuthError("invalid_request", "refresh_token is required")
    try:
        granted = asked.sessions.refresh(
            asked.form.refresh_token,
            client_id=asked.client.client_id,
            begun_after=asked.client.created_at,
        )
    except Unauthorized:
        raise OAuthError("invalid_grant", "The refresh token is good no more.") from None
    return _session_answer(granted, asked)


def _authorization_code(asked: Asked) -> dict[str, Any]:
    """The first tokens of a session (section 4.1.3), and who has begun it (OpenID Connect Core 3.1.3.3)."""
    form, client = asked.form, asked.client
    if form.code is None or form.code_verifier is None:
        raise OAuthError("invalid_request", "code and code_verifier are required")
    code = redeem(client, form.code, form.redirect_uri, form.code_verifier)
    user = asked.accounts.get(code.user_id)
    if user is None or user.password_changed_at != code.password_changed_at:
        raise OAuthError("invalid_grant", "The account is gone, or its password was replaced.")
    try:
        granted = asked.sessions.begin(
            user,
            authenticated_at=code.authenticated_at,
            device=code.device,
            address=code.address or "",
            client_id=client.client_id,
            scopes=code.scopes or (),
            audience=audience_of(client),
            session_id=code.session_id,
        )
    except Unauthorized:
        raise OAuthError("invalid_grant", "The account is closed.") from None
    except (PynamoDBException, BotoCoreError, DeadlineExceeded):
        with no_deadline():
            give_back(code)
        raise
    end_if_used_again(code, granted.session)
    answer = _session_answer(granted, asked)
    if OPENID in (code.scopes or ()) and asked.discovery.signs_for_clients:
        answer["id_token"] = _id_token(granted, code, asked.issuer)
    return answer


def _on_behalf(asked: Asked) -> dict[str, Any]:
    """A token to act for a user who is not there (section 4.5). Without `scope` or `roles` it has none."""
    form = asked.form
    token, scopes = asked.acting.token(
        asked.client,
        asked.issuer,
        subject=form.requested_subject,
        audience=form.audience,
        scopes=read_scope(form.scope or ""),
        roles=read_scope(form.roles or ""),
        asked_at=asked.asked_at,
    )
    return _answer(token, scopes, LIFE_SECONDS)


def _id_token(granted: Granted, code: Code, issuer: TokenIssuer) -> str:
    """Return who has logged in, and when (OpenID Connect Core section 2).

    It is no access token, as its `typ` says.
    """
    now = int(time.time())
    claims = {
        "iss": issuer.issuer,
        "sub": granted.user.id,
        "aud": granted.session.client_id,
        "iat": now,
        "exp": now + ID_TOKEN_SECONDS,
        "auth_time": int(code.authenticated_at.timestamp()),
        **({"nonce": code.nonce} if code.nonce is not None else {}),
    }
    return issuer.sign(claims, kind="JWT")


def _session_answer(granted: Granted, asked: Asked) -> dict[str, Any]:
    answer = _answer(access_token(granted, asked.issuer), scopes_of(granted))
    if "refresh_token" in asked.client.grants:
        answer["refresh_token"] = granted.refresh_token
    return answer


def _answer(token: str, scopes: frozenset[str], life: int = ACCESS_TOKEN_SECONDS) -> dict[str, Any]:
    return {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": life,
        "scope": " ".join(sorted(scopes)),
    }


def _part(asked: str | None, allowed: set[str] | None, error: str) -> frozenset[str]:
    """Return what is asked for; all there is, if nothing is.

    :raises OAuthError: if it is more than the client may have.
    """
    everything = frozenset(allowed or ())
    some = frozenset((asked or "").split()) or everything
    if some - everything:
        raise OAuthError(error, "That is more than this client may have.")
    return some


GRANTS: Mapping[str, Grant] = {
    "authorization_code": _authorization_code,
    "client_credentials": _client_credentials,
    "refresh_token": _refresh_token,
    ON_BEHALF_GRANT: _on_behalf,
}
