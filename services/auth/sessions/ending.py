"""The end of sessions."""

from datetime import UTC, datetime, timedelta

from pynamodb.exceptions import UpdateError

from libs.dynamodb import is_condition_failure
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import KEPT_SECONDS, revoke


def end(session: Session, why: str) -> None:
    """End a session, and the access tokens that came of it. One that has ended may be ended again.

    :param why: one word, for whoever looks at the row.
    """
    now = datetime.now(UTC)
    try:
        Session(session.id).update(
            [
                Session.ended_at.set(Session.ended_at | now),
                Session.ended_why.set(Session.ended_why | why),
                Session.successor.remove(),
            ],
            condition=Session.id.exists(),
        )
    except UpdateError as error:
        if not is_condition_failure(error):  # its time was over, and DynamoDB has deleted it
            raise
    if now - session.used_at < timedelta(seconds=KEPT_SECONDS):
        revoke("sid", session.id)


def end_all(user_id: str, why: str, *, keep: str | None = None) -> None:
    """End the sessions of a user.

    It finds them by an index that may lag behind by moments; what it misses is over by the account's
    `sessions_valid_from`, which whoever calls this sets first.

    :param keep: the id of a session that goes on: who changes the password is not logged out by it.
    """
    for session in Session.by_user.query(user_id, filter_condition=Session.ended_at.does_not_exist()):
        if session.id == keep:
            _confirm(session)
        else:
            end(session, why)


def _confirm(session: Session) -> None:
    try:
        Session(session.id).update(
            [Session.confirmed_at.set(datetime.now(UTC))], condition=Session.id.exists()
        )
    except UpdateError as error:
        if not is_condition_failure(error):
            raise
