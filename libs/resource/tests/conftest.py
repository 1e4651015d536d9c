"""A model with an attribute of every kind, its tables, and a resource made of it."""

import os
import uuid
from collections.abc import Iterator

import pytest
from marshmallow.fields import String
from marshmallow.validate import Length
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.models import Model

from libs.dynamodb import Database
from libs.resource import Create, CursorSigner, Delete, List, ModelResource, OwnedBy, Retrieve, Update


class Book(Model):
    """Something owned, with a key its owner chooses."""

    class Meta:
        table_name = "books"

    owner = UnicodeAttribute(hash_key=True)
    isbn = UnicodeAttribute(range_key=True)
    title = UnicodeAttribute()
    price = NumberAttribute(null=True)
    lent = BooleanAttribute(default_for_new=False)
    lent_at = UTCDateTimeAttribute(null=True)
    added_at = UTCDateTimeAttribute(null=True)
    changed_at = UTCDateTimeAttribute(null=True)


class BookResource(List, Create, Retrieve, Update, Delete, ModelResource):
    """``/books``"""

    model = Book
    scope = OwnedBy("owner")
    read_only = ("added_at", "changed_at")
    created, updated = "added_at", "changed_at"
    fields = {"title": String(required=True, validate=Length(1, 50))}


@pytest.fixture(scope="module")
def tables() -> Iterator[Database]:
    database = Database(
        [Book],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=f"test-{uuid.uuid4().hex}-",
    )
    database.create_tables()
    yield database
    database.delete_tables()


@pytest.fixture
def book(tables: Database) -> type[Book]:
    """The model, bound to its tables."""
    return Book


@pytest.fixture
def resource_class() -> type[BookResource]:
    return BookResource


@pytest.fixture
def resource(tables: Database) -> BookResource:
    made = BookResource(CursorSigner("only-for-tests-and-32-characters-long"))
    made.contribution("/books")
    return made


@pytest.fixture
def owner() -> str:
    """A partition that is empty yet."""
    return uuid.uuid4().hex
