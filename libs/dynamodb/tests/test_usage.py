"""What is asked of DynamoDB is told: calls, tries, capacity, outcomes, and whose they were."""

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PutError, TransactWriteError

from libs.dynamodb import Database, Usage, usage_scope
from libs.dynamodb.connection import ItemConnection
from libs.dynamodb.usage import OUTCOMES, Call, capacity


@pytest.fixture
def seen(database):
    """The calls that a watcher has seen end."""
    calls = []

    @contextlib.contextmanager
    def watch(call):
        try:
            yield
        finally:
            calls.append(call)

    database.connection.watchers = (watch,)
    return calls


def test_calls_and_capacity_are_those_of_their_scope(database, models):
    account, _ = models
    with usage_scope() as usage:
        account("ada@x.test", name="x" * 2000).save()  # 2 write units
        account.get("ada@x.test", consistent_read=True)  # 1 read unit, of up to 4 KB
        account.get("ada@x.test")  # half of one
    assert (usage.calls, usage.write_units, usage.read_units) == (3, 2.0, 1.5)
    assert (usage.retries, usage.throttled, usage.failed) == (0, 0, 0)
    assert usage.seconds > 0
    account.get("ada@x.test")
    assert usage.calls == 3


def test_units_of_a_transaction_are_those_of_all_its_tables(database, models):
    account, entry = models
    with usage_scope() as usage, database.transaction() as transaction:
        transaction.save(account("ada@x.test"))
        transaction.save(entry("ada@x.test", "1"))
    # Each write takes two units; DynamoDB Local tells more.
    assert (usage.calls, usage.read_units) == (1, 0.0)
    assert usage.write_units >= 4.0


def test_a_scope_in_a_scope_has_its_own(database, models):
    account, _ = models
    with usage_scope() as outer:
        account("ada@x.test").save()
        with usage_scope() as inner:
            account("eve@x.test").save()
            account("bob@x.test").save()
    assert (outer.calls, inner.calls) == (1, 2)


def test_threads_have_scopes_of_their_own(database, models):
    account, _ = models

    def work(number):
        with usage_scope() as usage:
            for _ in range(number):
                account(f"{number}@x.test").save()
        return usage.calls

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, [1, 2, 3, 4])) == [1, 2, 3, 4]


def test_a_usage_may_be_given_and_grows(database, models):
    account, _ = models
    usage = Usage()
    for _ in range(2):
        with usage_scope(usage):
            account("ada@x.test").save()
    assert usage.calls == 2


def test_a_watcher_sees_what_a_call_was(database, models, seen):
    account, entry = models
    account("ada@x.test").save()
    (call,) = seen
    name = account.Meta.table_name
    assert (call.operation, call.tables, call.tries, call.outcome) == ("PutItem", (name,), 1, "ok")
    assert (call.capacity, call.is_read, call.error) == ({name: 1.0}, False, None)
    assert call.seconds > 0
    with database.transaction() as transaction:
        transaction.save(account("eve@x.test"))
        transaction.save(account("bob@x.test"))
        transaction.save(entry("eve@x.test", "1"))
    assert seen[1].tables == (name, entry.Meta.table_name)
    assert set(seen[1].capacity) == {name, entry.Meta.table_name}
    assert seen[1].units == sum(seen[1].capacity.values()) >= 6.0
    assert list(account.batch_get(["ada@x.test"]))
    assert (seen[2].operation, seen[2].tables, seen[2].is_read) == ("BatchGetItem", (name,), True)


def test_a_condition_that_does_not_hold_is_no_failure(database, models, seen):
    account, _ = models
    account("ada@x.test").save()
    with pytest.raises(PutError):
        account("ada@x.test").save(condition=account.email.does_not_exist())
    assert (seen[1].outcome, seen[1].error) == ("condition_failed", "ConditionalCheckFailedException")
    with usage_scope() as usage, pytest.raises(TransactWriteError), database.transaction() as transaction:
        transaction.create(account("ada@x.test"))
    assert (seen[2].outcome, seen[2].error) == ("condition_failed", "TransactionCanceledException")
    assert (usage.calls, usage.failed) == (1, 0)


