"""Deleting an account, and with it what the other services hold of its owner.

From the moment it is asked for nobody can log in to it, and its sessions are over. The rest is a task that
begins anew wherever it was broken off: each of its steps finds nothing to do where it was done before. The
account goes last, so that until then it can be seen that it goes.
"""

from datetime import UTC, datetime, timedelta

from libs.api import Clients, RemoteNotFound, Result, models
from libs.dynamodb import Database, Remove, Table
from libs.errors import NotFound, ServiceUnavailable
from libs.jwt import Caller, TokenIssuer, backend_token
from libs.service import ClientAddress
from libs.tasks import Operation, Progress, accepted, asynctask
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.models import Email, User
from services.auth.accounts.new_password import NewPassword
from services.auth.sessions import end_all
from services.auth.sessions.models import Session

TOKENS_OVER = timedelta(seconds=15)
"""After that every service that reads what is revoked (`APP_REVOCATIONS_URL`) refuses the user's tokens."""


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
    end_all(user.id, "deleted")
    return operation


def delete_me(
    body: models.auth.PasswordProof,
    caller: Caller,
    new_password: NewPassword,
    database: Database,
    address: ClientAddress,
) -> Result:
    """Start to delete one's own account.

    :raises Forbidden: WRONG_PASSWORD.
    :raises TooManyRequests: after too many wrong ones, as at the log-in.
    """
    user = new_password.proven(caller.subject, body.password, address)
    return accepted(ask_for_deletion(database, user))


@asynctask(attempts=300, retry_seconds=5.0)
def delete_account(
    user_id: str,
    accounts: Accounts,
    clients: Clients,
    issuer: TokenIssuer,
    database: Database,
    progress: Progress,
) -> None:
    """Delete everything of a user, the account last; 300 tries outlast a day's outage of another service.

    :raises ServiceUnavailable: until no token can add to what was deleted; then it is tried again.
    """
    user = accounts.get(user_id)
    if user is None:
        return
    end_all(user_id, "deleted")
    if datetime.now(UTC) - user.deletion_asked_at < TOKENS_OVER:
        raise ServiceUnavailable("Tokens of this account may still be good.", code="TOKENS_NOT_OVER")
    _delete_profile(user_id, clients, issuer)
    progress.report(0.2)
    _delete_todos(user_id, clients, issuer)
    progress.report(0.9)
    for session in Session.by_user.query(user_id):
        session.delete()
    with database.transaction() as transaction:
        transaction.write(Table(Email), Remove({"address": {"S": user.email}}))
        transaction.write(Table(User), Remove({"id": {"S": user_id}}))


def _delete_profile(user_id: str, clients: Clients, issuer: TokenIssuer) -> None:
    with backend_token(issuer, "auth", audience=["profiles"], scopes=["profiles:delete"]):
        try:
            clients.profiles.delete_profile(profile_id=user_id)
        except RemoteNotFound:
            return


def _delete_todos(user_id: str, clients: Clients, issuer: TokenIssuer) -> None:
    more = True
    while more:
        # A token of its own for each request: thousands of todos may take longer than one is good.
        with backend_token(issuer, "auth", audience=["todos"], scopes=["todos:delete-all"]):
            body = clients.todos.Erasure(owner=user_id)
            more = clients.todos.erase_todos(body=body).more
