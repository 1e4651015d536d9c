"""Models on tables of their own, in a real DynamoDB Local."""

import os
import socket
import uuid

import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.dynamodb import Database


def make_models():
    """Return two new models: Account, keyed by e-mail, and Entry, keyed by account and number."""

    class Account(Model):
        class Meta:
            table_name = "accounts"

        email = UnicodeAttribute(hash_key=True)
        name = UnicodeAttribute(default="")
        logins = NumberAttribute(default=0)

    class Entry(Model):
        class Meta:
            table_name = "entries"

        account = UnicodeAttribute(hash_key=True)
        at = UnicodeAttribute(range_key=True)

    return Account, Entry


@pytest.fixture
def connect():
    """Bind models to the test run's DynamoDB, under a prefix of their own; drop their tables in the end."""
    prefix, made = f"test-{uuid.uuid4().hex}-", []

    def connect(*models, table_prefix=prefix):
        database = Database(
            models,
            region="eu-west-1",
            endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
            table_prefix=table_prefix,
        )
        made.append(database)
        return database

    connect.prefix = prefix
    yield connect
    for database in made:
        database.delete_tables()


@pytest.fixture(scope="module")
def module_database():
    """Bind models to tables that all tests of a module share, and make these."""
    made = []

    def make(*models):
        prefix, endpoint = f"test-{uuid.uuid4().hex}-", os.environ["TEST_DYNAMODB_ENDPOINT"]
        made.append(Database(models, region="eu-west-1", endpoint=endpoint, table_prefix=prefix))
        made[-1].create_tables()
        return made[-1]

    yield make
    for database in made:
        database.delete_tables()


@pytest.fixture
def models():
    return make_models()


@pytest.fixture
def database(connect, models):
    """Both models, bound, their tables made."""
    one = connect(*models)
    one.create_tables()
    return one


@pytest.fixture
def mute_endpoint():
    """The URL of a database that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed_endpoint():
    """The URL of an address where nobody listens: bound, so that nobody else gets it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{holder.getsockname()[1]}"
