"""Tokens to act for users with who are not there: for the tasks they started, at other services.

A service asks for one when a task of a user calls another service, maybe weeks after the request. The user's
token is over by then, and was never stored: there is nothing to exchange, where RFC 8693 needs a
`subject_token`. There is the client's secret, and the right that it was registered with. So the grant is one
of our own (RFC 6749 section 4.5), with parameters that are called as elsewhere: `requested_subject`,
`audience`, `scope`.
"""

from dataclasses import replace

from libs.errors import Forbidden
from libs.jwt import Caller, OnBehalf, TokenIssuer
from libs.jwt.on_behalf import LIFE_SECONDS, issued_here
from services.auth.accounts import Accounts, User
from services.auth.audit import audit
from services.auth.clients import OAuthClient
from services.auth.clients.registry import subject_of
from services.auth.oauth.errors import OAuthError
from services.auth.throttle import Throttle, Window
from services.auth.tokens import NOBODY_ACTS_AT

_WINDOW_SECONDS = 60


class Acting:
    """Decides who may act for whom, where, and with what.

    :param per_minute: how many such tokens a client may have in a minute.
    """

    def __init__(self, accounts: Accounts, throttle: Throttle, *, per_minute: int) -> None:
        self._accounts = accounts
        self._throttle = throttle
        self._window = Window("acting", per_minute, _WINDOW_SECONDS)

    def token(
        self,
        client: OAuthClient,
        issuer: TokenIssuer,
        *,
        subject: str | None,
        audience: str | None,
        scopes: frozenset[str],
        roles: frozenset[str],
        asked_at: float,
    ) -> tuple[str, frozenset[str]]:
        """Return a token for one service, and its scopes: those asked for that both client and user have.

        It is so for roles, too.

        :param asked_at: when it was asked for, before client and user were read, in seconds since 1970.
        :raises OAuthError: invalid_request, invalid_target; invalid_grant, if there is no such user, or the
            account is closed: which of them is not told.
        :raises TooManyRequests: if the client has had too many.
        """
        if not subject or not audience:
            raise OAuthError("invalid_request", "requested_subject and audience are required")
        if audience not in (client.audiences or ()) or audience in NOBODY_ACTS_AT:
            raise OAuthError("invalid_target", "This client acts for nobody there.")
        self._throttle.take(self._window, client.client_id)
        told = {"client": client.client_id, "audience": audience}
        user = self._accounts.get(subject)
        if user is None or not self._is_open(user):
            # Ids that are none are not kept.
            audit("acting for a user refused", user=user.id if user else None, **told)
            raise OAuthError("invalid_grant", "There is no such user, or the account is closed.")
        scopes = scopes & frozenset(client.scopes or ()) & user.scopes
        roles = roles & frozenset(client.roles or ()) & frozenset(user.roles or ())
        token = issuer.issue(
            user.id,
            audience=[audience],
            expires_in=LIFE_SECONDS,
            scopes=scopes,
            roles=roles,
            client_id=client.client_id,
            issued_at=asked_at,
            actor=subject_of(client.client_id),
        )
        audit("token to act for a user", user=user.id, **told)
        return token, scopes

    def open_account(self, subject: str) -> User | None:
        """Return the account of a user who could log in now; None if there is none."""
        user = self._accounts.get(subject)
        return user if user is not None and self._is_open(user) else None

    def _is_open(self, user: User) -> bool:
        return not user.is_disabled and (user.is_confirmed or not self._accounts.verified_only)


def acting_here(acting: Acting, issuer: TokenIssuer, service: str) -> OnBehalf:
    """Return what makes the tokens that auth's own tasks act for users with."""

    def checked(caller: Caller) -> Caller:
        user = acting.open_account(caller.subject)
        if user is None:
            raise Forbidden("The account this is done for is closed, or gone.", code="ACCOUNT_CLOSED")
        roles = caller.roles & frozenset(user.roles or ())
        return replace(caller, scopes=caller.scopes & user.scopes, roles=roles)

    return OnBehalf(issued_here(issuer, service, checked))
