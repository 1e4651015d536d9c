"""What todos stores."""

from datetime import UTC, datetime, timedelta

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection, LocalSecondaryIndex
from pynamodb.models import Model
from ulid import ULID

from libs.resource.geo import CellAttribute, GeometryAttribute

EXPORT_KEPT = timedelta(days=7)
ERASED_KEPT = timedelta(days=90)


def _now() -> datetime:
    return datetime.now(UTC)


class ByDueDate(LocalSecondaryIndex["Todo"]):  # type: ignore[no-untyped-call]
    """One's todos in the order they are due; those without a date are not in it."""

    class Meta:
        index_name = "by-due-date"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    due_at = UTCDateTimeAttribute(range_key=True)


class ByPriority(LocalSecondaryIndex["Todo"]):  # type: ignore[no-untyped-call]
    """One's todos by priority."""

    class Meta:
        index_name = "by-priority"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    priority = NumberAttribute(range_key=True)


class ByPlace(GlobalSecondaryIndex["Todo"]):  # type: ignore[no-untyped-call]
    """One's todos by the cell of the map they are in; those without a place are not in it."""

    class Meta:
        index_name = "by-place"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    place_cell = UnicodeAttribute(range_key=True)


class Todo(Model):
    """Something to do. Ids are ULIDs, so that a list is in the order of creation.

    All todos of a user are one partition, and each index sorts them by something else.
    """

    class Meta:
        table_name = "todos"

    owner = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True, default_for_new=lambda: str(ULID()))
    title = UnicodeAttribute()
    done = BooleanAttribute(default_for_new=False)
    notes = UnicodeAttribute(default_for_new="")
    tags = ListAttribute(of=UnicodeAttribute, default=list)
    priority = NumberAttribute(default_for_new=3)
    due_at = UTCDateTimeAttribute(null=True)
    estimate = NumberAttribute(null=True)
    place = GeometryAttribute(null=True)
    place_cell = CellAttribute("place")
    state = UnicodeAttribute(default_for_new="active")
    created_at = UTCDateTimeAttribute(default_for_new=_now)
    updated_at = UTCDateTimeAttribute(default_for_new=_now)
    version = VersionAttribute()

    by_due_date = ByDueDate()
    by_priority = ByPriority()
    by_place = ByPlace()


class ByOwner(GlobalSecondaryIndex["Export"]):  # type: ignore[no-untyped-call]
    """Someone's exports, with what it takes to erase them."""

    class Meta:
        index_name = "by-owner"
        projection = IncludeProjection(["text_id"])

    owner = UnicodeAttribute(hash_key=True)
    export_id = UnicodeAttribute(range_key=True)


class Export(Model):
    """A finished export. It expires before its parts do."""

    class Meta:
        table_name = "exports"

    export_id = UnicodeAttribute(hash_key=True)
    owner = UnicodeAttribute()
    text_id = UnicodeAttribute()
    parts = NumberAttribute()
    expires_at = TTLAttribute(default_for_new=EXPORT_KEPT)

    by_owner = ByOwner()


class ExportPart(Model):
    """A part of the text of an export: whole lines of JSON, under the 400 KB that AWS allows an item."""

    class Meta:
        table_name = "export-parts"

    text_id = UnicodeAttribute(hash_key=True)
    part = NumberAttribute(range_key=True)
    lines = UnicodeAttribute()
    expires_at = TTLAttribute(default_for_new=EXPORT_KEPT + timedelta(days=1))


class ErasedOwner(Model):
    """That everything of a user was erased: exports that were asked for before must bring nothing back."""

    class Meta:
        table_name = "erased-owners"

    owner = UnicodeAttribute(hash_key=True)
    expires_at = TTLAttribute(default_for_new=ERASED_KEPT)

    @classmethod
    def was(cls, owner: str) -> bool:
        """Tell whether everything of `owner` was erased, or is being erased."""
        return cls.count(owner, consistent_read=True) > 0