def test_what_dynamodb_will_not_have_is_rejected(database, seen):
    with pytest.raises(ClientError):
        database.connection.dispatch("GetItem", {"TableName": "no-such-table", "Key": {"a": {"S": "b"}}})
    assert (seen[0].outcome, seen[0].error) == ("rejected", "ResourceNotFoundException")


def test_nobody_there_is_unavailable_and_each_try_is_counted(models, closed_endpoint):
    account, _ = models
    Database([account], region="eu-west-1", endpoint=closed_endpoint)
    with usage_scope() as usage, pytest.raises(PutError):
        account("ada@x.test").save()
    assert (usage.calls, usage.failed) == (1, 1)
    assert usage.retries >= 1


@contextlib.contextmanager
def answering(*answers):
    """Serve these answers, a status and a body each, the last one again and again; yield the URL."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            data = json.dumps(body).encode()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(code, **rest):
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **rest}


def asked(endpoint, operation="PutItem", **arguments):
    """Return what became of a call, and the usage of its scope."""
    connection, calls = ItemConnection(region="eu-west-1", host=endpoint), []

    @contextlib.contextmanager
    def watch(call):
        yield calls.append(call)

    connection.watchers = (watch,)
    with usage_scope() as usage, contextlib.suppress(ClientError, BotoCoreError):
        connection.dispatch(operation, arguments or {"TableName": "any", "Item": {"a": {"S": "b"}}})
    return calls[0], usage


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        (400, "ProvisionedThroughputExceededException", "throttled"),
        (400, "ThrottlingException", "throttled"),
        (400, "RequestLimitExceeded", "throttled"),
        (400, "TransactionConflictException", "contended"),
        (500, "InternalServerError", "unavailable"),
        (502, "Whatever", "unavailable"),
        (400, "ValidationException", "rejected"),
        (400, "AccessDeniedException", "rejected"),
    ],
)
def test_outcomes_of_answers(status, code, outcome):
    with answering((status, refusal(code))) as endpoint:
        call, usage = asked(endpoint)
    assert (call.outcome, call.error) == (outcome, code)
    assert (usage.throttled, usage.failed) == (outcome == "throttled", outcome == "unavailable")


@pytest.mark.parametrize(
    ("reasons", "outcome"),
    [
        (["None", "TransactionConflict"], "contended"),
        (["ThrottlingError", "None"], "throttled"),
        (["None", "ConditionalCheckFailed"], "condition_failed"),
        (["ItemCollectionSizeLimitExceeded"], "rejected"),
    ],
)
def test_outcomes_of_cancelled_transactions(reasons, outcome):
    told = refusal("TransactionCanceledException", CancellationReasons=[{"Code": one} for one in reasons])
    put = {"TableName": "any", "Item": {"a": {"S": "b"}}}
    with answering((400, told)) as endpoint:
        call, _ = asked(endpoint, "TransactWriteItems", TransactItems=[{"Put": put}])
    assert call.outcome == outcome
    assert outcome in OUTCOMES


def test_what_is_sent_again_and_then_done_is_a_retry():
    with answering((500, refusal("InternalServerError")), (200, {})) as endpoint:
        call, usage = asked(endpoint)
    assert (call.outcome, call.tries, usage.retries, usage.calls) == ("ok", 2, 1, 1)


def test_capacity_of_an_answer_that_tells_none_is_none():
    assert capacity({}) == {}
    assert capacity({"ConsumedCapacity": []}) == {}
    assert Call.begin("ListTables", {}).tables == ()


def test_what_is_not_sent_as_the_circuit_is_open_is_refused(models, closed_endpoint):
    account, _ = models
    database, calls = Database([account], region="eu-west-1", endpoint=closed_endpoint), []

    @contextlib.contextmanager
    def watch(call):
        try:
            yield
        finally:
            calls.append(call)

    database.connection.watchers = (watch,)
    with usage_scope() as usage:
        for _ in range(10):
            with pytest.raises(PutError):
                account("ada@x.test").save()
    assert [calls[0].outcome, calls[-1].outcome] == ["unavailable", "refused"]
    assert (calls[-1].tries, usage.failed) == (0, 10)
