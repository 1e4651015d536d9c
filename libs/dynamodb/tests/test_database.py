"""Binding models to tables, making the tables, and noticing that DynamoDB is away."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import PynamoDBException, TableError

from libs.dynamodb import Database, as_problem
from libs.dynamodb.calls import Calls, Limits
from libs.dynamodb.errors import error_code
from libs.dynamodb.tests.conftest import make_models
from libs.errors import BodyTooLarge, ServiceUnavailable


def test_binding_puts_the_prefix_before_the_plain_name(connect, models):
    connect(*models, table_prefix="a-")
    assert [model.Meta.table_name for model in models] == ["a-accounts", "a-entries"]


def test_a_model_bound_again_has_one_prefix_and_not_two(connect, models):
    for prefix in ("a-", "a-", "b-"):
        connect(*models, table_prefix=prefix)
        assert models[0].Meta.table_name == f"{prefix}accounts"


def test_a_model_bound_again_reads_the_other_table(connect, models):
    account, _ = models
    first = connect(*models, table_prefix=connect.prefix + "1-")
    first.create_tables()
    account("ada@x.test").save()
    second = connect(*models, table_prefix=connect.prefix + "2-")
    second.create_tables()
    with pytest.raises(account.DoesNotExist):
        account.get("ada@x.test")
    second.delete_tables()
    connect(*models, table_prefix=connect.prefix + "1-")
    assert account.get("ada@x.test").email == "ada@x.test"


def test_all_models_share_one_connection(database, models):
    assert {model._get_connection().connection for model in models} == {database.connection}


def test_what_is_saved_can_be_read(database, models):
    account, entry = models
    account("ada@x.test", name="Ada").save()
    entry("ada@x.test", "2026-01-01").save()
    assert account.get("ada@x.test").name == "Ada"
    assert [one.at for one in entry.query("ada@x.test")] == ["2026-01-01"]


def test_tables_are_made_once_and_keep_what_they_hold(database, models):
    account, _ = models
    account("ada@x.test", name="Ada").save()
    database.create_tables()
    database.create_tables()
    assert account.get("ada@x.test").name == "Ada"


def test_tables_cost_nothing_while_nobody_uses_them(database, models):
    for model in models:
        assert model.describe_table()["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_several_processes_may_make_the_tables_at_once(connect):
    start, kinds = Barrier(4), [make_models() for _ in range(4)]
    databases = [connect(*models) for models in kinds]

    def create(database):
        start.wait()
        database.create_tables()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(create, database) for database in databases]:
            future.result()
    for database in databases:
        database.ping()


def test_losing_the_race_for_a_table_is_no_error(connect, models, monkeypatch):
    account, _ = models
    database = connect(account)
    database.create_tables()
    # Both saw no table, and this one comes second.
    monkeypatch.setattr(account, "exists", classmethod(lambda cls: False))
    database.create_tables()
    monkeypatch.undo()


@pytest.mark.parametrize("error", [TableError("no"), TableError("no", ReadTimeoutError(endpoint_url="x"))])
def test_every_other_error_of_making_a_table_is_raised(error, database, models, monkeypatch):
    def fail(**options):
        raise error

    monkeypatch.setattr(models[0], "create_table", fail)
    with pytest.raises(TableError) as caught:
        database.create_tables()
    assert caught.value is error


def test_deleting_the_tables_twice_is_no_error(connect, models):
    database = connect(*models)
    database.create_tables()
    database.delete_tables()
    assert not any(model.exists() for model in models)
    database.delete_tables()


def test_the_ping_of_a_database_that_is_there_is_silent(connect, database, models):
    database.ping()
    by_range = connect(models[1])
    by_range.ping()


def test_the_ping_of_a_table_that_is_missing_is_a_fault_of_ours(connect, models):
    with pytest.raises(PynamoDBException) as caught:
        connect(*models).ping()
    assert error_code(caught.value) == "ResourceNotFoundException"
    assert as_problem(caught.value) is None


@pytest.mark.parametrize("endpoint", ["closed_endpoint", "mute_endpoint"])
def test_a_database_that_is_down_is_a_503_before_long(endpoint, models, request):
    database = Database(models, region="eu-west-1", endpoint=request.getfixturevalue(endpoint))
    database.connection.calls = Calls(limits=Limits(read=0.2, total=60))
    started = time.monotonic()
    with pytest.raises(PynamoDBException) as caught:
        database.ping()
    assert time.monotonic() - started < 20, "and not 60"
    problem = as_problem(caught.value)
    assert isinstance(problem, ServiceUnavailable)
    assert problem.headers["Retry-After"] == "1"
    assert "127.0.0.1" not in str(problem.to_json())


@pytest.mark.parametrize("endpoint", ["closed_endpoint", "mute_endpoint"])
def test_a_transaction_with_a_database_that_is_down_is_a_503(endpoint, models, request):
    database = Database(models, region="eu-west-1", endpoint=request.getfixturevalue(endpoint))
    database.connection.calls = Calls(limits=Limits(read=0.2))
    with pytest.raises(PynamoDBException) as caught, database.transaction() as transaction:
        transaction.save(models[0]("ada@x.test"))
    assert isinstance(as_problem(caught.value), ServiceUnavailable)


def test_an_item_larger_than_dynamodb_stores_is_the_clients_fault(database, models):
    account, _ = models
    row = account("ada@x.test", name="x" * 450_000)
    with pytest.raises(PynamoDBException) as put:
        row.save()
    account("ada@x.test").save()
    with pytest.raises(PynamoDBException) as update:
        account("ada@x.test").update([account.name.set("x" * 450_000)])
    with pytest.raises(PynamoDBException) as write, database.transaction() as transaction:
        transaction.save(row)
    for caught in (put, update, write):
        assert isinstance(as_problem(caught.value), BodyTooLarge)
