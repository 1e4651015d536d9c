"""Changing and resetting passwords: either ends the sessions that the old one let in."""

from datetime import UTC, datetime

from pynamodb.expressions.update import Action

from libs.dynamodb import Database
from libs.errors import Conflict, Forbidden, Unauthorized
from services.auth.accounts import mail_tokens
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.mail_tokens import Purpose
from services.auth.accounts.models import User, same_password
from services.auth.accounts.passwords import Passwords
from services.auth.accounts.policy import PasswordPolicy
from services.auth.accounts.signing_up import confirming
from services.auth.accounts.tasks import send_password_changed
from services.auth.audit import audit
from services.auth.sessions import end_all, keep_in


class NewPassword:
    """Gives accounts another password."""

    def __init__(self, accounts: Accounts, passwords: Passwords, policy: PasswordPolicy) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._policy = policy

    def change(
        self,
        database: Database,
        user_id: str,
        current: str,
        new: str,
        *,
        address: str,
        session: str | None,
    ) -> None:
        """Change the password of who knows the present one.

        :param session: the id of the one session that goes on.
        :raises Forbidden: WRONG_PASSWORD.
        :raises TooManyRequests: after too many wrong ones, as at the log-in.
        :raises InvalidBody: PASSWORD_REFUSED.
        """
        user = self.proven(user_id, current, address)
        self._policy.check(new, pointer="/new_password", about=[user.email])
        replaced = Conflict("The password has been changed meanwhile.", code="PASSWORD_CHANGED")
        actions = self._replacing(new)
        with database.transaction() as transaction:
            transaction.update(user, actions, condition=same_password(user), conflict=replaced)
            if session is not None:
                keep_in(transaction, session, user.id)
            send_password_changed(user_id=user.id)
        audit("password changed", user=user.id, address=address)
        end_all(user.id, "password", keep=session)

    def reset(self, database: Database, token: str, new: str, *, address: str) -> None:
        """Change the password of who has the mailbox, which is confirmed by that as well.

        Wrong passwords from before are forgotten, for all but other addresses the account is known from.

        :raises InvalidBody: LINK_INVALID, PASSWORD_REFUSED; the link stays good after the latter.
        """
        user = mail_tokens.find_user(token, Purpose.RESET)
        self._policy.check(new, pointer="/password", about=[user.email])
        actions, lost = self._replacing(new), mail_tokens.not_good()
        with database.transaction() as transaction:
            mail_tokens.spend(token, transaction)
            actions += confirming(user, transaction)
            transaction.update(user, actions, condition=same_password(user), conflict=lost)
            send_password_changed(user_id=user.id)
        audit("password reset", user=user.id, address=address)
        self._accounts.unlock(user.email, address)
        end_all(user.id, "password", tokens=True)

    def proven(self, user_id: str, password: str, address: str) -> User:
        """Return the account of a caller who proves once more who they are.

        :raises Unauthorized: if there is none any more.
        :raises Forbidden: WRONG_PASSWORD.
        :raises TooManyRequests: after too many wrong ones.
        """
        user = self._accounts.get(user_id)
        if user is None:
            raise Unauthorized("There is no such account.")
        try:
            return self._accounts.check_password(user.email, password, address)
        except Unauthorized:
            # Not 401: the token is good, and a client would only fetch another.
            raise Forbidden("The password is wrong.", code="WRONG_PASSWORD") from None

    def _replacing(self, new: str) -> list[Action]:
        hashed, now = self._passwords.hash(new), datetime.now(UTC)
        return [
            User.password_hash.set(hashed),
            User.password_changed_at.set(now),
            User.sessions_valid_from.set(now),
        ]
