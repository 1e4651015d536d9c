"""What auth stores."""

import unicodedata
from datetime import UTC, datetime

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.models import Model
from ulid import ULID


class User(Model):
    """An account."""

    class Meta:
        table_name = "users"

    id = UnicodeAttribute(hash_key=True, default_for_new=lambda: str(ULID()))
    email = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    created_at = UTCDateTimeAttribute(default_for_new=lambda: datetime.now(UTC))


class Email(Model):
    """Whose an e-mail address is. As a key of its own it is unique, which no index can promise."""

    class Meta:
        table_name = "emails"

    address = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()


def canonical(email: str) -> str:
    """Return the one spelling under which an address is stored, so that Ada@ and ada@ are one account."""
    return unicodedata.normalize("NFC", email).casefold()
