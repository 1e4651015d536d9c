"""What admins do with accounts: the operations under /auth/users, for tokens with the scope users:admin."""

from datetime import UTC, datetime

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from libs.api import Result, models
from libs.dynamodb import Database, is_condition_failure
from libs.errors import Conflict, NotFound, Problem
from libs.jwt import Caller
from libs.tasks import accepted
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.deletion import ask_for_deletion
from services.auth.accounts.models import EVERYBODY, User, canonical
from services.auth.audit import audit
from services.auth.sessions import end_all


def list_users(limit: int, email: str | None = None, after: str | None = None) -> models.auth.UserPage:
    """List accounts in the order of their addresses.

    :param email: what the addresses begin with.
    :param after: the address that the page before ended with, as it has it in `next`.
    """
    first = canonical(email) if email else ""
    # Bounds and not a start key: a place in the order is one though its account was deleted meanwhile.
    if after is not None:
        first = max(first, f"{canonical(after)}\0")
    last = f"{canonical(email) if email else ''}\U0010ffff"
    if first > last:
        return models.auth.UserPage(items=[])
    among = User.email.between(first, last) if first else None
    found = list(User.by_email.query(EVERYBODY, among, limit=limit + 1))
    page = models.auth.UserPage(items=[_shown(user) for user in found[:limit]])
    if len(found) > limit:
        page.next = found[limit - 1].email
    return page


def get_user(user_id: str, accounts: Accounts) -> models.auth.User:
    """Return an account.

    :raises NotFound: if there is none.
    """
    return _shown(_user(user_id, accounts))


def disable_user(user_id: str, caller: Caller, accounts: Accounts) -> models.auth.User:
    """Let nobody log in to an account, and end its sessions.

    :raises NotFound: if there is none.
    :raises Conflict: YOURSELF.
    """
    _not_oneself(user_id, caller)
    now = datetime.now(UTC)
    user = _changed(
        user_id, [User.disabled_at.set(User.disabled_at | now), User.sessions_valid_from.set(now)]
    )
    audit("account disabled", user=user.id, by=caller.subject)
    end_all(user.id, "disabled", tokens=True)
    return _shown(user)


def enable_user(user_id: str, caller: Caller, accounts: Accounts) -> models.auth.User:
    """Let the owner log in again.

    :raises NotFound: if there is no such account.
    :raises Conflict: BEING_DELETED.
    """
    deleted = Conflict("This account is being deleted.", code="BEING_DELETED")
    if _user(user_id, accounts).is_being_deleted:
        raise deleted
    kept = User.deletion_asked_at.does_not_exist()
    user = _changed(user_id, [User.disabled_at.remove()], only_if=kept, conflict=deleted)
    audit("account enabled", user=user.id, by=caller.subject)
    return _shown(user)


def unlock_user(user_id: str, caller: Caller, accounts: Accounts) -> None:
    """Forget the wrong passwords of an account.

    :raises NotFound: if there is none.
    """
    accounts.unlock(_user(user_id, accounts).email)
    audit("account unlocked", user=user_id, by=caller.subject)


def set_roles(
    user_id: str, body: models.auth.UserRoles, caller: Caller, accounts: Accounts
) -> models.auth.User:
    """Give an account these roles and no others.

    Who loses one is logged out, so that no token has it any more.

    :raises NotFound: if there is no such account.
    :raises Conflict: YOURSELF, or ROLES_CHANGED: by somebody else, in the same moment.
    """
    _not_oneself(user_id, caller)
    wanted, before = set(body.roles), set(_user(user_id, accounts).roles or ())
    actions: list[Action] = [User.roles.set(wanted) if wanted else User.roles.remove()]
    if before - wanted:
        actions.append(User.sessions_valid_from.set(datetime.now(UTC)))
    # What was read decides who is logged out: a role that was given since would be taken without that.
    as_read = User.roles == before if before else User.roles.does_not_exist()
    changed = Conflict("The roles were changed in the same moment. Look again.", code="ROLES_CHANGED")
    user = _changed(user_id, actions, only_if=as_read, conflict=changed)
    audit("roles set", user=user.id, by=caller.subject, roles=sorted(wanted), before=sorted(before))
    if before - wanted:
        end_all(user.id, "roles", tokens=True)
    return _shown(user)


def delete_user(user_id: str, caller: Caller, accounts: Accounts, database: Database) -> Result:
    """Start to delete an account and what the other services hold of its owner.

    :raises NotFound: if there is none.
    :raises Conflict: YOURSELF.
    """
    _not_oneself(user_id, caller)
    operation = ask_for_deletion(database, _user(user_id, accounts))
    audit("deletion asked for", user=user_id, by=caller.subject)
    return accepted(operation)


def _user(user_id: str, accounts: Accounts) -> User:
    user = accounts.get(user_id)
    if user is None:
        raise NotFound
    return user


def _not_oneself(user_id: str, caller: Caller) -> None:
    # Nobody is left without an admin by a slip of the hand.
    if user_id == caller.subject:
        raise Conflict("Ask another admin to do that to your own account.", code="YOURSELF")


def _changed(
    user_id: str, actions: list[Action], *, only_if: Condition | None = None, conflict: Problem | None = None
) -> User:
    """Change an account.

    :raises NotFound: or `conflict`, if there is one, where the account is not there or not as `only_if` says.
    """
    user, condition = User(user_id), User.id.exists()
    if only_if is not None:
        condition &= only_if
    try:
        user.update(actions, condition=condition)
    except UpdateError as error:
        if is_condition_failure(error):
            raise (conflict or NotFound()) from None
        raise
    return user


def _shown(user: User) -> models.auth.User:
    disabled, deleting = user.disabled_at, user.deletion_asked_at
    return models.auth.User(
        user_id=user.id,
        email=user.email,
        email_verified=user.is_confirmed,
        roles=sorted(user.roles or ()),
        created_at=user.created_at,
        **({"disabled_at": disabled} if disabled else {}),
        **({"deletion_asked_at": deleting} if deleting else {}),
    )
