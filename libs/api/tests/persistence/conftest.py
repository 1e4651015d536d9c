"""Persistent classes on tables of their own, in a real DynamoDB Local."""

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from libs.api import ApiModels, table_models
from libs.api.tests.persistence.shelf import AT, shelf
from libs.dynamodb import Database

Bind = Callable[[ApiModels], Database]


@pytest.fixture(scope="module")
def bind() -> Iterator[Bind]:
    """Bind the persistent classes of a document to tables of their own."""
    made: list[Database] = []

    def bound(models: ApiModels) -> Database:
        database = Database(
            table_models(models.persistent()),
            region="eu-west-1",
            endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
            table_prefix=f"test-{uuid.uuid4().hex}-",
        )
        made.append(database)
        database.create_tables()
        return database

    yield bound
    for database in made:
        database.delete_tables()


@pytest.fixture(scope="module")
def models() -> ApiModels:
    return shelf()


@pytest.fixture(scope="module")
def database(models: ApiModels, bind: Bind) -> Database:
    return bind(models)


@pytest.fixture(scope="module")
def books(models: ApiModels, database: Database):
    """The class Book."""
    return models.Book


@pytest.fixture(scope="module")
def entries(models: ApiModels, database: Database):
    """The class Entry."""
    return models.Entry


@pytest.fixture
def isbn() -> str:
    """A key nobody else has."""
    return uuid.uuid4().hex


@pytest.fixture
def book(books, isbn):
    """A stored one."""
    made = books(isbn=isbn, title="Notes", tags=["a"], author="Ada", loans=1, price="1.50", readers=["eve"])
    made.create()
    return made


@pytest.fixture
def entry(entries):
    """A stored one, of version 1."""
    made = entries(log=uuid.uuid4().hex, at=AT, text="x")
    made.create()
    return made
