"""What auth stores of its users."""

import unicodedata
from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model
from ulid import ULID

from services.auth.accounts.roles import scopes_of


def _now() -> datetime:
    return datetime.now(UTC)


EVERYBODY = "1"


class ByEmail(GlobalSecondaryIndex["User"]):  # type: ignore[no-untyped-call]
    """All accounts in the order of their addresses, without what belongs to nobody's eyes.

    One partition holds them: a thousand sign-ups a second are as many as it takes (AWS).
    """

    class Meta:
        index_name = "by-email"
        projection = IncludeProjection(
            ["id", "roles", "created_at", "email_verified_at", "disabled_at", "deletion_asked_at"]
        )

    listed = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute(range_key=True)


class User(Model):
    """An account.

    :param name: what its profile is to start with; None once the task that makes it is stored.
    :param email_verified_at: None until somebody has opened the link that was mailed to the address.
    :param disabled_at: since when nobody may log in to it; None for one that is open.
    :param deletion_asked_at: since when a task deletes it; it is disabled then.
    :param roles: what goes into its tokens as `roles`; None for none (DynamoDB has no empty sets).
    :param password_changed_at: every mailed link is of one password, and dead with the next one.
    :param sessions_valid_from: sessions that began before are over, whatever their own rows say.
    :param erased_at: since when other services have held nothing of an account that is being deleted.
    :param expires_at: when DynamoDB may delete an account that nobody has confirmed or used; None for one
        that stays. What is over its time is deleted some days later, and counts until then.
    """

    class Meta:
        table_name = "users"

    id = UnicodeAttribute(hash_key=True, default_for_new=lambda: str(ULID()))
    email = UnicodeAttribute()
    listed = UnicodeAttribute(default_for_new=EVERYBODY)
    password_hash = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    roles = UnicodeSetAttribute(null=True)
    created_at = UTCDateTimeAttribute(default_for_new=_now)
    email_verified_at = UTCDateTimeAttribute(null=True)
    disabled_at = UTCDateTimeAttribute(null=True)
    deletion_asked_at = UTCDateTimeAttribute(null=True)
    password_changed_at = UTCDateTimeAttribute(default_for_new=_now)
    sessions_valid_from = UTCDateTimeAttribute(null=True)
    erased_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute(null=True)

    by_email = ByEmail()

    @property
    def is_confirmed(self) -> bool:
        """Whether it is known that its owner has the mailbox."""
        return bool(self.email_verified_at)

    @property
    def is_disabled(self) -> bool:
        """Whether nobody may log in to it."""
        return bool(self.disabled_at)

    @property
    def is_being_deleted(self) -> bool:
        """Whether there soon will be nothing left of it."""
        return bool(self.deletion_asked_at)

    @property
    def scopes(self) -> frozenset[str]:
        """What its roles allow, for the tokens of its sessions."""
        return scopes_of(self.roles or ())


class Email(Model):
    """Whose an e-mail address is. As a key of its own it is unique, which no index can promise.

    :param expires_at: as that of its account. The two rows are deleted by DynamoDB one after the other: an
        address that is over its time is free, and a new account with it harms nothing of the old one.
    """

    class Meta:
        table_name = "emails"

    address = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    expires_at = TTLAttribute(null=True)


def same_password(user: User) -> Condition:
    """Return the condition that the account is there and has the password it had when `user` was read."""
    if not user.password_changed_at:
        nothing: Condition = User.id.exists() & User.password_changed_at.does_not_exist()
        return nothing
    same: Condition = User.password_changed_at == user.password_changed_at
    return same


def canonical(email: str) -> str:
    """Return the one spelling under which an address is stored, so that Ada@ and ada@ are one account."""
    return unicodedata.normalize("NFC", email).casefold()
