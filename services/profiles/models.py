"""What profiles stores."""

from libs.api import Persistent


class StoredProfile(Persistent):
    """What a user shows of themselves; its key is the user's id."""

    table = "profiles"
    hash_key = "profile_id"
