"""Logging in for a client, and what OpenID Connect lets it ask."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException
from werkzeug import Request

from libs.api import Result, before_validation, models
from libs.dynamodb import as_problem
from libs.errors import (
    BadRequest,
    Forbidden,
    InvalidBody,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)
from libs.jwt import Caller, acting_as, bearer_token
from libs.jwt.challenges import invalid_token
from libs.service import ClientAddress, UserAgent
from services.auth.accounts import Accounts
from services.auth.clients import find
from services.auth.oauth.authorization import (
    RefusedRequest,
    authorization,
    client_and_destination,
)
from services.auth.oauth.codes import new_code
from services.auth.oauth.discovery import Discovery
from services.auth.oauth.page import page, refusal, unavailable
from services.auth.oauth.scopes import EMAIL, OPENID
from services.auth.oauth.userinfo import UserinfoTokens
from services.auth.sessions.sessions import DEVICE_LENGTH, Sessions

_HOUR = {"Cache-Control": "public, max-age=3600"}


@before_validation
def answers_with_a_page(answer: Callable[[Request], Any], discovery: Discovery) -> Callable[[Request], Any]:
    """Decorate what a browser asks for: whoever sits in front of it is shown a page, whatever is wrong."""

    @wraps(answer)
    def answered(request: Request) -> Any:
        try:
            return tried(request)
        except BadRequest as refused:
            # The client is told nothing: nobody knows whether it is one (RFC 6749 section 4.1.2.1).
            refused.headers["Vary"] = "Accept"
            if not _prefers_a_page(request):
                raise
            return refusal(refused)

    def tried(request: Request) -> Any:
        try:
            return answer(request)
        except InvalidBody as refused:
            client, destination = client_and_destination(request.args.to_dict(), discovery.issuer)
            told = "Write your e-mail address and your password. It has 256 characters at most."
            return page(client, destination, alert=told, status=refused.status)
        except (PynamoDBException, BotoCoreError, ServiceUnavailable) as error:
            problem = error if isinstance(error, ServiceUnavailable) else as_problem(error)
            if not isinstance(problem, ServiceUnavailable):
                raise
            return unavailable(problem.detail or problem.title, problem.headers)

    return answered


def show_log_in(discovery: Discovery, **sent: Any) -> Result:
    """Show the page to log in on, or tell the client that its request is wrong.

    :raises UnsafeRequest: if nobody may be told but who sits in front of it.
    """
    asked = _sent(sent)
    client, destination = client_and_destination(asked, discovery.issuer)
    try:
        authorization(asked, client, destination)
    except RefusedRequest as refused:
        return _redirect(refused.url)
    return page(client, destination, email=asked.get("login_hint", ""))


def log_in_for_client(
    body: models.auth.LogInForm,
    accounts: Accounts,
    sessions: Sessions,
    discovery: Discovery,
    address: ClientAddress,
    device: UserAgent,
    **sent: Any,
) -> Result:
    """Look at e-mail and password, and send the browser back to the client with a code.

    :raises UnsafeRequest: if nobody may be told but who sits in front of it.
    """
    asked_at, asked = sessions.now, _sent(sent)
    client, destination = client_and_destination(asked, discovery.issuer)
    try:
        wanted = authorization(asked, client, destination)
        user = accounts.check_password(body.email, body.password, address)
    except RefusedRequest as refused:
        return _redirect(refused.url)
    except (Unauthorized, Forbidden, TooManyRequests, ServiceUnavailable) as refused:
        is_later = isinstance(refused, TooManyRequests | ServiceUnavailable)
        headers = dict(refused.headers) if is_later else {}
        status = refused.status if is_later else Forbidden.status
        return page(
            client, destination, email=body.email, alert=refused.detail, status=status, headers=headers
        )
    told = device[:DEVICE_LENGTH] or None
    code = new_code(wanted, user, authenticated_at=asked_at, device=told, address=address)
    return _redirect(destination.url(code=code))


@before_validation
def asks_for_openid(answer: Callable[[Request], Any], tokens: UserinfoTokens) -> Callable[[Request], Any]:
    """Decorate the operation that takes the tokens of other programs, and no others."""

    def asked(request: Request) -> Any:
        sent = request.headers.get("Authorization")
        caller = tokens.verify(bearer_token([] if sent is None else [sent]))
        caller.require_scopes(OPENID)
        with acting_as(caller):
            return answer(request)

    return asked


def get_userinfo(caller: Caller | None, accounts: Accounts) -> Result:
    """Return what a client may know of the user (OpenID Connect Core section 5.3).

    :raises Unauthorized: if the account is gone, or closed.
    """
    user = accounts.get(caller.subject) if caller else None
    if caller is None or user is None or user.is_disabled:
        raise Unauthorized("There is no such account.")
    client = find(str(caller.claims.get("client_id")))
    if client is None or caller.claims["iat"] < client.created_at.timestamp():
        raise invalid_token("The client is registered no more.", code="TOKEN_REVOKED")
    claims: dict[str, Any] = {"sub": user.id}
    if EMAIL in caller.scopes:
        claims |= {"email": user.email, "email_verified": user.is_confirmed}
    return Result(claims, headers={"Cache-Control": "no-store"})


def get_openid_configuration(discovery: Discovery) -> Result:
    """Return how a client of OpenID Connect finds everything.

    :raises NotFound: where tokens are signed with a secret that no client may know.
    """
    if not discovery.signs_for_clients:
        raise NotFound
    return Result(discovery.openid(), headers=_HOUR)


def get_oauth_metadata(discovery: Discovery) -> Result:
    """Return how a client of OAuth finds everything (RFC 8414)."""
    return Result(discovery.oauth(), headers=_HOUR)


def _sent(sent: dict[str, Any]) -> dict[str, str]:
    """Return the parameters that were sent, declared or not."""
    more = sent.pop("more", None) or {}
    return {**more, **{name: value for name, value in sent.items() if value is not None}}


def _prefers_a_page(request: Request) -> bool:
    """Whether a browser asks, to show the answer to somebody: it says so, as programs do not."""
    accepted = request.accept_mimetypes
    return accepted["text/html"] > max(accepted["application/problem+json"], accepted["application/json"])


def _redirect(url: str) -> Result:
    # 303, so that no browser sends the password there (RFC 9700 section 4.12).
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Result(status=303, headers=headers)
