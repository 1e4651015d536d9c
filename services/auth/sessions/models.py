"""What is stored of sessions."""

from datetime import UTC, datetime

from pynamodb.attributes import (
    BinaryAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model
from ulid import ULID

from libs.jwt.cookies import csrf_value


def _now() -> datetime:
    return datetime.now(UTC)


class ByUser(GlobalSecondaryIndex["Session"]):  # type: ignore[no-untyped-call]
    """The sessions of a user in the order they began, without anything a token could be known by."""

    class Meta:
        index_name = "by-user"
        projection = IncludeProjection(
            ["created_at", "used_at", "expires_at", "device", "address", "client_id", "ended_at"]
        )

    user_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class Session(Model):
    """One log-in, on one device, until it is logged out, and all tokens that come of it.

    :param client_id: the OAuth client it belongs to; `libs.jwt.issuer.FIRST_PARTY` for one of our own.
    :param scopes: what the client was granted, at the most; None for all that the user has.
    :param audience: the services its access tokens are good at.
    :param family: proves that a refresh token was made here, and not by who knows the session's id.
    :param refresh_hash: of the one refresh token that is good.
    :param previous_hash: of the one before it.
    :param successor: the good one, for who has the one before it.
    :param authenticated_at: when the password was sent, before it was looked at.
    :param confirmed_at: since when it is known that the session is to outlive a change of the password.
    :param expires_at: the end, whatever it is used for; DynamoDB deletes the row some days later.
    :param ended_why: logout, reuse, password …
    """

    class Meta:
        table_name = "sessions"

    id = UnicodeAttribute(hash_key=True, default_for_new=lambda: str(ULID()))
    user_id = UnicodeAttribute()
    client_id = UnicodeAttribute()
    scopes = UnicodeSetAttribute(null=True)
    audience = UnicodeSetAttribute()
    family = BinaryAttribute(legacy_encoding=False)
    refresh_hash = UnicodeAttribute()
    previous_hash = UnicodeAttribute(null=True)
    successor = BinaryAttribute(legacy_encoding=False, null=True)
    rotated_at = UTCDateTimeAttribute(null=True)
    created_at = UTCDateTimeAttribute(default_for_new=_now)
    authenticated_at = UTCDateTimeAttribute()
    confirmed_at = UTCDateTimeAttribute(null=True)
    used_at = UTCDateTimeAttribute(default_for_new=_now)
    expires_at = TTLAttribute()
    device = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    ended_at = UTCDateTimeAttribute(null=True)
    ended_why = UnicodeAttribute(null=True)

    by_user = ByUser()

    @property
    def csrf(self) -> str:
        """What its pages have to send, if it is a browser's."""
        return csrf_value(self.family, self.id)

    @property
    def is_ended(self) -> bool:
        """Whether somebody or something ended it; its time may be over without that."""
        at: datetime | None = self.ended_at
        return at is not None


class Revocation(Model):
    """Something that is over before it expires. All are one partition, in the order they may be forgotten.

    So the list is read by one query that sees nothing which is over.

    :param until_what: until when it counts, in seconds since the epoch, and what: ``01800000000 sid 01J…``.
    """

    class Meta:
        table_name = "revocations"

    partition = UnicodeAttribute(hash_key=True, default="revoked")
    until_what = UnicodeAttribute(range_key=True)
    created_at = UTCDateTimeAttribute(default_for_new=_now)
    expires_at = TTLAttribute()
