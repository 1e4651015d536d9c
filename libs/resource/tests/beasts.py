"""Models with indexes of every kind and keys of every type, and what may be asked of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marshmallow import fields
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection, LocalSecondaryIndex
from pynamodb.models import Model

from libs.resource.query.derived import LowercaseAttribute
from libs.resource.query.plan import Planner
from libs.resource.query.sorting import parse_sort
from libs.resource.query.where import Expression, WhereParser
from libs.resource.schema import fields as ours
from libs.resource.scope import Extent
from libs.resource.store.store import Store
from libs.resource.tests.rows import tables


class ByPriority(LocalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-priority"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    priority = NumberAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-due"
        projection = AllProjection()

    kind = UnicodeAttribute(hash_key=True)
    due = UTCDateTimeAttribute(range_key=True)


class ByName(LocalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-name"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    name_lower = UnicodeAttribute(range_key=True, attr_name="nl")


class ByTag(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-tag"
        projection = AllProjection()

    tag = UnicodeAttribute(hash_key=True)


class ByKindKeys(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-keys"
        projection = KeysOnlyProjection()

    id = UnicodeAttribute(hash_key=True)


class Beast(Model):
    """A row with indexes of every kind over attributes that may be null."""

    class Meta:
        table_name = "beasts"

    owner = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    kind = UnicodeAttribute()
    tag = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True, attr_name="n")
    name_lower = LowercaseAttribute("name", attr_name="nl")
    priority = NumberAttribute()
    due = UTCDateTimeAttribute(null=True)
    tame = BooleanAttribute(null=True)
    by_priority = ByPriority()
    by_due = ByDue()
    by_name = ByName()
    by_tag = ByTag()
    by_keys = ByKindKeys()


class ByMoment(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-moment"
        projection = AllProjection()

    moment = UTCDateTimeAttribute(hash_key=True)
    code = BinaryAttribute(range_key=True, legacy_encoding=False)


class ByCode(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-code"
        projection = AllProjection()

    code = BinaryAttribute(hash_key=True, legacy_encoding=False)
    size = NumberAttribute(range_key=True)


class Stone(Model):
    """A row with a number for its whole key, and indexes over times and bytes."""

    class Meta:
        table_name = "stones"

    size = NumberAttribute(hash_key=True)
    moment = UTCDateTimeAttribute()
    code = BinaryAttribute(legacy_encoding=False)
    words = ListAttribute(of=UnicodeAttribute, null=True)
    moments = ListAttribute(of=UTCDateTimeAttribute, null=True)
    marks = UnicodeSetAttribute(null=True)
    version = VersionAttribute()
    by_moment = ByMoment()
    by_code = ByCode()


BEAST_FIELDS: dict[str, fields.Field[Any]] = {
    "owner": fields.String(),
    "id": fields.String(),
    "kind": fields.String(),
    "tag": fields.String(),
    "name": fields.String(),
    "priority": fields.Float(),
    "due": ours.Timestamp(),
    "tame": fields.Boolean(),
}
STONE_FIELDS: dict[str, fields.Field[Any]] = {
    "size": fields.Float(),
    "moment": ours.Timestamp(),
    "words": fields.List(fields.String()),
    "moments": fields.List(ours.Timestamp()),
    "marks": fields.List(fields.String()),
    "version": fields.Integer(),
}
BEAST_WHERE, STONE_WHERE = WhereParser(BEAST_FIELDS), WhereParser(STONE_FIELDS)
COMPLETE = ("by-name", "by-priority")
"""The indexes that hold every beast they should: all are written by the store."""
BEASTS_PLANNER = Planner(Store(Beast).layout, complete=COMPLETE)


def wanted(where: Any, parser: WhereParser = BEAST_WHERE) -> Expression:
    """Return the expression a client would send as `where`."""
    return parser.parse(json.dumps(where))


def sort_by(text: str) -> Any:
    """Return the order a client would ask beasts for as `text`."""
    return parse_sort(text, list(BEAST_FIELDS)) if text else ()


@contextmanager
def stores() -> Iterator[tuple[Store, Store]]:
    """Make tables for beasts and for stones, and drop them again."""
    with tables(Beast, Stone):
        yield Store(Beast), Store(Stone)


def clear(store: Store) -> None:
    """Delete all rows."""
    for row in list(store.all_rows(Extent())):
        store.delete(store.key_of(row), Extent())


def ids(rows: Any) -> list[str]:
    """Return the range keys of beasts."""
    return [row("id") for row in rows]
