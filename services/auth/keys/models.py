"""The row of a key."""

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

RING = "access-tokens"


class Key(Model):
    """A key of the ring. All are one partition, numbered in the order they were made.

    So a successor has one place, and of all processes that see it missing one makes it.

    :param sealed: the private key (see `Seal`).
    :param created_at: seconds since the epoch, as the other times.
    :param signs_from: from when on tokens are signed with it; it is published before.
    :param retired_at: since when it is published no more, for it may be known to others.
    """

    class Meta:
        table_name = "keys"

    ring = UnicodeAttribute(hash_key=True, default=RING)
    number = NumberAttribute(range_key=True)
    kid = UnicodeAttribute()
    algorithm = UnicodeAttribute()
    sealed = BinaryAttribute(legacy_encoding=False)
    created_at = NumberAttribute()
    signs_from = NumberAttribute()
    retired_at = NumberAttribute(null=True)

    @property
    def is_retired(self) -> bool:
        """Whether it is published no more."""
        at: float | None = self.retired_at
        return at is not None
