"""docs/table-changes.md: its example is done, release by release, on one table."""

import os
import re
import uuid

import pytest
from pynamodb.models import Model

from infra.contracts.base import Base
from infra.tables.breaking import findings, told
from infra.tables.changes import REFUSED
from infra.tables.templates import template
from libs.api import Dependencies
from libs.dynamodb import Database, TableMismatch
from libs.service.testing import eventually
from libs.tasks import Operation, Progress, TaskRuntime
from libs.tasks.lease import current_progress
from libs.tasks.migrations import Migration
from libs.tasks.migrations.commands import read_arguments
from tests.documented import blocks
from tests.tables import DOCS, section, table

PAGE = DOCS / "table-changes.md"
PYTHON = [text for language, text, _ in blocks(PAGE) if language == "python"]
SAID = [text.strip() for language, text, _ in blocks(PAGE) if language == "text"]


class Queue:
    """A broker that keeps what it is told."""

    def __init__(self):
        self.ids = []

    def publish(self, task_name, operation_id, **where):
        self.ids.append(operation_id)

    def waiting(self, queue):
        return None


def releases():
    """Return what each Python block of the page defines, with all that was defined before it."""
    known, made = {"__name__": "documented"}, []
    for text in PYTHON:
        exec(text, known)  # noqa: S102 - what a document of ours says
        made.append(dict(known))
    return made


@pytest.fixture
def bind():
    """Bind models to the same tables each time, as one release after the other does."""
    prefix, bound = f"test-{uuid.uuid4().hex}-", []

    def bind(*models: type[Model]) -> Database:
        endpoint = os.environ["TEST_DYNAMODB_ENDPOINT"]
        bound.append(Database(models, region="eu-west-1", endpoint=endpoint, table_prefix=prefix))
        return bound[-1]

    yield bind
    bound[-1].delete_tables()


def test_the_example_loses_no_todo_and_fills_all(bind):
    first, second, migrating, third = releases()
    bind(first["Todo"]).create_tables()
    for number in range(5):
        first["Todo"]("ada", f"{number}", title="Water the plants").save()

    # Expand: the stack makes the index, while the release before goes on.
    database = bind(second["Todo"], Operation)
    index = database.models[0]._get_schema()["global_secondary_indexes"][0]
    add_index(database, index)
    bind(Operation).create_tables()
    database = bind(second["Todo"], Operation)
    eventually(lambda: is_right(database))
    second["Todo"]("ada", "new", title="Written by the second").save()
    assert len(list(second["Todo"].by_list.query("ada"))) == 1

    # Migrate.
    fill, queue = migrating["fill_list"], Queue()
    assert isinstance(fill, Migration)
    assert fill.model is second["Todo"]
    runtime = TaskRuntime([fill], Dependencies([database], {Progress: current_progress}), queue)
    with runtime.active():
        fill.start(database)
    for operation_id in queue.ids:
        runtime.run(operation_id)
    assert [(part.state, part.changed) for part in fill.found()] == [("done", 5)]

    # Contract.
    database = bind(third["Todo"], Operation)
    database.check_tables()
    found = list(third["Todo"].by_list.query("ada"))
    assert {todo.list for todo in found} == {"inbox"}
    assert len(found) == 6
    for todo in found:
        todo.save()  # which one without a list could not be


def is_right(database):
    try:
        database.check_tables()
    except TableMismatch:  # the index is still being filled
        return False
    return True


def add_index(database, index):
    """Add a global index, as an update of the stack does."""
    schema = database.models[0]._get_schema()
    definitions = [
        {"AttributeName": one["AttributeName"], "AttributeType": one["AttributeType"]}
        for one in schema["attribute_definitions"]
    ]
    made = {
        "IndexName": index["index_name"],
        "KeySchema": sorted(index["key_schema"], key=lambda one: one["KeyType"]),
        "Projection": index["projection"],
    }
    database.connection.client.update_table(
        TableName=database.models[0].Meta.table_name,
        AttributeDefinitions=definitions,
        GlobalSecondaryIndexUpdates=[{"Create": made}],
    )


def test_what_is_said_of_each_step_is_what_the_command_says():
    first, second, _, third = (template("todos", [one["Todo"]]) for one in releases())
    for before, now, said in ((first, second, SAID[0]), (second, third, SAID[1])):
        found = findings({"todos": before}, {"todos": now})
        lines, _ = told(found, [], Base("0" * 40, "v1"))
        assert "\n".join(lines[:-1]) == said


def test_every_command_of_migrations_is_in_the_table():
    named = [
        row[0].strip("`").split()[0]
        for row in table(section("table-changes", "Migrations"), "`migrations …`")
    ]
    assert named == ["list", "start", "status", "pause"]
    for name in named:
        assert read_arguments([name] if name == "list" else [name, "some"]).command == name


def test_what_is_refused_is_in_the_table():
    rows = table(section("table-changes", "What is dangerous"), "change")
    assert {row[1] for row in rows} == {"fine", REFUSED}
    assert re.search(r"CloudFormation makes no two", PAGE.read_text())
