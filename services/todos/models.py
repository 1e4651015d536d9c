"""What todos stores."""

from datetime import UTC, datetime, timedelta

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model
from ulid import ULID

EXPORT_KEPT = timedelta(days=7)


def _now() -> datetime:
    return datetime.now(UTC)


class Todo(Model):
    """Something to do. Ids are ULIDs, so that a list is in the order of creation."""

    class Meta:
        table_name = "todos"

    owner = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True, default_for_new=lambda: str(ULID()))
    title = UnicodeAttribute()
    done = BooleanAttribute(default_for_new=False)
    notes = UnicodeAttribute(default_for_new="")
    created_at = UTCDateTimeAttribute(default_for_new=_now)
    updated_at = UTCDateTimeAttribute(default_for_new=_now)


class Export(Model):
    """A finished export. It expires before its parts do."""

    class Meta:
        table_name = "exports"

    export_id = UnicodeAttribute(hash_key=True)
    owner = UnicodeAttribute()
    text_id = UnicodeAttribute()
    parts = NumberAttribute()
    expires_at = TTLAttribute(default_for_new=EXPORT_KEPT)


class ExportPart(Model):
    """A part of the text of an export: whole lines of JSON, under the 400 KB that AWS allows an item."""

    class Meta:
        table_name = "export-parts"

    text_id = UnicodeAttribute(hash_key=True)
    part = NumberAttribute(range_key=True)
    lines = UnicodeAttribute()
    expires_at = TTLAttribute(default_for_new=EXPORT_KEPT + timedelta(days=1))
