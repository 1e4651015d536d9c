"""Calling a task: what is stored and published, and when."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.exceptions import DoesNotExist
from pynamodb.models import Model

from libs.dynamodb import Database
from libs.errors import BodyTooLarge, Conflict, request_id_scope
from libs.jwt import Caller, acting_as
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.arguments import LARGEST_STORED

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]


@asynctask
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


@asynctask(attempts=3, retry_seconds=0.5)
def unlisted() -> None:
    """A task no service lists."""


def test_outside_a_request_a_task_is_a_plain_function() -> None:
    assert add(1, b=3) == 4
    assert add.__doc__ == "Add two numbers."


def test_a_task_is_named_by_its_place() -> None:
    assert add.name == f"{add.function.__module__}.add"


def test_a_task_declares_how_often_it_is_tried() -> None:
    assert (unlisted.attempts, unlisted.retry_seconds) == (3, 0.5)
    assert (add.attempts, add.retry_seconds) == (5, 2.0)


def test_in_a_request_a_call_is_stored_and_published(runtime_of: Runtimes, broker: Any, read: Read) -> None:
    caller = Caller("ada", frozenset({"b", "a"}), token="secret-token")
    with runtime_of(add).active(), acting_as(caller), request_id_scope("request-1234"):
        operation = add(1, b=3)
    assert broker.published == [(add.name, operation.id)]
    row = read(operation.id)
    assert (row.task, row.arguments, row.status) == (add.name, {"a": 1, "b": 3}, "queued")
    assert (row.owner, row.caller, row.request_id) == (
        "ada",
        {"subject": "ada", "scopes": ["a", "b"], "roles": []},
        "request-1234",
    )


def test_the_row_is_stored_before_it_is_published(runtime_of: Runtimes, broker: Any, read: Read) -> None:
    seen: list[str] = []
    broker.publish = lambda _, operation_id, **more: seen.append(read(operation_id).status)
    with runtime_of(add).active():
        add(1)
    assert seen == ["queued"]


def test_without_a_caller_an_operation_belongs_to_nobody(runtime_of: Runtimes, read: Read) -> None:
    with runtime_of(add).active():
        row = read(add(1).id)
    assert (row.owner, row.caller) == (None, None)
    assert len(row.request_id) == 32


def test_positional_arguments_are_stored_by_name(runtime_of: Runtimes, read: Read) -> None:
    with runtime_of(add).active():
        assert read(add(1, 5).id).arguments == {"a": 1, "b": 5}


def test_a_broker_that_is_down_fails_no_call(
    runtime_of: Runtimes, broker: Any, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    broker.down = True
    with runtime_of(add).active():
        operation = add(1)
    assert read(operation.id).status == "queued"
    (record,) = [one for one in caplog.records if one.name == "libs.tasks.hints"]
    assert record.__dict__["operation"] == operation.id
    assert "secret address" not in caplog.text


@pytest.mark.parametrize("argument", [object(), range(2), 2**70, {("a",): 1}])
def test_an_argument_without_a_json_form_is_refused(
    runtime_of: Runtimes, broker: Any, argument: object
) -> None:
    with runtime_of(add).active(), pytest.raises(TypeError):
        add(argument)
    assert broker.published == []
    assert list(Operation.scan()) == []


@pytest.mark.parametrize("letter", ["x", "é"])
def test_more_than_a_row_has_room_for_is_refused_at_the_call(
    runtime_of: Runtimes, broker: Any, letter: str
) -> None:
    with runtime_of(add).active(), pytest.raises(BodyTooLarge):
        add(letter * LARGEST_STORED)
    assert (broker.published, list(Operation.scan())) == ([], [])


def test_as_much_as_is_taken_leaves_room_for_all_the_tries(runtime_of: Runtimes, read: Read) -> None:
    @asynctask(attempts=21, retry_seconds=0)
    def fail(text: str) -> None:
        raise RuntimeError(text[:1])

    runtime = runtime_of(fail)
    with runtime.active(), acting_as(Caller("ada", frozenset(f"scope:{n}" for n in range(100)))):
        operation = fail("x" * (LARGEST_STORED - 20))
    for _ in range(21):
        Operation(operation.id).update([Operation.not_before.set(0)])
        runtime.run(operation.id)
    row = read(operation.id)
    assert (row.status, row.attempts, len(row.history)) == ("failed", 21, 20)


def test_a_call_that_is_stored_again_because_its_answer_was_lost_is_run_once(
    runtime_of: Runtimes, read: Read
) -> None:
    """The relay may have found the row meanwhile, and a worker have run it."""
    runs = []

    @asynctask
    def once() -> str:
        runs.append(1)
        return "done"

    runtime, sent = runtime_of(once), []
    client = Operation._get_connection().connection.client

    def send(request: Any, **_: Any) -> None:
        sent.append(orjson.loads(request.body)["Item"]["id"]["S"])
        if len(sent) == 1:
            client._endpoint.http_session.send(request)
            runtime.run(sent[0])
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register("before-send.dynamodb.PutItem", send)
    try:
        with runtime.active():
            operation = once()
    finally:
        client.meta.events.unregister("before-send.dynamodb.PutItem", send)
    runtime.run(operation.id)
    assert sent == [operation.id] * 2
    assert (read(operation.id).result, read(operation.id).attempts, runs) == ("done", 1, [1])


def _many(*names: str) -> None: ...


def _named(**names: str) -> None: ...


def _nameless(name: str, /) -> None: ...


@pytest.mark.parametrize("function", [_many, _named, _nameless], ids=lambda one: one.__name__)
def test_a_function_whose_arguments_have_no_names_is_no_task(function: Callable[..., None]) -> None:
    with pytest.raises(TypeError, match=r"name.* which .*name.* has not"):
        asynctask(function)


def test_an_argument_the_task_does_not_take_is_refused(runtime_of: Runtimes) -> None:
    with runtime_of(add).active(), pytest.raises(TypeError, match="unexpected keyword argument 'c'"):
        add(a=1, c=2)


def test_a_task_the_service_does_not_list_is_refused(runtime_of: Runtimes, broker: Any) -> None:
    with runtime_of(add).active(), pytest.raises(LookupError, match="unlisted is not among the tasks"):
        unlisted()
    assert broker.published == []


def test_tasks_are_plain_functions_again_after_the_request(runtime_of: Runtimes) -> None:
    with runtime_of(add).active():
        pass
    assert add(1) == 3


def test_in_a_transaction_the_operation_is_stored_with_the_rest_and_published_after_it(
    runtime_of: Runtimes, database: Database, note_model: type[Model], broker: Any, read: Read
) -> None:
    with runtime_of(add).active(), database.transaction() as transaction:
        transaction.create(note_model("n1"))
        operation = add(1)
        assert broker.published == []
        with pytest.raises(DoesNotExist):
            read(operation.id)
    assert broker.ids == [operation.id]
    assert read(operation.id).status == "queued"
    assert note_model.get("n1")


def test_a_block_that_raises_stores_and_publishes_nothing(
    runtime_of: Runtimes, database: Database, broker: Any
) -> None:
    def sign_up() -> None:
        with database.transaction():
            add(1)
            raise KeyError("stop")

    with runtime_of(add).active(), pytest.raises(KeyError):
        sign_up()
    assert list(Operation.scan()) == []
    assert broker.published == []


def test_a_transaction_that_is_refused_stores_and_publishes_nothing(
    runtime_of: Runtimes, database: Database, note_model: type[Model], broker: Any
) -> None:
    note_model("taken").save()

    def sign_up() -> None:
        with database.transaction() as transaction:
            transaction.create(note_model("taken"), conflict=Conflict("taken"))
            add(1)

    with runtime_of(add).active(), pytest.raises(Conflict):
        sign_up()
    assert list(Operation.scan()) == []
    assert broker.published == []


def test_a_committed_transaction_does_not_mind_a_broker_that_is_down(
    runtime_of: Runtimes, database: Database, broker: Any, read: Read
) -> None:
    broker.down = True
    with runtime_of(add).active(), database.transaction():
        operation = add(1)
    assert read(operation.id).status == "queued"


def test_a_task_that_needs_what_nobody_provides_stops_the_start(runtime_of: Runtimes) -> None:
    @asynctask
    def needy(broker: "Runtimes", note: int = 1) -> None: ...

    # What is not provided counts as an argument the caller gives.
    assert runtime_of(needy).tasks[needy.name].arguments_given(lambda kind: False) == {"broker", "note"}
