"""The end of sessions.

Whatever ends a session revokes its access tokens first, and stores the end after that. So an end that fails
half way is one that has not happened: whoever asks for it again completes it.
"""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import DoesNotExist, PynamoDBException, UpdateError

from libs.dynamodb import Transaction, is_condition_failure
from libs.errors import DeadlineExceeded
from libs.jwt.challenges import invalid_token
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import KEPT_SECONDS, revoke

logger = logging.getLogger(__name__)

ENDED_ROW_KEPT = timedelta(days=1)
"""How long the row of a session that was ended stays, for whoever wants to know why."""
MOST_SESSIONS = 100
"""How many sessions of a user go on at once; the next one ends the oldest."""
MOST_LOOKED_AT = 500
"""How many rows a log-in reads to find those, the newest first: the ended ones of a day are among them."""


def end(session: Session, why: str) -> None:
    """End a session, and the access tokens that came of it; nothing is done to one that has ended.

    :param session: as it was read, be that a while ago: if it was used since, its tokens end as well.
    :param why: one word, for whoever looks at the row.
    """
    # A session that is used at the very moment is read again; the third time it ends whatever is done to it.
    for is_last in (False, False, True):
        if session.is_ended:
            return
        if datetime.now(UTC) - session.used_at < timedelta(seconds=KEPT_SECONDS):
            revoke("sid", session.id)
        if _store_end(session, why, as_it_was=not is_last):
            return
        try:
            session = Session.get(session.id, consistent_read=True)
        except DoesNotExist:  # its time was over, and DynamoDB has deleted it
            return


def end_all(user_id: str, why: str, *, keep: str | None = None, tokens: bool = False) -> None:
    """End the sessions of a user, the newest first.

    It finds them by an index that may lag behind by moments; what it misses is over by the account's
    `sessions_valid_from`, which whoever calls this sets first, and its access tokens by `tokens`.

    :param keep: the id of a session that goes on: who changes the password is not logged out by it
        (`keep_in`).
    :param tokens: end all access tokens of the user that were made until now, whatever session they are of,
        or none: for whoever is to get in no more. Those made later, after another log-in, are good.
    """
    if tokens:
        revoke("sub", user_id)
    for session in _going_on(user_id):
        if session.id != keep:
            end(session, why)


def end_oldest(user_id: str) -> None:
    """End the oldest sessions of a user, where more go on than `MOST_SESSIONS`.

    A log-in is not refused because that fails: the next one does it.
    """
    try:
        newest = Session.by_user.query(user_id, scan_index_forward=False, limit=MOST_LOOKED_AT)
        going_on = [session for session in newest if not session.is_ended]
        for session in going_on[MOST_SESSIONS:]:
            end(session, "many")
    except (PynamoDBException, BotoCoreError, DeadlineExceeded) as error:
        logger.warning("cannot end the oldest sessions", extra={"error": type(error).__name__})


def keep_in(transaction: Transaction, session_id: str, user_id: str) -> None:
    """Have a session outlive the change of a password.

    Call it after the moment has been taken that the same transaction sets `sessions_valid_from` to. The
    transaction is refused (401 TOKEN_REVOKED) if the session is not the user's, or has ended.
    """
    transaction.update(
        Session(session_id),
        [Session.confirmed_at.set(datetime.now(UTC))],
        condition=(Session.user_id == user_id) & Session.ended_at.does_not_exist(),
        conflict=invalid_token("The session has ended.", code="TOKEN_REVOKED"),
    )


def _going_on(user_id: str) -> Iterator[Session]:
    """Yield the sessions that nobody has ended, the newest first."""
    not_ended = Session.ended_at.does_not_exist()
    return iter(Session.by_user.query(user_id, filter_condition=not_ended, scan_index_forward=False))


def _store_end(session: Session, why: str, *, as_it_was: bool) -> bool:
    """Store the end; tell whether that was done.

    :param as_it_was: only if it was not used since it was read, for then it has other tokens.
    """
    now = datetime.now(UTC)
    condition = Session.id.exists() & Session.ended_at.does_not_exist()
    if as_it_was:
        condition &= Session.used_at == session.used_at
    try:
        Session(session.id).update(
            [
                Session.ended_at.set(now),
                Session.ended_why.set(why),
                Session.expires_at.set(min(session.expires_at, now + ENDED_ROW_KEPT)),
                Session.successor.remove(),
            ],
            condition=condition,
        )
    except UpdateError as error:
        if not is_condition_failure(error):
            raise
        return False
    return True
