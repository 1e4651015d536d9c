"""New accounts, and the addresses they claim."""

from datetime import UTC, datetime, timedelta

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from libs.dynamodb import Database, Transaction
from libs.errors import Conflict
from libs.tasks import asynctask
from services.auth.accounts import mail_tokens
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.mail_tokens import Purpose, made_for
from services.auth.accounts.models import Email, User, canonical, same_password
from services.auth.accounts.tasks import create_profile, send_signed_up_already, send_verification

UNCONFIRMED_KEPT = timedelta(days=7)
"""How long an account is kept that nobody has confirmed, or used where that needs no confirmation."""


class _Taken(Conflict):
    """Somebody has signed up with this address in the same moment."""


class SigningUp:
    """Creates accounts, each with the task that makes its profile and the one that sends its mail."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def openly(self, database: Database, email: str, password_hash: str, name: str) -> User:
        """Create an account that can be used at once; its address can be confirmed later.

        :raises Conflict: EMAIL_TAKEN.
        """
        user = User(email=canonical(email), password_hash=password_hash)
        taken = Conflict("There is an account with this e-mail.", code="EMAIL_TAKEN")
        with database.transaction() as transaction:
            transaction.save(Email(user.email, user_id=user.id), condition=_free(), conflict=taken)
            transaction.create(user)
            create_profile(user_id=user.id, name=name)
            send_verification(user_id=user.id, sign_up=made_for(user))
        return user

    def secretly(self, database: Database, email: str, password_hash: str, name: str) -> None:
        """Create an account that can be used once its address is confirmed, telling nobody but its mailbox.

        Who signs up again before that has the account start anew, with the new password; links that were
        mailed before are dead then. Of an account that is confirmed nothing changes, nor of one that was in
        use while addresses needed no confirmation: it is its owner's, and not of whoever signs up later.

        Of several who sign up in the same moment one does. The others are told the same: a refusal would say
        that the account is not confirmed, since of one that is nothing is written.
        """
        for _ in range(2):  # the second time an account is found that the first has not seen
            try:
                self._secretly(database, email, password_hash, name)
            except _Taken:
                continue
            except TransactWriteError as error:
                if not _met_another(error):
                    raise
            else:
                return

    def _secretly(self, database: Database, email: str, password_hash: str, name: str) -> None:
        user, now = self._accounts.find_by_email(email), datetime.now(UTC)
        until = now + UNCONFIRMED_KEPT
        with database.transaction() as transaction:
            if user is None:
                user = User(email=canonical(email), password_hash=password_hash, name=name, expires_at=until)
                claim = Email(user.email, user_id=user.id, expires_at=until)
                transaction.save(claim, condition=_free(), conflict=_Taken())
                transaction.create(user)
                send_verification(user_id=user.id, sign_up=made_for(user))
            elif user.name and not user.is_confirmed and not user.is_disabled:
                actions: list[Action] = [
                    User.password_hash.set(password_hash),
                    User.password_changed_at.set(now),
                    User.sessions_valid_from.set(now),
                    User.name.set(name),
                    User.expires_at.set(until),
                ]
                never_used = (
                    same_password(user) & User.name.exists() & User.email_verified_at.does_not_exist()
                )
                transaction.update(user, actions, condition=never_used, conflict=_Taken())
                claim, its = Email(user.email), Email.user_id == user.id
                transaction.update(claim, [Email.expires_at.set(until)], condition=its, conflict=_Taken())
                user.password_changed_at = now
                send_verification(user_id=user.id, sign_up=made_for(user))
            else:
                send_signed_up_already(user_id=user.id)


def _free() -> Condition:
    free: Condition = Email.address.does_not_exist() | (Email.expires_at <= datetime.now(UTC))
    return free


def _met_another(error: TransactWriteError) -> bool:
    return any(reason and reason.code == "TransactionConflict" for reason in error.cancellation_reasons)


def confirm(database: Database, token: str) -> None:
    """Note that whoever opened the link has the mailbox; the profile is made now if it waited for that.

    :raises InvalidBody: LINK_INVALID.
    """
    user = mail_tokens.find_user(token, Purpose.VERIFY)
    with database.transaction() as transaction:
        mail_tokens.spend(token, transaction)
        if actions := confirming(user, transaction):
            lost = mail_tokens.not_good()
            transaction.update(user, actions, condition=same_password(user), conflict=lost)


def confirming(user: User, transaction: Transaction) -> list[Action]:
    """Return what makes the address of `user` a confirmed one, and the account one that stays.

    The transaction is the one that they go into.
    """
    if user.is_confirmed:
        return []
    return [User.email_verified_at.set(datetime.now(UTC)), *_staying(user, transaction)]


@asynctask(attempts=300)
def keep_account(user_id: str, accounts: Accounts, database: Database) -> None:
    """Keep an account that was made to be confirmed, and is used now that there is no need for that."""
    user = accounts.get(user_id)
    if user is None or not is_to_be_kept(user):
        return
    with database.transaction() as transaction:
        actions = _staying(user, transaction)
        transaction.update(user, actions, condition=User.id.exists(), conflict=_Taken())


def is_to_be_kept(user: User) -> bool:
    """Tell whether an account still waits to be confirmed, or for `keep_account`."""
    return bool(user.expires_at or user.name)


def _staying(user: User, transaction: Transaction) -> list[Action]:
    actions: list[Action] = []
    if user.expires_at:
        # Not changed but written: DynamoDB may just have deleted it.
        its = Email.address.does_not_exist() | (Email.user_id == user.id)
        claim = Email(user.email, user_id=user.id)
        transaction.save(claim, condition=its, conflict=mail_tokens.not_good())
        actions.append(User.expires_at.remove())
    if user.name:
        create_profile(user_id=user.id, name=user.name)
        actions.append(User.name.remove())
    return actions
