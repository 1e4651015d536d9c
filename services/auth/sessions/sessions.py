"""Sessions, as a log-in begins them and refresh tokens go on with them (RFC 9700 section 4.14.2)."""

import hmac
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pynamodb.exceptions import DoesNotExist, UpdateError
from ulid import ULID

from libs.dynamodb import is_condition_failure
from libs.errors import Unauthorized
from libs.jwt.cookies import csrf_refused
from libs.jwt.issuer import FIRST_PARTY
from services.auth.accounts import Accounts, User
from services.auth.audit import audit
from services.auth.keys.sealing import Seal
from services.auth.sessions.ending import end, end_oldest
from services.auth.sessions.models import Session
from services.auth.sessions.refresh_tokens import RefreshToken
from services.auth.tokens import AUDIENCE

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=10)
"""How long a token that was exchanged may be exchanged again, for the same successor: two tabs at once, and
an answer that was lost."""
FAMILY_BYTES = 32
DEVICE_LENGTH = 200
MOST_LISTED = 200


@dataclass(frozen=True)
class Granted:
    """What a log-in or a refresh token is good for.

    :param refresh_token: the text of the one that is good from now on.
    :param refresh_expires_in: seconds until it is not, if it is not used.
    :param issued_at: when its access tokens are made, in seconds since 1970: before the account was read, so
        that what ends the tokens of an account ends those as well that are on their way meanwhile.
    """

    session: Session
    user: User
    refresh_token: str
    refresh_expires_in: int
    issued_at: float


