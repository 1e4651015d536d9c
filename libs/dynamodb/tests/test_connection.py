"""Answers of DynamoDB are read as the JSON they are, and mean what botocore makes of them."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.connection import Connection
from pynamodb.exceptions import GetError, PutError

from libs.dynamodb import Database, as_problem, error_code, is_condition_failure
from libs.dynamodb.calls import UnreadableAnswer
from libs.dynamodb.connection import ItemConnection, ItemParser
from libs.errors import ServiceUnavailable

BYTES = bytes(range(256))
EVERY_KIND = {
    "S": {"S": "text é"},
    "N": {"N": "12345678901234567890.5"},
    "B": {"B": BYTES},
    "empty": {"S": ""},
    "no bytes": {"B": b""},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "SS": {"SS": ["a", "b"]},
    "NS": {"NS": ["1", "2"]},
    "BS": {"BS": [b"\x00", b"\xff"]},
    "L": {"L": [{"B": b"in a list"}, {"S": "B"}, {"M": {"B": {"S": "no bytes"}}}, {"L": []}]},
    "M": {"M": {"B": {"B": b"in a map"}, "BS": {"L": [{"BS": [b"deep"]}]}, "S": {"NULL": True}}},
}


def as_sets(value):
    """Return a value with its sets in one order."""
    if isinstance(value, list):
        return [as_sets(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: sorted(one) if name in ("SS", "NS", "BS") and isinstance(one, list) else as_sets(one)
        for name, one in value.items()
    }


@pytest.fixture
def table(database, models):
    """The name of a table keyed by a text, ``email``."""
    return models[0].Meta.table_name


@pytest.fixture
def call(database):
    """Call an operation of DynamoDB."""
    return database.connection.dispatch


@pytest.fixture
def plain():
    """PynamoDB's own connection to the same tables."""
    return Connection(region="eu-west-1", host=os.environ["TEST_DYNAMODB_ENDPOINT"])


def parser_of(client):
    """Return what a client's next answer would be read by."""
    return client._endpoint._response_parser_factory.create_parser("json")


def test_a_database_connects_by_it(database):
    assert type(database.connection) is ItemConnection
    assert isinstance(parser_of(database.connection.client), ItemParser)


def test_every_kind_of_value_comes_back_as_it_was_written(call, table):
    item = {"email": {"S": "ada"}, **EVERY_KIND}
    call("PutItem", {"TableName": table, "Item": item})
    assert as_sets(call("GetItem", {"TableName": table, "Key": {"email": {"S": "ada"}}})["Item"]) == item


values = st.recursive(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=5).map(lambda one: {"S": one}),
        st.binary(max_size=5).map(lambda one: {"B": one}),
        st.integers(-(10**6), 10**6).map(lambda one: {"N": str(one)}),
        st.lists(st.binary(max_size=5), min_size=1, max_size=3, unique=True).map(lambda one: {"BS": one}),
        st.booleans().map(lambda one: {"BOOL": one}),
        st.just({"NULL": True}),
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda one: {"L": one})
        | st.dictionaries(st.sampled_from(["B", "BS", "S", "x"]), inner).map(lambda one: {"M": one})
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["B", "BS", "SS", "x"]), values))
@settings(max_examples=60)
def test_all_answers_with_items_are_those_of_botocore(call, plain, table, attributes):
    key = {"email": {"S": "ada"}}
    call("PutItem", {"TableName": table, "Item": {**key, **attributes}})
    by_key = {"KeyConditionExpression": "email = :e", "ExpressionAttributeValues": {":e": {"S": "ada"}}}
    asked = {
        "GetItem": {"TableName": table, "Key": key},
        "Query": {"TableName": table, **by_key},
        "Scan": {"TableName": table},
        "BatchGetItem": {"RequestItems": {table: {"Keys": [key]}}},
        "TransactGetItems": {"TransactItems": [{"Get": {"TableName": table, "Key": key}}]},
        "UpdateItem": {"TableName": table, "Key": key, "ReturnValues": "ALL_NEW"},
        "PutItem": {"TableName": table, "Item": {**key, **attributes}, "ReturnValues": "ALL_OLD"},
    }
    for operation, arguments in asked.items():
        found, expected = call(operation, dict(arguments)), plain.dispatch(operation, dict(arguments))
        for answer in (found, expected):
            del answer["ResponseMetadata"]
        assert as_sets(found) == as_sets(expected), operation


@pytest.mark.parametrize("operation", ["GetItem", "DeleteItem"])
def test_what_is_not_there_is_an_answer_without_it(call, table, operation):
    answer = call(operation, {"TableName": table, "Key": {"email": {"S": "nobody"}}})
    assert answer.keys() & {"Item", "Attributes"} == set()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_nothing_found_is_an_answer_without_items(call, table):
    answer = call("Scan", {"TableName": table})
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 0)
    assert answer["ConsumedCapacity"]["TableName"] == table
    assert "LastEvaluatedKey" not in answer


def test_times_of_tables_are_times(database, table):
    described = database.connection.client.describe_table(TableName=table)["Table"]
    assert isinstance(described["CreationDateTime"], datetime)


def test_errors_are_told_by_their_code(database, models, call):
    account, _ = models
    account("ada@x.test").save()
    with pytest.raises(PutError) as refused:
        account("ada@x.test").save(condition=account.email.does_not_exist())
    assert is_condition_failure(refused.value)
    with pytest.raises(ClientError) as missing:
        call("GetItem", {"TableName": "no-such-table", "Key": {"email": {"S": "ada"}}})
    assert error_code(missing.value) == "ResourceNotFoundException"
    assert as_problem(missing.value) is None


