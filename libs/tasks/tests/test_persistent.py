"""Objects that persist themselves, and the tasks that belong to them: stored together, or not at all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from libs.api import ApiModels, table_models
from libs.api.tests.persistence.shelf import shelf
from libs.dynamodb import Database
from libs.errors import Conflict
from libs.tasks import Operation, TaskRuntime, asynctask


@asynctask
def announce(isbn: str) -> None:
    """Tell the world of a book."""


@pytest.fixture
def models(database: Database) -> Iterator[ApiModels]:
    made = shelf()
    connection = database.connection
    own = Database(
        table_models([made.Book]),
        region="eu-west-1",
        endpoint=connection.host,
        table_prefix=database.models[0].Meta.table_name.removesuffix("operations"),
    )
    own.create_tables()
    yield made
    own.delete_tables()


def test_the_object_and_its_task_are_stored_together(
    models: ApiModels, database: Database, runtime_of: Callable[..., TaskRuntime], broker: Any
) -> None:
    book = models.Book(isbn="1", title="Notes", tags=[])
    with runtime_of(announce).active(), database.transaction() as transaction:
        book.create(transaction=transaction)  # type: ignore[attr-defined]
        operation = announce(isbn="1")
        assert broker.ids == []
    assert broker.ids == [operation.id]
    assert models.Book.load("1") == book  # type: ignore[attr-defined]


def test_a_conflict_of_the_object_leaves_no_task(
    models: ApiModels, database: Database, runtime_of: Callable[..., TaskRuntime], broker: Any
) -> None:
    book = models.Book(isbn="1", title="Notes", tags=[])
    book.create()  # type: ignore[attr-defined]

    def create_and_announce() -> None:
        with database.transaction() as transaction:
            announce(isbn="1")
            book.create(transaction=transaction)  # type: ignore[attr-defined]

    with runtime_of(announce).active(), pytest.raises(Conflict):
        create_and_announce()
    assert broker.ids == []
    assert list(Operation.scan()) == []
