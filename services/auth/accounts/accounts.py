"""Finding accounts, and telling whether a password is the right one."""

from collections.abc import Callable
from contextlib import suppress

from pynamodb.exceptions import DoesNotExist, UpdateError

from libs.dynamodb import is_condition_failure
from libs.errors import Forbidden, TooManyRequests, Unauthorized
from services.auth.accounts.models import Email, User, canonical
from services.auth.accounts.passwords import Passwords
from services.auth.audit import audit
from services.auth.throttle import Limits, Throttle, network

MOST_KEY_BYTES = 2048
"""What DynamoDB takes for a key; no key is empty, either."""


class Accounts:
    """The accounts, for whatever part of the service needs to know who somebody is.

    :param verified_only: whether nobody is let in whose e-mail is not verified.
    :param used: told of every account that is let in.
    """

    def __init__(
        self,
        passwords: Passwords,
        throttle: Throttle,
        limits: Limits,
        *,
        verified_only: bool = True,
        used: Callable[[User], object] = lambda user: None,
    ) -> None:
        self.verified_only = verified_only
        self._used = used
        self._passwords = passwords
        self._throttle = throttle
        self._limits = limits

    @staticmethod
    def get(user_id: str) -> User | None:
        """Return the account as it is stored now, disabled or not; None if there is none."""
        with suppress(DoesNotExist):
            return User.get(user_id, consistent_read=True)
        return None

    @staticmethod
    def find_by_email(email: str) -> User | None:
        """Return the account of an e-mail in any spelling; None if there is none.

        Two reads in any case: how long it takes must not tell who has an account.
        """
        user_id, address = "nobody", canonical(email)
        if not 0 < len(address.encode()) <= MOST_KEY_BYTES:  # a form sends anything
            address = "nobody"
        with suppress(DoesNotExist):
            user_id = Email.get(address, consistent_read=True).user_id
        return Accounts.get(user_id)

    def check_password(self, email: str, password: str, address: str) -> User:
        """Return the account, if that is its password and it may be logged in to.

        Wrong passwords are counted, before they are looked at, by account and by address, and those of
        unknown e-mails as well. The right one clears the account's count. An address from which an account
        was logged in to before has a count of its own for it: nobody can keep its owner out from elsewhere.

        A hash that was made with other parameters than those of now is made anew.

        :param address: where the request comes from (`ClientAddress`).
        :raises Unauthorized: INVALID_CREDENTIALS; the same, and as slow, for an unknown e-mail.
        :raises TooManyRequests: without looking at the password.
        :raises Forbidden: ACCOUNT_DISABLED, EMAIL_NOT_VERIFIED; only to who knows the password.
        """
        account = canonical(email)
        counted = self._counted(account, address)
        try:
            self._throttle.take(self._limits.passwords_by_address, network(address))
            self._throttle.take(self._limits.passwords_of_account, counted)
        except TooManyRequests:
            audit("password not looked at", address=address)
            raise
        try:
            user = self.find_by_email(email)
            right = self._passwords.verify(password, user.password_hash if user else None)
        except Exception:
            # Nothing was learnt: the database is away, or too many passwords are looked at already.
            self._throttle.give_back(self._limits.passwords_by_address, network(address))
            self._throttle.give_back(self._limits.passwords_of_account, counted)
            raise
        if user is None or not right:
            # Who tries many accounts is seen by the address; unknown e-mails are not kept, not even hashed.
            audit("password wrong", user=user.id if user else None, address=address)
            raise Unauthorized("E-mail or password are wrong.", code="INVALID_CREDENTIALS")
        self._throttle.give_back(self._limits.passwords_by_address, network(address))
        self._throttle.clear(self._limits.passwords_of_account, counted)
        if user.is_disabled:
            audit("log-in refused", user=user.id, address=address, why="ACCOUNT_DISABLED")
            raise Forbidden("This account is disabled.", code="ACCOUNT_DISABLED")
        if self.verified_only and not user.is_confirmed:
            audit("log-in refused", user=user.id, address=address, why="EMAIL_NOT_VERIFIED")
            raise Forbidden(
                "Open the link that was sent to this e-mail address first.", code="EMAIL_NOT_VERIFIED"
            )
        audit("password right", user=user.id, address=address)
        self._throttle.remember(account, address)
        self._used(user)
        self._rehash(user, password)
        return user

    def unlock(self, email: str, address: str | None = None) -> None:
        """Forget the wrong passwords of an account.

        :param address: of those that addresses have counts of their own for, forget only this one's; all if
            absent.
        """
        account = canonical(email)
        self._throttle.clear(self._limits.passwords_of_account, account)
        if address is None:
            self._throttle.unlock(account)
        else:
            self._throttle.clear(self._limits.passwords_of_account, self._by_known(account, address))

    def _counted(self, account: str, address: str) -> str:
        """Return what the tries of `address` for `account` are counted under."""
        return self._by_known(account, address) if self._throttle.knows(account, address) else account

    def _by_known(self, account: str, address: str) -> str:
        return f"{account} from {network(address)} since {self._throttle.unlocked(account)}"

    def _rehash(self, user: User, password: str) -> None:
        if not self._passwords.is_outdated(user.password_hash):
            return
        unchanged = User.password_hash == user.password_hash
        try:
            user.update([User.password_hash.set(self._passwords.hash(password))], condition=unchanged)
        except UpdateError as error:
            if not is_condition_failure(error):  # the password was changed meanwhile, or the account deleted
                raise
