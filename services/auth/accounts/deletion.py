"""Deleting an account, and with it what the other services hold of its owner.

From the moment it is asked for nobody can log in to it, and its sessions are over. The rest is a task that
begins anew wherever it was broken off: each of its steps finds nothing to do where it was done before. The
account goes last, so that until then it can be seen that it goes.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pynamodb.exceptions import UpdateError

from libs.api import Clients, Result, models
from libs.dynamodb import Database, Remove, Table, is_condition_failure
from libs.errors import Conflict, NotFound, ServiceUnavailable
from libs.jwt import Caller, TokenIssuer, backend_token
from libs.service import ClientAddress
from libs.tasks import Operation, Progress, asynctask
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.models import Email, User
from services.auth.accounts.new_password import NewPassword
from services.auth.audit import audit
from services.auth.sessions import end_all
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import KEPT_SECONDS

logger = logging.getLogger(__name__)

TOO_LONG = timedelta(days=1)
"""A deletion that is not done by then is an error in the log, at each try."""
ATTEMPTS = 30_000
"""Five minutes apart: a hundred days."""


@dataclass
class DeletionWaits:
    """How long a deletion waits before it is sure.

    :param tokens: until no token of the account is good anywhere, not even where nobody learns what was
        revoked.
    :param settled: until indexes show what was written before other services were told to erase.
    """

    tokens: timedelta = timedelta(seconds=KEPT_SECONDS)
    settled: timedelta = timedelta(seconds=10)


class _Taken(Conflict):
    """The address is somebody else's: this account was deleted, and then somebody signed up with it."""


def ask_for_deletion(database: Database, user: User) -> Operation:
    """Close an account, and have a task delete it; asked again, another task sees to it."""
    now = datetime.now(UTC)
    with database.transaction() as transaction:
        transaction.update(
            user,
            [
                User.disabled_at.set(User.disabled_at | now),
                User.deletion_asked_at.set(User.deletion_asked_at | now),
                User.sessions_valid_from.set(now),
            ],
            condition=User.id.exists(),
            conflict=NotFound(),
        )
        operation: Operation = delete_account(user_id=user.id)
    end_all(user.id, "deleted", tokens=True)
    return operation


def delete_me(
    body: models.auth.PasswordProof,
    caller: Caller,
    new_password: NewPassword,
    database: Database,
    address: ClientAddress,
) -> Result:
    """Start to delete one's own account.

    Nobody can follow it: whoever could has no token any more.

    :raises Forbidden: WRONG_PASSWORD.
    :raises TooManyRequests: after too many wrong ones, as at the log-in.
    """
    user = new_password.proven(caller.subject, body.password, address)
    ask_for_deletion(database, user)
    audit("deletion asked for", user=user.id, address=address)
    return Result(models.auth.BeingDeleted(user_id=user.id), status=202)


@asynctask(attempts=ATTEMPTS, retry_seconds=5.0)
def delete_account(
    user_id: str,
    accounts: Accounts,
    clients: Clients,
    issuer: TokenIssuer,
    database: Database,
    waits: DeletionWaits,
    progress: Progress,
) -> None:
    """Delete everything of a user, the account last; however long another service is away.

    :raises ServiceUnavailable: until no token can add to what is deleted, and once more until what was added
        at the last moment can be seen; then it is tried again.
    """
    user = accounts.get(user_id)
    if user is None:
        return
    try:
        deleted = _delete(user, clients, issuer, database, waits, progress)
    except Exception as error:
        took = datetime.now(UTC) - user.deletion_asked_at
        if took > TOO_LONG:
            told = {"user": user_id, "days": took.days, "error": type(error).__name__}
            logger.error("an account cannot be deleted", extra=told)
        raise
    if deleted:
        audit("account deleted", user=user_id)


def _delete(
    user: User,
    clients: Clients,
    issuer: TokenIssuer,
    database: Database,
    waits: DeletionWaits,
    progress: Progress,
) -> bool:
    """Tell whether it was this task that deleted the account, and no other meanwhile."""
    end_all(user.id, "deleted", tokens=True)
    _wait(user.deletion_asked_at, waits.tokens, "Tokens of this account may still be good.")
    unseen = "What was written just now may not be seen yet."
    before: datetime | None = user.erased_at
    if before is not None:
        _wait(before, waits.settled, unseen)
    _erase(user.id, clients, issuer, progress)
    if before is None:
        now = datetime.now(UTC)
        try:
            user.update([User.erased_at.set(now)], condition=User.id.exists())
        except UpdateError as error:
            if is_condition_failure(error):  # another task has done it all
                return False
            raise
        _wait(now, waits.settled, unseen)
    for session in Session.by_user.query(user.id):
        session.delete()
    key = {"id": {"S": user.id}}
    its = Email.user_id == user.id
    try:
        with database.transaction() as transaction:
            transaction.write(Table(Email), Remove({"address": {"S": user.email}}, its), conflict=_Taken())
            transaction.write(Table(User), Remove(key))
    except _Taken:  # its address is somebody else's, or another task has done it all
        return Table(User).write(Remove(key)) is not None
    return True


def _wait(since: datetime, long: timedelta, why: str) -> None:
    if datetime.now(UTC) - since < long:
        raise ServiceUnavailable(why, code="TOO_EARLY")


def _erase(user_id: str, clients: Clients, issuer: TokenIssuer, progress: Progress) -> None:
    with backend_token(issuer, "auth", audience=["profiles"], scopes=["profiles:delete"]):
        clients.profiles.delete_profile(profile_id=user_id)
    progress.report(0.2)
    more = True
    while more:
        # A token of its own for each request: thousands of todos may take longer than one is good.
        with backend_token(issuer, "auth", audience=["todos"], scopes=["todos:delete-all"]):
            body = clients.todos.Erasure(owner=user_id)
            more = clients.todos.erase_todos(body=body).more
    progress.report(0.9)