def test_reasons_of_a_cancelled_transaction_are_told(call, models, table):
    account, _ = models
    account("ada@x.test", name="Ada").save()
    put = {
        "TableName": table,
        "Item": {"email": {"S": "ada@x.test"}},
        "ConditionExpression": "attribute_not_exists(email)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    other = {"TableName": table, "Item": {"email": {"S": "eve@x.test"}, "seal": {"B": b"\xff"}}}
    with pytest.raises(ClientError) as cancelled:
        call("TransactWriteItems", {"TransactItems": [{"Put": other}, {"Put": put}]})
    first, second = cancelled.value.cancellation_reasons
    assert (first, second.code) == (None, "ConditionalCheckFailed")
    assert second.raw_item["name"] == {"S": "Ada"}


@contextmanager
def answering(body, *, status=200, length=None):
    """Serve one body to every request, and yield the URL: DynamoDB cannot be brought to answer like that.

    :param length: the Content-Length; its own by default.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked(endpoint):
    """Ask for an item at `endpoint`; return the answer."""
    connection = ItemConnection(region="eu-west-1", host=endpoint)
    return connection.dispatch("GetItem", {"TableName": "any", "Key": {"email": {"S": "ada"}}})


@pytest.mark.parametrize(
    "body",
    [b"", b'{"Item":{"email":{"S":"ad', b"<html>Welcome</html>", b"\xff", b"[]", b"null", b'"text"', b"1"],
    ids=repr,
)
def test_an_answer_that_is_no_json_object_is_no_empty_answer(body):
    with answering(body) as endpoint, pytest.raises(UnreadableAnswer, match="GetItem is not") as raised:
        asked(endpoint)
    assert isinstance(as_problem(raised.value), ServiceUnavailable)


def test_an_answer_cut_short_is_a_database_that_does_not_answer():
    with answering(b'{"Item"', length=100) as endpoint, pytest.raises(BotoCoreError) as raised:
        asked(endpoint)
    assert isinstance(as_problem(raised.value), ServiceUnavailable)


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"Item":{"email":{"S":"ad'], ids=repr)
def test_an_error_that_is_no_json_is_still_an_error(body):
    with answering(body, status=502) as endpoint, pytest.raises(ClientError) as raised:
        asked(endpoint)
    assert error_code(raised.value) == "502"


def test_an_unreadable_answer_is_an_error_of_pynamodb_to_models(models):
    account, _ = models
    with answering(b"<html>") as endpoint:
        Database([account], region="eu-west-1", endpoint=endpoint)
        with pytest.raises(GetError) as raised:
            account.get("ada@x.test")
    assert isinstance(as_problem(raised.value), ServiceUnavailable)


def test_an_empty_object_is_an_answer():
    with answering(b"{}") as endpoint:
        assert "Item" not in asked(endpoint)


def test_each_thread_has_a_session_and_all_have_the_client(call, database, table):
    call("PutItem", {"TableName": table, "Item": {"email": {"S": "ada"}, "seal": {"B": BYTES}}})
    together = Barrier(8)

    def read(_):
        together.wait()
        session = database.connection.session
        found = [
            call("GetItem", {"TableName": table, "Key": {"email": {"S": "ada"}}})["Item"]["seal"]
            for _ in range(10)
        ]
        return session, database.connection.client, found

    with ThreadPoolExecutor(8) as pool:
        read_by = list(pool.map(read, range(8)))
    assert len({id(session) for session, _, _ in read_by}) == 8
    assert len({id(client) for _, client, _ in read_by}) == 1
    assert all(found == [{"B": BYTES}] * 10 for *_, found in read_by)


def test_clients_made_by_threads_at_once_all_read_items_by_it():
    together = Barrier(8)
    connection = ItemConnection(region="eu-west-1", host=os.environ["TEST_DYNAMODB_ENDPOINT"])

    def make(_):
        together.wait()
        return connection.client

    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(make, range(8)))
    assert all(isinstance(parser_of(one), ItemParser) for one in clients)


def test_the_user_agent_is_made_once(database, call, table):
    connection, agents = database.connection, []
    connection.client.meta.events.register(
        "before-send.dynamodb.*", lambda request, **_: agents.append(request.headers["User-Agent"].decode())
    )
    call("Scan", {"TableName": table})
    assert agents == [connection.session.user_agent()]


def test_numbers_are_the_text_that_dynamodb_sends():
    body = json.dumps({"Item": {"n": {"N": "1e400"}}, "ConsumedCapacity": {"CapacityUnits": 0.5}}).encode()
    with answering(body) as endpoint:
        answer = asked(endpoint)
    assert answer["Item"]["n"] == {"N": "1e400"}
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 0.5


class LeftUndone:
    """A database that does one item of each batch, or, `stuck`, none."""

    def __init__(self, *, stuck=False):
        self.sizes, self.stuck = [], stuck

    def __call__(self, _operation, arguments):
        ((table, items),) = arguments["RequestItems"].items()
        self.sizes.append(len(items))
        left = items if self.stuck else items[1:]
        return {"UnprocessedItems": {table: left} if left else {}}


def test_what_a_batch_leaves_undone_is_asked_for_again_after_pauses(models, monkeypatch):
    account, _ = models
    connection = Database([account], region="eu-west-1", endpoint="http://127.0.0.1:1").connection
    slept, database = [], LeftUndone()
    monkeypatch.setattr("libs.dynamodb.contention.sleep", slept.append)
    monkeypatch.setattr(connection, "dispatch", database)
    with account.batch_write() as batch:
        for number in range(20):
            batch.save(account(f"{number}@x.test"))
    assert database.sizes == list(range(20, 0, -1))
    assert len(slept) == 19
    monkeypatch.setattr(connection, "dispatch", LeftUndone(stuck=True))
    with pytest.raises(ServiceUnavailable), account.batch_write() as batch:
        batch.save(account("ada@x.test"))
