"""What profiles stores."""

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.models import Model


class Profile(Model):
    """What a user shows of themselves; its key is the user's id."""

    class Meta:
        table_name = "profiles"

    profile_id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    bio = UnicodeAttribute(default_for_new="")
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
