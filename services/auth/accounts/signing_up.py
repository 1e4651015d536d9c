"""New accounts, and the addresses they claim."""

from datetime import UTC, datetime

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action

from libs.dynamodb import Database
from libs.errors import Conflict
from services.auth.accounts import mail_tokens
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.mail_tokens import Purpose, made_for
from services.auth.accounts.models import Email, User, canonical, same_password
from services.auth.accounts.tasks import create_profile, send_signed_up_already, send_verification


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
            transaction.create(Email(user.email, user_id=user.id), conflict=taken)
            transaction.create(user)
            create_profile(user_id=user.id, name=name)
            send_verification(user_id=user.id, sign_up=made_for(user))
        return user

    def secretly(self, database: Database, email: str, password_hash: str, name: str) -> None:
        """Create an account that can be used once its address is confirmed, telling nobody but its mailbox.

        Who signs up again before that has the account start anew, with the new password; links that were
        mailed before are dead then. Of an account that is confirmed nothing changes.

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
        user = self._accounts.find_by_email(email)
        with database.transaction() as transaction:
            if user is None:
                user = User(email=canonical(email), password_hash=password_hash, name=name)
                transaction.create(Email(user.email, user_id=user.id), conflict=_Taken())
                transaction.create(user)
                send_verification(user_id=user.id, sign_up=made_for(user))
            elif not user.is_confirmed and not user.is_disabled:
                now = datetime.now(UTC)
                actions: list[Action] = [
                    User.password_hash.set(password_hash),
                    User.password_changed_at.set(now),
                    User.sessions_valid_from.set(now),
                ]
                if user.name:
                    actions.append(User.name.set(name))
                unconfirmed = same_password(user) & User.email_verified_at.does_not_exist()
                transaction.update(user, actions, condition=unconfirmed, conflict=_Taken())
                user.password_changed_at = now
                send_verification(user_id=user.id, sign_up=made_for(user))
            else:
                send_signed_up_already(user_id=user.id)


def _met_another(error: TransactWriteError) -> bool:
    return any(reason and reason.code == "TransactionConflict" for reason in error.cancellation_reasons)


def confirm(database: Database, token: str) -> None:
    """Note that whoever opened the link has the mailbox; the profile is made now if it waited for that.

    :raises InvalidBody: LINK_INVALID.
    """
    user = mail_tokens.find_user(token, Purpose.VERIFY)
    with database.transaction() as transaction:
        mail_tokens.spend(token, transaction)
        if actions := confirming(user):
            lost = mail_tokens.not_good()
            transaction.update(user, actions, condition=same_password(user), conflict=lost)


def confirming(user: User) -> list[Action]:
    """Return what makes the address of `user` a confirmed one, and submit the task for its profile.

    To be called inside the transaction that the actions go into.
    """
    if user.is_confirmed:
        return []
    actions: list[Action] = [User.email_verified_at.set(datetime.now(UTC))]
    if user.name:
        create_profile(user_id=user.id, name=user.name)
        actions.append(User.name.remove())
    return actions
