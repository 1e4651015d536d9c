"""What is counted of calls of DynamoDB."""

import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from libs.dynamodb import Call, Database
from libs.dynamodb.usage import OUTCOMES
from libs.service.metrics.dynamodb import DynamoMetrics
from libs.service.metrics.pools import PoolMetrics
from libs.service.testing import environment
from libs.service.tests.metrics.test_requests import told


class Thing(Model):
    class Meta:
        table_name = "things"

    name = UnicodeAttribute(hash_key=True)


class Other(Model):
    class Meta:
        table_name = "others"

    name = UnicodeAttribute(hash_key=True)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def database(registry: CollectorRegistry) -> Iterator[Database]:
    told = environment("probe")
    prefix = f"test-{uuid.uuid4().hex}-"
    database = Database(
        [Thing, Other],
        region=told["APP_DYNAMODB_REGION"],
        endpoint=told["APP_DYNAMODB_ENDPOINT"],
        table_prefix=prefix,
    )
    database.create_tables()
    pool = PoolMetrics(registry).watcher("dynamodb", database.max_connections)
    database.connection.watchers = (DynamoMetrics(registry, table_prefix=prefix, pool=pool).watch,)
    yield database
    database.connection.watchers = ()
    database.delete_tables()


def test_calls_are_counted_by_table_operation_and_outcome(
    registry: CollectorRegistry, database: Database
) -> None:
    Thing("a").save()
    Thing.get("a")
    Thing.get("a", consistent_read=True)
    with suppress(PynamoDBException):
        Thing("a").save(condition=Thing.name.does_not_exist())
    with database.transaction() as transaction:
        transaction.save(Thing("b"))
        transaction.save(Other("b"))
    found = told(registry)
    calls = {key[1:]: n for key, n in found.items() if key[0] == "dynamodb_calls_total" and n}
    assert calls == {  # operation, outcome, table
        ("PutItem", "ok", "things"): 1,
        ("GetItem", "ok", "things"): 2,
        ("PutItem", "condition_failed", "things"): 1,
        ("TransactWriteItems", "ok", "several"): 1,
    }
    assert found["dynamodb_call_seconds_count", "GetItem", "things"] == 2
    assert found["dynamodb_call_seconds_sum", "GetItem", "things"] > 0
    assert found["dynamodb_capacity_units_total", "read", "things"] == 1.5
    assert found["dynamodb_capacity_units_total", "write", "others"] >= 2
    assert found["pool_in_use", "dynamodb"] == 0
    assert found["pool_max", "dynamodb"] == 16
    assert found["dynamodb_retries_total", "GetItem", "things"] == 0


def test_all_outcomes_of_what_is_called_are_told(registry: CollectorRegistry, database: Database) -> None:
    Thing("a").save()
    outcomes = {key[2] for key in told(registry) if key[0] == "dynamodb_calls_total"}
    assert outcomes == set(OUTCOMES)


def test_what_is_sent_again_and_what_is_under_way(registry: CollectorRegistry) -> None:
    metrics = DynamoMetrics(registry, pool=PoolMetrics(registry).watcher("dynamodb", 16))
    call = Call.begin("GetItem", {"TableName": "things"})
    with metrics.watch(call):
        call.tries, call.outcome = 3, "throttled"
        assert told(registry)["pool_in_use", "dynamodb"] == 1
    found = told(registry)
    assert found["dynamodb_retries_total", "GetItem", "things"] == 2
    assert found["dynamodb_calls_total", "GetItem", "throttled", "things"] == 1
    with metrics.watch(Call.begin("ListTables", {})):
        pass
    assert told(registry)["dynamodb_calls_total", "ListTables", "ok", "none"] == 1
