"""What is stored of authorization codes."""

from datetime import UTC, datetime, timedelta

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.models import Model

KEPT = timedelta(days=1)


class Code(Model):
    """An authorization code: somebody has logged in for a client, which may fetch tokens with it, once.

    :param code_hash: SHA-256 of the code.
    :param challenge: of PKCE, by S256.
    :param authenticated_at: when the password was sent, before it was looked at.
    :param password_changed_at: that of the account, when the password was looked at.
    :param session_id: of the session that was begun with it; None before.
    :param used_again_at: when somebody sent it after that.
    :param expires_at: when the row may be forgotten; the code is over long before (`codes.LIFE`).
    """

    class Meta:
        table_name = "oauth-codes"

    code_hash = UnicodeAttribute(hash_key=True)
    client_id = UnicodeAttribute()
    redirect_uri = UnicodeAttribute()
    challenge = UnicodeAttribute()
    user_id = UnicodeAttribute()
    scopes = UnicodeSetAttribute(null=True)
    nonce = UnicodeAttribute(null=True)
    device = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    authenticated_at = UTCDateTimeAttribute()
    created_at = UTCDateTimeAttribute(default_for_new=lambda: datetime.now(UTC))
    password_changed_at = UTCDateTimeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    used_again_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute(default_for_new=KEPT)
