"""Models with attributes of most kinds, tables for them, and conditions: what tests of stores stand on.

A module of its own, so that processes of a test can import it, too.
"""

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection, LocalSecondaryIndex
from pynamodb.models import Model

from libs.dynamodb import Database
from libs.resource.query.derived import LowercaseAttribute
from libs.resource.query.operators import OPERATORS
from libs.resource.query.where import Test


class ByWeight(LocalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-weight"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    weight = NumberAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-due"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    due = UTCDateTimeAttribute(range_key=True)


class ByLabel(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-label"
        projection = KeysOnlyProjection()

    label_lower = UnicodeAttribute(hash_key=True)


class Parcel(Model):
    """Without a version: what a write returns is read again."""

    class Meta:
        table_name = "parcels"

    owner = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    label = UnicodeAttribute(null=True)
    label_lower = LowercaseAttribute("label")
    place = UnicodeAttribute(null=True)
    open = BooleanAttribute(null=True, attr_name="o")
    lost = BooleanAttribute(default_for_new=False)
    tags: Any = ListAttribute(of=UnicodeAttribute, null=True)
    marks = UnicodeSetAttribute(null=True)
    sizes = NumberSetAttribute(null=True)
    weight = NumberAttribute(null=True)
    price = NumberAttribute(null=True, attr_name="p")
    due = UTCDateTimeAttribute(null=True)
    sent = UTCDateTimeAttribute(null=True)
    extra = JSONAttribute(null=True)
    bag: Any = ListAttribute(null=True)
    box: Any = MapAttribute(null=True)
    by_weight = ByWeight()
    by_due = ByDue()
    by_label = ByLabel()


class Job(Model):
    """With a version, and an owner that is no part of its key."""

    class Meta:
        table_name = "jobs"

    id = UnicodeAttribute(hash_key=True)
    team = UnicodeAttribute(null=True)
    text = UnicodeAttribute(null=True)
    priority = NumberAttribute(null=True)
    version = VersionAttribute()


def bind(models: Sequence[type[Model]], prefix: str) -> Database:
    """Bind models to the tables whose names begin with `prefix`."""
    endpoint = os.environ["TEST_DYNAMODB_ENDPOINT"]
    return Database(models, region="eu-west-1", endpoint=endpoint, table_prefix=prefix)


@contextmanager
def tables(*models: type[Model]) -> Iterator[str]:
    """Make a table for each model, and drop them again; gives the prefix of their names.

    Models that others have bound as well, as `Total` is for the whole session, are theirs again afterwards.
    """
    before = bindings(models)
    prefix = f"test-{uuid.uuid4().hex}-"
    database = bind(models, prefix)
    ours = bindings(models)
    database.create_tables()
    try:
        yield prefix
    finally:
        now = bindings(models)
        restore(ours)
        database.delete_tables()
        for theirs, our, earlier in zip(now, ours, before, strict=True):
            restore([earlier if theirs == our else theirs])


def bindings(models: Sequence[type[Model]]) -> list[tuple[type[Model], str, Any]]:
    """Return which tables models are bound to, for `restore`."""
    return [(one, one.Meta.table_name, one._connection) for one in models]


def restore(bound: Sequence[tuple[type[Model], str, Any]]) -> None:
    """Bind models as they were."""
    for model, table_name, connection in bound:
        model.Meta.table_name, model._connection = table_name, connection


def only(field: str, operator: str, operand: Any) -> Test:
    """Return the condition that holds where a field is so."""
    return Test(field, OPERATORS[operator], operand, negated=False)
