"""The row of a client."""

from datetime import UTC, datetime

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.models import Model


class OAuthClient(Model):
    """A program that may ask for tokens.

    :param secret_hash: None for one that can keep no secret: a page, a program on somebody's device.
    :param previous_hash: of the secret that was replaced; it is good until `previous_until`.
    :param grants: of RFC 6749: client_credentials, authorization_code, refresh_token; and `ON_BEHALF_GRANT`
        of one that may act for users.
    :param redirect_uris: where codes may be sent, exactly.
    :param scopes: what its tokens may be good for at the most.
    :param roles: of users, what the tokens to act for them with may carry at the most.
    :param audiences: the services that may take its tokens.
    :param created_at: what an earlier client of the same id was given is not good for this one.
    """

    class Meta:
        table_name = "oauth-clients"

    client_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    secret_hash = UnicodeAttribute(null=True)
    previous_hash = UnicodeAttribute(null=True)
    previous_until = UTCDateTimeAttribute(null=True)
    grants = UnicodeSetAttribute()
    redirect_uris = UnicodeSetAttribute(null=True)
    scopes = UnicodeSetAttribute(null=True)
    roles = UnicodeSetAttribute(null=True)
    audiences = UnicodeSetAttribute(null=True)
    created_at = UTCDateTimeAttribute(default_for_new=lambda: datetime.now(UTC))
