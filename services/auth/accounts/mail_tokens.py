"""What stands in mailed links: 256 random bits, good once, for one thing, not for long; stored as a hash."""

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from libs.dynamodb import Remove, Table, Transaction
from libs.errors import InvalidBody
from services.auth.accounts.models import User

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class Purpose(StrEnum):
    """What a link is for."""

    VERIFY = "verify"
    RESET = "reset"


KEPT = {Purpose.VERIFY: timedelta(hours=24), Purpose.RESET: timedelta(minutes=30)}
"""How long a link is good."""


class MailToken(Model):
    """A link that was mailed.

    :param made_for: the password it was made for (`made_for`), so that the next one ends it.
    """

    class Meta:
        table_name = "mail-tokens"

    digest = UnicodeAttribute(hash_key=True)
    purpose = UnicodeAttribute()
    user_id = UnicodeAttribute()
    made_for = UnicodeAttribute()
    expires_at = TTLAttribute()


def made_for(user: User) -> str:
    """Return what says which password an account has, and nothing about it."""
    return user.password_changed_at.isoformat() if user.password_changed_at else "unknown"


def make(user: User, purpose: Purpose) -> str:
    """Store a new token, and return what is to be mailed."""
    token = secrets.token_urlsafe(32)
    MailToken(
        _digest(token),
        purpose=purpose,
        user_id=user.id,
        made_for=made_for(user),
        expires_at=datetime.now(UTC) + KEPT[purpose],
    ).save()
    return token


def find_user(token: str, purpose: Purpose) -> User:
    """Return whose token it is. It is still good after that.

    :raises InvalidBody: LINK_INVALID; the same for one that is unknown, over, used or for something else.
    """
    if not _TOKEN.match(token):
        raise not_good()
    try:
        row = MailToken.get(_digest(token), consistent_read=True)
        user = User.get(row.user_id, consistent_read=True)
    except DoesNotExist:
        raise not_good() from None
    # DynamoDB deletes what is over its time only after days.
    over = row.expires_at <= datetime.now(UTC)
    if over or row.purpose != purpose or row.made_for != made_for(user) or user.is_disabled:
        raise not_good()
    return user


def spend(token: str, transaction: Transaction) -> None:
    """Have the transaction delete the token, and fail as `not_good` if somebody was faster."""
    there = MailToken.digest.exists()
    key = {"digest": {"S": _digest(token)}}
    transaction.write(Table(MailToken), Remove(key, there), conflict=not_good())


def not_good() -> InvalidBody:
    """Return what a token that is not good is answered with."""
    return InvalidBody("This link is not valid, or not any more. Ask for a new one.", code="LINK_INVALID")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
