"""A small library: models with keys of every kind, and the resources most tests are about.

A module of its own, so that processes of a test can import it, too.
"""

from datetime import UTC, datetime
from typing import Any

from marshmallow.fields import String
from marshmallow.validate import Length
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model

from libs.resource import (
    Create,
    CursorSigner,
    Delete,
    Everyone,
    Group,
    List,
    ModelResource,
    OwnedBy,
    Replace,
    Retrieve,
    Sample,
    Stats,
    Total,
    Update,
    Within,
)
from libs.service import Service

SECRET = "only-for-tests-and-32-characters-long"


class ByPrice(LocalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-price"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    price = NumberAttribute(range_key=True)


class Book(Model):
    """Something owned, with a key its owner chooses."""

    class Meta:
        table_name = "books"

    owner = UnicodeAttribute(hash_key=True)
    isbn = UnicodeAttribute(range_key=True)
    title = UnicodeAttribute(attr_name="t")
    price = NumberAttribute(null=True)
    lent = BooleanAttribute(default_for_new=False)
    tags = ListAttribute(of=UnicodeAttribute, default=list)
    words = UnicodeSetAttribute(null=True)
    size: Any = MapAttribute(null=True)
    secret = UnicodeAttribute(null=True)
    added_at = UTCDateTimeAttribute(null=True)
    changed_at = UTCDateTimeAttribute(null=True)
    version = VersionAttribute()
    by_price = ByPrice()


BOOK = {"isbn": "1", "title": "Emma", "price": 5}
"""What a client sends to have one."""


class ByAuthor(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-author"
        projection = AllProjection()

    author = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class Note(Model):
    """Has an owner that is no part of its key, and may be shared."""

    class Meta:
        table_name = "notes"

    id = UnicodeAttribute(hash_key=True)
    author = UnicodeAttribute()
    text = UnicodeAttribute(default="")
    shared = BooleanAttribute(default=False)
    stars = NumberAttribute(default=0)
    version = VersionAttribute()
    by_author = ByAuthor()


NOTE = {"id": "n1", "author": "ada", "text": "a model", "shared": False, "stars": 0, "version": 4}
"""What a client is shown of one."""


class Plain(Model):
    """Has neither a version nor times."""

    class Meta:
        table_name = "plain"

    id = UnicodeAttribute(hash_key=True)
    author = UnicodeAttribute(null=True)
    text = UnicodeAttribute(null=True)
    size: Any = MapAttribute(null=True)


class Stock(Model):
    """Has a key of two parts, one of them a number."""

    class Meta:
        table_name = "stock"

    shop = UnicodeAttribute(hash_key=True)
    sku = NumberAttribute(range_key=True)
    left = NumberAttribute(default=0)


class Reading(Model):
    class Meta:
        table_name = "readings"

    number = NumberAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)


class Moment(Model):
    class Meta:
        table_name = "moments"

    at = UTCDateTimeAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)


class Blob(Model):
    class Meta:
        table_name = "blobs"

    digest = BinaryAttribute(hash_key=True, legacy_encoding=False)
    text = UnicodeAttribute(null=True)


class Everything(List, Create, Retrieve, Update, Replace, Delete, Group, Stats, Sample, ModelResource):
    """All actions: what a company would have between `ModelResource` and its resources."""

    default_limit, largest_limit = 5, 50


class BookResource(Everything):
    model = Book
    scope = OwnedBy("owner")
    read_only = ("added_at", "changed_at")
    created, updated = "added_at", "changed_at"
    fields = {"title": String(required=True, validate=Length(1, 50), metadata={"examples": ["Emma"]})}
    queryable = ("isbn", "title", "price", "lent", "tags", "added_at")
    sortable = ("title", "price", "added_at")
    groupable = ("lent", "tags", "price")
    measurable = ("price", "added_at")


class NoteResource(Everything):
    """Notes of everyone: `OwnedNotes` and `SharedNotes` are of fewer."""

    model = Note
    scope = Everyone()
    allow_scan = True
    queryable = ("id", "text", "shared", "stars")
    sortable = ("text", "stars")
    groupable = ("text", "shared", "stars")
    measurable = ("stars",)


class OwnedNotes(NoteResource):
    scope = OwnedBy("author")
    allow_scan = False


class SharedNotes(NoteResource):
    """One's own notes, and what others share."""

    scope = Within(lambda caller: {"$or": [{"author": caller.subject}, {"shared": True}]})


class PlainResource(Everything):
    model = Plain
    scope = Everyone()
    allow_scan = True
    queryable = ("id", "text")


class StockResource(Everything):
    model = Stock
    scope = Everyone()
    allow_scan = True


SERVICE = Service(
    "library",
    models=[Book, Note, Plain, Stock, Reading, Moment, Blob, Total],
    provide=lambda settings: [CursorSigner(SECRET), datetime(2026, 1, 1, tzinfo=UTC)],
)
"""Beside the signer it provides a time, for what a resource may ask for in its `__init__`."""
