"""Calls in time, again where that helps, and not at all while nobody answers."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from pynamodb.exceptions import GetError, PutError

from libs.dynamodb import Database, as_problem
from libs.dynamodb.calls import (
    ATTEMPTS,
    LEAST_SECONDS,
    USUAL,
    Calls,
    DatabaseAway,
    Limits,
    UnreadableAnswer,
    attempt_timeout,
    lost_answers,
    refused_item,
)
from libs.dynamodb.connection import ItemConnection
from libs.dynamodb.usage import usage_scope
from libs.errors import ServiceUnavailable
from libs.errors.deadline import DeadlineExceeded, deadline_scope
from libs.resilience import CircuitBreaker, RetryBudget

ITEM = {"TableName": "any", "Key": {"email": {"S": "ada"}}}
FINE = (200, {"Item": {"email": {"S": "ada"}}})


def refused(status, code, **rest):
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **rest}


THROTTLED = refused(400, "ProvisionedThroughputExceededException")
FAILED = refused(500, "InternalServerError")


class Stub:
    """A database that answers by a script, the last line of it for good, and keeps what it was asked."""

    def __init__(self, server, answers):
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.answers, self.bodies, self.slow = list(answers), [], 0.0


@contextlib.contextmanager
def stub(*answers):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.server.stub.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(self.server.stub.slow)
            scripted = self.server.stub.answers
            status, told = scripted.pop(0) if len(scripted) > 1 else scripted[0]
            body = json.dumps(told).encode()
            with contextlib.suppress(OSError):  # nobody waits for it any more
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.stub = Stub(server, answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def connected(host, clock=None):
    connection = ItemConnection("eu-west-1", host)
    if clock is not None:
        connection.calls.breaker = CircuitBreaker(in_a_row=5, pause=2.0, clock=clock)
    return connection


def get(connection):
    return connection.dispatch("GetItem", dict(ITEM))


def down(connection, times=1):
    for _ in range(times):
        with pytest.raises((BotoCoreError, ClientError)) as caught:
            get(connection)
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        THROTTLED,
        FAILED,
        refused(400, "ThrottlingException"),
        refused(400, "RequestLimitExceeded"),
        refused(400, "TransactionInProgressException"),
        refused(400, "TransactionCanceledException", CancellationReasons=[{"Code": "ThrottlingError"}]),
        refused(503, "ServiceUnavailable"),
    ],
)
def test_what_may_be_otherwise_in_a_moment_is_sent_again(answer):
    with stub(answer, answer, FINE) as database:
        assert get(connected(database.url))["Item"] == FINE[1]["Item"]
        assert len(database.bodies) == ATTEMPTS


@pytest.mark.parametrize(
    "answer",
    [
        refused(400, "ValidationException"),
        refused(400, "ConditionalCheckFailedException"),
        refused(400, "AccessDeniedException"),
        refused(400, "TransactionConflictException"),  # whoever writes waits as long as it likes
        refused(
            400,
            "TransactionCanceledException",
            CancellationReasons=[{"Code": "ThrottlingError"}, {"Code": "ConditionalCheckFailed"}],
        ),
    ],
)
def test_what_will_be_the_same_is_not_sent_again(answer):
    with stub(answer) as database:
        down(connected(database.url))
        assert len(database.bodies) == 1


def test_it_is_given_up_after_three_attempts():
    with stub(FAILED) as database:
        error = down(connected(database.url))
        assert len(database.bodies) == ATTEMPTS
    problem = as_problem(error)
    assert isinstance(problem, ServiceUnavailable)
    assert problem.headers["Retry-After"] == "1"


def test_a_transaction_keeps_its_token_when_it_is_sent_again():
    with stub(FAILED, THROTTLED, (200, {})) as database:
        put = {"Put": {"TableName": "any", "Item": {"email": {"S": "ada"}}}}
        connection = connected(database.url)
        connection.dispatch("TransactWriteItems", {"TransactItems": [put]})
        connection.dispatch("TransactWriteItems", {"TransactItems": [put]})
        first, *again, other = [body["ClientRequestToken"] for body in database.bodies]
        assert again == [first, first] != [other, other]


@pytest.mark.parametrize(("first", "lost"), [(FAILED, 1), (THROTTLED, 0)])
def test_what_may_have_been_done_before_it_was_refused_is_told(first, lost):
    with stub(first, refused(400, "ConditionalCheckFailedException", Item={"a": {"S": "b"}})) as database:
        put = {"TableName": "any", "Item": {}, "ConditionExpression": "attribute_not_exists (a)"}
        with pytest.raises(ClientError) as caught:
            connected(database.url).dispatch("PutItem", put)
        assert lost_answers(caught.value) == lost
        assert refused_item(caught.value) == {"a": {"S": "b"}}
        assert [one.get("ReturnValuesOnConditionCheckFailure") for one in database.bodies] == [
            None,
            "ALL_OLD" if lost else None,
        ]


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (ReadTimeoutError(endpoint_url="u"), 1),
        (SSLError(endpoint_url="u", error="a record that is none, in place of the answer"), 1),
        (UnreadableAnswer(operation="PutItem"), 1),
        (ChecksumError(checksum_type="crc32", expected_checksum=1, actual_checksum=2), 1),
        (EndpointConnectionError(endpoint_url="u"), 0),
        (ConnectTimeoutError(endpoint_url="u"), 0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_an_answer_that_did_not_arrive_whole_may_be_of_a_write_that_was_done(error, lost):
    refusal = {"Error": {"Code": "ConditionalCheckFailedException"}, "ResponseMetadata": {}}
    ends = iter([error, ClientError(refusal, "PutItem")])

    def send(_):
        raise next(ends)

    with pytest.raises(ClientError) as caught:
        Calls().make("PutItem", {"ConditionExpression": "x"}, send)
    assert lost_answers(caught.value) == lost


def test_no_attempt_begins_with_too_little_time_to_hear_of_it(monkeypatch):
    left, clock = [], Clock()

    def send(_):
        left.append(attempt_timeout().total)
        clock.now += 0.06
        raise EndpointConnectionError(endpoint_url="u")

    monkeypatch.setattr("time.monotonic", clock)
    monkeypatch.setattr("libs.dynamodb.calls.pause_before", lambda *_, **__: 0.0)
    with deadline_scope(0.2), pytest.raises(DeadlineExceeded):
        Calls(attempts=10).make("GetItem", {}, send)
    assert left == pytest.approx([0.2, 0.14])
    assert left[-1] - 0.06 < LEAST_SECONDS < left[-1]


def test_a_given_token_is_kept():
    with stub(FAILED, (200, {})) as database:
        given = {"TransactItems": [], "ClientRequestToken": "mine"}
        connected(database.url).dispatch("TransactWriteItems", given)
        assert [body["ClientRequestToken"] for body in database.bodies] == ["mine", "mine"]


def test_retries_stay_a_small_part_of_the_calls():
    with stub(THROTTLED) as database:
        connection = connected(database.url)
        down(connection, 50)
        # A fifth of fifty.
        assert 60 <= len(database.bodies) <= 61


def test_throttling_never_opens_the_circuit():
    with stub(THROTTLED) as database:
        connection = connected(database.url)
        connection.calls.budget = RetryBudget(share=0, least=0)
        down(connection, 12)
        assert connection.calls.state == "closed"
        assert len(database.bodies) == 12


def test_while_the_circuit_is_open_nothing_is_sent_and_who_asks_is_told_when_to_come_again():
    clock = Clock()
    with stub(FAILED) as database:
        connection = connected(database.url, clock)
        down(connection, 3)
        sent = len(database.bodies)
        assert connection.calls.state == "open"
        assert sent == 5, "not even to make the attempts of a call complete"
        error = down(connection)
        assert isinstance(error, DatabaseAway)
        assert as_problem(error).headers["Retry-After"] == "2"
        assert as_problem(GetError("no", error)).headers["Retry-After"] == "2"
        assert len(database.bodies) == sent

        clock.now += 2
        assert connection.calls.state == "half-open"
        database.answers[:] = [FINE]
        get(connection)
        assert connection.calls.state == "closed"


def test_a_probe_that_is_throttled_has_found_somebody():
    clock = Clock()
    with stub(FAILED) as database:
        connection = connected(database.url, clock)
        down(connection, 3)
        clock.now += 2
        database.answers[:] = [THROTTLED]
        down(connection)
        assert connection.calls.state == "closed"


def test_each_database_has_a_circuit_and_a_budget_of_its_own(models):
    one, other = (Database(models, region="eu-west-1", endpoint="http://127.0.0.1:1") for _ in range(2))
    assert one.connection.calls is not other.connection.calls
    assert one.connection.calls.breaker is not other.connection.calls.breaker
    assert one.connection.calls.budget is not other.connection.calls.budget


def test_a_ping_is_sent_once_and_is_no_call_that_allows_for_retries(models, closed_endpoint):
    account, _ = models
    database = Database([account], region="eu-west-1", endpoint=closed_endpoint)
    calls = database.connection.calls
    calls.budget = RetryBudget(least=0, share=1)
    for _ in range(3):
        with pytest.raises(GetError):
            database.ping()
    assert not calls.budget.retry()
    with stub(FAILED) as answering:
        database = Database([account], region="eu-west-1", endpoint=answering.url)
        with pytest.raises(GetError):
            database.ping()
        assert len(answering.bodies) == 1


def test_a_ping_that_is_throttled_has_found_somebody(models):
    account, _ = models
    with stub(THROTTLED, FAILED) as answering:
        database = Database([account], region="eu-west-1", endpoint=answering.url)
        database.ping()
        assert len(answering.bodies) == 1
        with pytest.raises(GetError):
            database.ping()


@pytest.mark.parametrize("limits", [Limits(read=0.2, total=60), Limits(read=60, total=0.2)], ids=repr)
def test_a_database_that_does_not_answer_is_given_up_in_time(mute_endpoint, limits):
    assert Limits(connect=1.0, read=2.0, total=2.8) == USUAL, "docs/protection.md"
    connection = connected(mute_endpoint)
    connection.calls = Calls(limits=limits)
    started = time.monotonic()
    down(connection)
    assert 0.2 <= time.monotonic() - started < 20, "and not 60"


def test_a_deadline_bounds_a_call_and_tells_nothing_of_the_database(mute_endpoint):
    connection = connected(mute_endpoint)
    connection.calls = Calls(limits=Limits(connect=60, read=60, total=60))
    started = time.monotonic()
    for _ in range(6):
        with deadline_scope(0.1), pytest.raises(DeadlineExceeded):
            get(connection)
    assert time.monotonic() - started < 20, "and not 60 for each"
    assert connection.calls.state == "closed"
    with deadline_scope(-1), pytest.raises(DeadlineExceeded):
        get(connection)


def test_a_deadline_that_ends_a_call_is_what_the_request_is_told_of(mute_endpoint, closed_endpoint):
    """Be it a moment before it, or while nobody answers; a database that is away is told as that."""
    silent, closed = connected(mute_endpoint), connected(closed_endpoint)
    for connection in (silent, closed):
        connection.calls = Calls(limits=Limits(read=60, total=60), budget=RetryBudget(share=1.0))
        assert connection.client  # made before: on a machine that is busy that takes seconds
    with usage_scope() as usage, deadline_scope(0.3), pytest.raises(DeadlineExceeded) as caught:
        get(silent)
    assert isinstance(caught.value.__cause__, BotoCoreError)
    assert (usage.calls, usage.failed) == (1, 1)
    with deadline_scope(30):
        error = down(closed)
    assert as_problem(error).code == "SERVICE_UNAVAILABLE"


def test_nobody_waits_longer_to_connect_than_there_is_time(monkeypatch):
    told = []

    def send(_):
        told.append(attempt_timeout())
        return {}

    monkeypatch.setattr("time.monotonic", Clock())
    Calls(limits=Limits()).make("GetItem", {}, send)
    Calls(limits=Limits()).make("DescribeTable", {}, send)
    with deadline_scope(0.5):
        Calls(limits=Limits()).make("GetItem", {}, send)
    assert [one.connect_timeout for one in told] == [1.0, 1.0, 0.5]
    assert [one.total for one in told] == pytest.approx([2.8, 15.0, 0.5])
    assert [one._read for one in told[:2]] == [2.0, told[1].total]


def test_a_call_that_cannot_be_signed_is_no_fault_of_the_database(monkeypatch):
    with stub(FINE) as database:
        connection = connected(database.url)
        session = connection.session
        monkeypatch.setattr(session, "get_credentials", lambda: None)
        down(connection, 10)
        assert connection.calls.state == "closed"
        assert database.bodies == []


@pytest.mark.parametrize("use", ["save", "get"])
def test_an_open_circuit_is_an_error_of_pynamodb_as_any_other(models, closed_endpoint, use):
    account, _ = models
    database = Database([account], region="eu-west-1", endpoint=closed_endpoint)
    for _ in range(3):
        with pytest.raises(PutError):
            account("ada@x.test").save()
    assert database.connection.calls.state == "open"
    with pytest.raises((PutError, GetError)) as caught:
        account("ada@x.test").save() if use == "save" else account.get("ada@x.test")
    assert isinstance(caught.value.cause, DatabaseAway)