class Sessions:
    """The sessions of all users.

    :param life: how long a session lasts at the most.
    :param idle: how long it lasts without being used.
    """

    def __init__(
        self,
        accounts: Accounts,
        *,
        life: timedelta,
        idle: timedelta,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._accounts = accounts
        self._life = life
        self._idle = idle
        self._clock = clock

    @property
    def now(self) -> datetime:
        """What the time is here."""
        return datetime.fromtimestamp(self._clock(), UTC)

    def begin(
        self,
        user: User,
        *,
        authenticated_at: datetime,
        device: str | None = None,
        address: str = "",
        client_id: str = FIRST_PARTY,
        scopes: Iterable[str] | None = None,
        audience: Iterable[str] = AUDIENCE,
        session_id: str | None = None,
    ) -> Granted:
        """Begin a session.

        :param authenticated_at: when the password arrived, before it was looked at.
        :param device: the User-Agent, as far as it is known.
        :param scopes: what its tokens are good for at the most; None for all that the user may do.
        :param user: the account as it was when the password was looked at.
        :raises Unauthorized: if it was closed, its sessions ended, or its password replaced since then.
        """
        issued_at = time.time()
        session_id, family, now = session_id or str(ULID()), os.urandom(FAMILY_BYTES), self.now
        token = RefreshToken.new(session_id, family)
        session = Session(
            session_id,
            user_id=user.id,
            client_id=client_id,
            scopes=None if scopes is None else set(scopes) or {""},  # DynamoDB has no empty sets
            audience=set(audience),
            family=family,
            refresh_hash=token.hash,
            created_at=now,
            used_at=now,
            authenticated_at=authenticated_at,
            expires_at=now + self._life,
            device=(device or "")[:DEVICE_LENGTH] or None,
            address=address or None,
        )
        session.save()
        # A password that was changed while the old one was looked at has ended all sessions but this one.
        stored = self._accounts.get(user.id)
        if (
            stored is None
            or stored.password_changed_at != user.password_changed_at
            or not _goes_on(session, stored)
        ):
            end(session, "account")
            raise Unauthorized("E-mail or password are wrong.", code="INVALID_CREDENTIALS")
        end_oldest(user.id)
        return self._granted(session, stored, token.text, issued_at)

    def refresh(
        self,
        text: str,
        *,
        client_id: str = FIRST_PARTY,
        csrf: str | None = None,
        begun_after: datetime | None = None,
    ) -> Granted:
        """Exchange a refresh token for the next one.

        Exchanged a second time, after ten seconds, it ends its session: two have it, and who is the thief
        is not to be known.

        :param csrf: what the page has sent, where the token came in a cookie.
        :param begun_after: older sessions are of another client, which had the same id.
        :raises Unauthorized: REFRESH_TOKEN_INVALID, whatever is wrong.
        :raises Forbidden: CSRF_TOKEN_INVALID, if that is another session's; the token stays as it was.
        """
        issued_at = time.time()
        token, session = self._find(text, client_id)
        if csrf is not None and not hmac.compare_digest(session.csrf.encode(), csrf.encode()):
            raise csrf_refused()
        if session.is_ended or self._left(session) <= 0:
            raise _invalid()
        if begun_after is not None and session.created_at < begun_after:
            raise _invalid()
        user = self._accounts.get(session.user_id)
        if user is None or not _goes_on(session, user):
            end(session, "account")
            raise _invalid()
        if session.refresh_hash == token.hash:
            successor = self._rotate(session, token)
            if successor is not None:
                return self._granted(session, user, successor, issued_at)
        session = self._stored(session.id)  # another request was faster: with a refresh, or with a log-out
        return self._granted(session, user, self._again(session, token), issued_at)

    def end_by_token(self, text: str) -> None:
        """End the session that a refresh token is of, whether it is good or was; otherwise do nothing."""
        try:
            _, session = self._find(text, FIRST_PARTY)
        except Unauthorized:
            return
        end(session, "logout")

    def of(self, user_id: str) -> Iterator[Session]:
        """Yield the sessions of a user that go on, the latest first; at most 200."""
        found = Session.by_user.query(
            user_id,
            filter_condition=Session.ended_at.does_not_exist(),
            scan_index_forward=False,
            limit=MOST_LISTED,
        )
        return (one for one in found if self._left(one) > 0)

    def find(self, session_id: str, user_id: str) -> Session | None:
        """Return a session of a user that goes on; None if there is none."""
        try:
            session = self._stored(session_id)
        except Unauthorized:
            return None
        goes_on = not session.is_ended and self._left(session) > 0
        return session if session.user_id == user_id and goes_on else None

    def _find(self, text: str, client_id: str) -> tuple[RefreshToken, Session]:
        token = RefreshToken.read(text)
        if token is None:
            raise _invalid()
        session = self._stored(token.session_id)
        if not token.is_of(session.family) or session.client_id != client_id:
            raise _invalid()
        return token, session

    def _stored(self, session_id: str) -> Session:
        try:
            return Session.get(session_id, consistent_read=True)
        except DoesNotExist:
            raise _invalid() from None

    def _rotate(self, session: Session, token: RefreshToken) -> str | None:
        """Make the next token the good one; return None if another request was faster."""
        successor = RefreshToken.new(session.id, session.family)
        now = self.now
        try:
            session.update(
                [
                    Session.refresh_hash.set(successor.hash),
                    Session.previous_hash.set(token.hash),
                    Session.successor.set(_seal(token).seal(successor.text, session.id)),
                    Session.rotated_at.set(now),
                    Session.used_at.set(now),
                ],
                condition=(Session.refresh_hash == token.hash) & Session.ended_at.does_not_exist(),
            )
        except UpdateError as error:
            if not is_condition_failure(error):
                raise
            return None
        return successor.text

    def _again(self, session: Session, token: RefreshToken) -> str:
        """Return the successor that a token was exchanged for a moment ago."""
        if session.is_ended:
            raise _invalid()
        rotated_at: datetime | None = session.rotated_at
        just_now = rotated_at is not None and self.now - rotated_at <= GRACE
        if not just_now or session.previous_hash != token.hash:
            # Who uses it, and whose session it was; never the token.
            told = {"user": session.user_id, "session": session.id}
            logger.warning("a refresh token was used again: its session has ended", extra=told)
            end(session, "reuse")
            audit(
                "session ended by reuse", user=session.user_id, session=session.id, client=session.client_id
            )
            raise _invalid()
        return _seal(token).open(session.successor, session.id)

    def _left(self, session: Session) -> float:
        """Return the seconds until a session is over, if it is not used."""
        return (min(session.expires_at, session.used_at + self._idle) - self.now).total_seconds()

    def _granted(self, session: Session, user: User, token: str, issued_at: float) -> Granted:
        return Granted(session, user, token, int(self._left(session)), issued_at)


def _goes_on(session: Session, user: User) -> bool:
    """Tell whether the account lets the session go on."""
    known_at = session.confirmed_at or session.authenticated_at
    closed_at: datetime | None = user.disabled_at
    valid_from: datetime | None = user.sessions_valid_from
    return closed_at is None and (valid_from is None or valid_from <= known_at)


def _seal(token: RefreshToken) -> Seal:
    return Seal(token.secret, "refresh token")


def _invalid() -> Unauthorized:
    return Unauthorized("Log in again.", code="REFRESH_TOKEN_INVALID")
