"""Sessions of pages in browsers: the tokens go in cookies that no script can read, and never in a body.

Three cookies, all Secure and SameSite=Strict, of this very host (RFC 6265bis)::

    __Host-access      the access token, for all services that share the host; HttpOnly
    __Host-csrf        what pages have to send as X-CSRF-Token; scripts may read it
    __Secure-refresh   the refresh token, for /auth/browser alone; HttpOnly

SameSite=Strict is not enough: another host of the site may be somebody else's, and of an answer to a form
that fills a window the browser keeps the cookies, whoever sent it. So whoever cannot send the value of
`__Host-csrf` neither uses a cookie nor has one deleted. That value is made from a secret of the session: the
refresh token of another one, which another host of the site can put among the cookies, does not go with it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request
from werkzeug.http import dump_cookie

from libs.api import Result, before_validation, models
from libs.errors import Unauthorized
from libs.jwt import TokenIssuer
from libs.jwt.cookies import ACCESS_COOKIE, CSRF_COOKIE, csrf_claim, csrf_refused, sent_by_page
from libs.service import ClientAddress, UserAgent
from services.auth.accounts import Accounts
from services.auth.sessions.ending import end
from services.auth.sessions.granting import NO_STORE, access_token, scopes_of
from services.auth.sessions.handlers import owner_of
from services.auth.sessions.sessions import Granted, Sessions
from services.auth.tokens import ACCESS_TOKEN_SECONDS

REFRESH_COOKIE = "__Secure-refresh"
"""Not `__Host-`: that would have to go to the whole host."""
REFRESH_PATH = "/auth/browser"


@dataclass(frozen=True)
class SentCookies:
    """The values that came with a request; None for a cookie that did not, or was empty."""

    access: str | None = field(default=None, repr=False)
    csrf: str | None = field(default=None, repr=False)
    refresh: str | None = field(default=None, repr=False)


_sent: ContextVar[SentCookies] = ContextVar("cookies")


@before_validation
def reads_cookies(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Decorate an operation that goes by the cookies."""

    def answered(request: Request) -> Any:
        values = (request.cookies.get(one) or None for one in (ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE))
        with _having(SentCookies(*values)):
            return answer(request)

    return answered


def log_in(
    body: models.auth.Credentials,
    accounts: Accounts,
    sessions: Sessions,
    issuer: TokenIssuer,
    address: ClientAddress,
    device: UserAgent,
) -> Result:
    """Exchange e-mail and password for the cookies, and end the session of those that were there.

    No form of another site gets here: none sends JSON, and so nobody logs a visitor in as somebody else.

    :raises Problem: as `Accounts.check_password`.
    """
    asked_at = sessions.now
    user = accounts.check_password(body.email, body.password, address)
    granted = sessions.begin(user, authenticated_at=asked_at, device=device, address=address)
    if replaced := _sent.get().refresh:
        sessions.end_by_token(replaced)
    return _answer(granted, issuer)


def refresh(x_csrf_token: str | None, sessions: Sessions, issuer: TokenIssuer) -> Result:
    """Exchange the cookies for the next ones.

    :raises Forbidden: CSRF_TOKEN_INVALID; nothing is used up.
    :raises Unauthorized: REFRESH_TOKEN_INVALID; the cookies are deleted, if a page of ours asks.
    """
    sent = _sent.get()
    if not sent_by_page(x_csrf_token, sent.csrf):
        raise csrf_refused() if sent.refresh else Unauthorized("Log in again.", code="REFRESH_TOKEN_INVALID")
    try:
        granted = sessions.refresh(sent.refresh or "", csrf=x_csrf_token)
    except Unauthorized as problem:
        problem.cookies = _DELETED
        raise
    return _answer(granted, issuer)


def log_out(x_csrf_token: str | None, sessions: Sessions) -> Result:
    """End the session of the cookies, whether its tokens are good or were, and delete them.

    :raises Forbidden: CSRF_TOKEN_INVALID.
    """
    sent = _sent.get()
    if not sent.refresh and not sent.access:
        return Result()
    if not sent_by_page(x_csrf_token, sent.csrf):
        raise csrf_refused()
    if sent.refresh:
        sessions.end_by_token(sent.refresh)
    if sent.access:
        _end_by_access_token(sent.access, x_csrf_token, sessions)
    return Result(cookies=_DELETED)


def _end_by_access_token(token: str, csrf: str | None, sessions: Sessions) -> None:
    """End the session an access token is of, if the value is that session's: the other cookie may be gone."""
    try:
        caller = owner_of(token)
    except Unauthorized:
        return
    if caller.session and csrf and caller.claims.get("csrf") == csrf_claim(csrf):
        session = sessions.find(caller.session, caller.subject)
        if session is not None:
            end(session, "logout")


def _answer(granted: Granted, issuer: TokenIssuer) -> Result:
    csrf, left = granted.session.csrf, granted.refresh_expires_in
    answer = models.auth.BrowserSession(
        user_id=granted.user.id,
        scope=" ".join(sorted(scopes_of(granted))),
        expires_in=ACCESS_TOKEN_SECONDS,
        refresh_expires_in=left,
        csrf_token=csrf,
    )
    access = access_token(granted, issuer, for_cookie=True)
    cookies = _cookies((access, ACCESS_TOKEN_SECONDS), (csrf, left), (granted.refresh_token, left))
    return Result(answer, headers=NO_STORE, cookies=cookies)


def _cookies(access: tuple[str, int], csrf: tuple[str, int], refresh: tuple[str, int]) -> tuple[str, ...]:
    """Return the lines that set the cookies, each to a value for so many seconds."""
    return (
        _cookie(ACCESS_COOKIE, *access),
        _cookie(CSRF_COOKIE, *csrf, for_scripts=True),
        _cookie(REFRESH_COOKIE, *refresh, path=REFRESH_PATH),
    )


def _cookie(name: str, value: str, seconds: int, *, path: str = "/", for_scripts: bool = False) -> str:
    return dump_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        secure=True,
        httponly=not for_scripts,
        samesite="Strict",
        sync_expires=False,
    )


_DELETED = _cookies(("", 0), ("", 0), ("", 0))


@contextmanager
def _having(cookies: SentCookies) -> Iterator[None]:
    token = _sent.set(cookies)
    try:
        yield
    finally:
        _sent.reset(token)
