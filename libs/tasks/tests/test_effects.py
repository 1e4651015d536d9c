"""Effects of a task that are made once, however often it is run."""

import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from libs.api import Dependencies
from libs.dynamodb import Database, Transaction
from libs.errors import Conflict, InternalError, NotFound, ServiceUnavailable
from libs.jwt import Caller
from libs.tasks import Once, Operation, TaskRuntime, asynctask
from libs.tasks.effects import MARKER_SECONDS, current_once
from libs.tasks.following.handlers import get_operation
from libs.tasks.operation import PARKED_SECONDS

Runtimes = Callable[..., TaskRuntime]
Read = Callable[[str], Operation]
Effect = Callable[[Transaction], object]

effects: list[Effect] = []
"""What the task does, in its order; each is named by its place."""
failures: list[Exception] = []
"""What it raises after its effects, in one run after the other, from the end."""
returned: list[Any] = []
"""What its effects have returned, in all its runs."""


@asynctask(attempts=3, retry_seconds=10)
def work(once: Once) -> str:
    """Make its effects, and fail as long as there is something to raise."""
    for place, effect in enumerate(effects):
        returned.append(once.do(f"{place}", effect))
    if failures:
        raise failures.pop()
    return "done"


@asynctask
def follow_up(number: int) -> None:
    """Come after it."""


@asynctask
def keys(once: Once) -> list[str]:
    """Return what other services know its effects by."""
    found = [once.key("charge"), once.key("charge"), once.key("refund")]
    if failures:
        returned.append(found)
        raise failures.pop()
    return found


@pytest.fixture(autouse=True)
def _anew() -> None:
    for one in (effects, failures, returned):
        one.clear()


@pytest.fixture
def runtime(runtime_of: Runtimes) -> TaskRuntime:
    return runtime_of(work, follow_up, keys)


@pytest.fixture
def counted(note_model: type[Model]) -> Effect:
    """Append a letter to a note, and return the letter, which is another one at each call."""
    letters = iter("abcdefgh")

    def effect(transaction: Transaction) -> str:
        letter = next(letters)
        notes: Any = note_model
        transaction.update(notes("n"), [notes.text.set(letter)], condition=notes.text.does_not_exist())
        return letter

    return effect


def start(runtime: TaskRuntime, task: Callable[..., Any] = work) -> str:
    with runtime.active():
        return str(task().id)


def run_when_due(runtime: TaskRuntime, operation_id: str) -> None:
    """Run an operation as if the time it was put off for had passed."""
    Operation(operation_id).update([Operation.not_before.set(0), Operation.due.set(0)])
    runtime.run(operation_id)


def markers() -> list[str]:
    return [one.id for one in Operation.scan() if one.id.startswith("once:")]


def elsewhere(call: Callable[[], object]) -> object:
    """Call it as another worker would: in no transaction of this one."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(call).result()


def follow_ups() -> list[Operation]:
    return [one for one in Operation.scan() if one.task == follow_up.name]


def test_an_effect_is_made_once_and_every_run_has_what_it_returned(
    runtime: TaskRuntime, note_model: Any, counted: Effect, read: Read
) -> None:
    effects.append(counted)
    failures.extend([KeyError("a later step"), ServiceUnavailable("a later step")])
    operation_id = start(runtime)
    for _ in range(3):
        run_when_due(runtime, operation_id)
    assert read(operation_id).status == "succeeded"
    assert returned == ["a", "a", "a"]
    assert note_model.get("n").text == "a"


def test_an_effect_that_was_made_is_not_even_tried_again(runtime: TaskRuntime, read: Read) -> None:
    calls: list[int] = []
    effects.append(lambda transaction: calls.append(1))
    failures.append(KeyError("a later step"))
    operation_id = start(runtime)
    for _ in range(2):
        run_when_due(runtime, operation_id)
    assert (calls, returned, read(operation_id).status) == ([1], [None, None], "succeeded")


def test_each_effect_of_a_task_is_its_own(runtime: TaskRuntime, read: Read) -> None:
    calls: list[str] = []

    def failing(transaction: Transaction) -> None:
        calls.append("second")
        if failures:
            raise failures.pop()

    effects.extend([lambda transaction: calls.append("first"), failing])
    failures.append(ServiceUnavailable("not now"))
    operation_id = start(runtime)
    for _ in range(2):
        run_when_due(runtime, operation_id)
    assert (calls, read(operation_id).status) == (["first", "second", "second"], "succeeded")


def test_two_operations_make_an_effect_each(runtime: TaskRuntime, note_model: Any) -> None:
    effects.append(lambda transaction: transaction.save(note_model(uuid.uuid4().hex)))
    for _ in range(2):
        runtime.run(start(runtime))
    assert note_model.count() == 2


def test_what_an_effect_raises_leaves_nothing_and_it_is_tried_again(
    runtime: TaskRuntime, note_model: Any, read: Read
) -> None:
    def effect(transaction: Transaction) -> str:
        transaction.create(note_model("n"))
        follow_up(1)
        if failures:
            raise failures.pop()
        return "made"

    effects.append(effect)
    failures.append(KeyError("in the middle of it"))
    operation_id = start(runtime)
    runtime.run(operation_id)
    assert (note_model.count(), follow_ups(), markers()) == (0, [], [])
    run_when_due(runtime, operation_id)
    assert (note_model.count(), len(follow_ups()), returned) == (1, 1, ["made"])


def test_a_conflict_of_its_writes_is_raised_and_no_marker_is_left(
    runtime: TaskRuntime, note_model: Any, read: Read
) -> None:
    note_model("taken").save()
    taken = Conflict("It is taken.", code="TAKEN")
    effects.append(lambda transaction: transaction.create(note_model("taken"), conflict=taken))
    operation_id = start(runtime)
    runtime.run(operation_id)
    assert (read(operation_id).problem["code"], markers()) == ("TAKEN", [])


def test_a_replay_repeats_no_effect_that_was_made(
    runtime: TaskRuntime, note_model: Any, counted: Effect, read: Read
) -> None:
    effects.extend([counted, lambda transaction: follow_up(1).arguments])
    failures.append(Conflict("A later step.", code="LATER"))
    operation_id = start(runtime)
    runtime.run(operation_id)
    assert read(operation_id).status == "failed"
    runtime.replay(read(operation_id))
    runtime.run(operation_id)
    assert read(operation_id).status == "succeeded"
    assert (note_model.get("n").text, returned) == ("a", ["a", {"number": 1}] * 2)
    assert len(follow_ups()) == 1


def test_a_task_called_in_an_effect_is_started_once_though_its_hint_was_lost(
    runtime: TaskRuntime, broker: Any, read: Read
) -> None:
    effects.append(lambda transaction: str(follow_up(1).id))
    failures.append(KeyError("a later step"))
    operation_id = start(runtime)
    broker.down = True
    runtime.run(operation_id)
    broker.down = False
    run_when_due(runtime, operation_id)
    (started,) = follow_ups()
    assert returned == [started.id, started.id]
    Operation(started.id).update([Operation.due.set(0)])
    runtime.relay()
    assert started.id in broker.ids


def test_a_task_called_outside_of_an_effect_is_started_by_each_run(runtime_of: Runtimes) -> None:
    @asynctask
    def careless() -> None:
        follow_up(1)
        raise KeyError("a later step")

    runtime = runtime_of(careless, follow_up)
    operation_id = start(runtime, careless)
    for _ in range(2):
        run_when_due(runtime, operation_id)
    assert len(follow_ups()) == 2, "else the tests of effects tell nothing"


def test_of_two_runs_at_the_same_moment_one_makes_the_effect_and_both_have_its_result(
    database: Database, note_model: Any, counted: Effect
) -> None:
    late, seen = Once(database, "operation-1"), []

    def slow(transaction: Transaction) -> str:
        seen.append(elsewhere(lambda: Once(database, "operation-1").do("charge", counted)))
        # Its condition does not hold any more: the other run has written the note.
        return str(counted(transaction))

    assert late.do("charge", slow) == "a"
    assert (seen, note_model.get("n").text) == (["a"], "a")


def test_the_marker_alone_refuses_a_second_run_of_an_effect_without_conditions(
    database: Database, note_model: Any
) -> None:
    def first(transaction: Transaction) -> str:
        transaction.save(note_model("first"))
        return "first"

    def second(transaction: Transaction) -> str:
        elsewhere(lambda: Once(database, "operation-1").do("charge", first))
        transaction.save(note_model("second"))
        return "second"

    assert Once(database, "operation-1").do("charge", second) == "first"
    assert [one.id for one in note_model.scan()] == ["first"]


def test_an_effect_that_was_stored_counts_though_the_answer_was_lost(
    runtime: TaskRuntime, database: Database, counted: Effect, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    effects.append(counted)
    operation_id = start(runtime)
    write, written = database.connection.transact_write_items, []

    def lose_the_answer(*args: Any, **kwargs: Any) -> object:
        written.append(write(*args, **kwargs))
        raise PutError("no answer", ReadTimeoutError(endpoint_url="http://dynamodb"))

    monkeypatch.setattr(database.connection, "transact_write_items", lose_the_answer)
    runtime.run(operation_id)
    assert (len(written), returned, read(operation_id).status) == (1, ["a"], "succeeded")


@pytest.fixture
def unreadable(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have no row be read any more, until `monkeypatch.undo()`."""
    dispatch = database.connection.dispatch

    def no_answer(operation: str, arguments: Any) -> Any:
        if operation == "GetItem":
            raise ReadTimeoutError(endpoint_url="http://dynamodb")
        return dispatch(operation, arguments)

    return lambda: monkeypatch.setattr(database.connection, "dispatch", no_answer)


def test_a_refusal_is_none_while_it_cannot_be_told_whether_the_effect_was_made(
    runtime: TaskRuntime, read: Read, unreadable: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(transaction: Transaction) -> str:
        if failures:
            unreadable()
            raise failures.pop()
        return "made"

    effects.append(refused)
    failures.append(Conflict("It is taken.", code="TAKEN"))  # final, had it been read that there is no marker
    operation_id = start(runtime)
    runtime.run(operation_id)
    monkeypatch.undo()
    assert read(operation_id).status == "queued"
    run_when_due(runtime, operation_id)
    assert (returned, read(operation_id).status) == (["made"], "succeeded")


def test_what_an_effect_returns_comes_back_as_it_was(database: Database) -> None:
    value = {"paid": Decimal("9.90"), "parts": (1, "two", None)}
    for _ in range(2):
        assert Once(database, "operation-1").do("charge", lambda transaction: value) == value


def test_what_has_no_form_to_be_kept_in_is_refused_before_anything_is_stored(
    database: Database, note_model: Any
) -> None:
    def effect(transaction: Transaction) -> object:
        transaction.create(note_model("n"))
        return object()

    with pytest.raises(TypeError, match="the effect 'charge' returns what is not kept: object"):
        Once(database, "operation-1").do("charge", effect)
    assert (note_model.count(), markers()) == (0, [])


def test_a_name_that_is_used_twice_in_a_run_is_a_mistake_and_not_a_repetition(
    runtime_of: Runtimes, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    def remember(number: int, transaction: Transaction) -> None:
        returned.append(number)

    @asynctask(attempts=1)
    def remind(once: Once) -> None:
        for number in range(3):
            once.do("remind", partial(remember, number))

    runtime = runtime_of(remind)
    operation_id = start(runtime, remind)
    runtime.run(operation_id)
    assert (returned, read(operation_id).status) == ([0], "failed")
    assert "made an effect named 'remind' already" in caplog.text


def test_an_effect_that_failed_may_be_tried_again_by_the_same_run(database: Database) -> None:
    def failing(transaction: Transaction) -> None:
        raise InternalError

    once = Once(database, "operation-1")
    with pytest.raises(InternalError):
        once.do("charge", failing)
    assert once.do("charge", lambda transaction: 1) == 1


@pytest.mark.parametrize("length", [0, 201])
def test_what_is_no_name_of_an_effect_is_refused(database: Database, length: int) -> None:
    with pytest.raises(ValueError, match="1 to 200 characters"):
        Once(database).do("x" * length, lambda transaction: None)


def test_a_marker_is_kept_longer_than_its_operation_and_stands_in_no_list(
    runtime: TaskRuntime, broker: Any
) -> None:
    effects.append(lambda transaction: None)
    operation_id = start(runtime)
    runtime.run(operation_id)
    assert markers() == [f"once:{operation_id}:0"]
    (found,) = [one for one in Operation.scan() if one.id.startswith("once:")]
    assert found.expires_at.timestamp() == pytest.approx(time.time() + MARKER_SECONDS, abs=60)
    assert MARKER_SECONDS > 10 * PARKED_SECONDS
    listed = [one.id for one in Operation.pending_index.scan()]
    assert [one for one in listed if one.startswith("once:")] == []


def test_nobody_reads_or_runs_a_marker(runtime: TaskRuntime, read: Read) -> None:
    effects.append(lambda transaction: "kept")
    operation_id = start(runtime)
    runtime.run(operation_id)
    marker = f"once:{operation_id}:0"
    runtime.run(marker)
    with pytest.raises(NotFound):
        get_operation(marker, Caller("ada"))


def test_keys_are_the_same_in_each_run_and_others_for_another_effect_or_operation(
    runtime: TaskRuntime, read: Read
) -> None:
    failures.append(KeyError("once more"))
    first, second = start(runtime, keys), start(runtime, keys)
    for _ in range(2):
        run_when_due(runtime, first)
    runtime.run(second)
    assert read(first).result == returned[0]
    charge, again, refund = read(first).result
    assert charge == again
    assert len({charge, refund, *read(second).result}) == 4
    assert str(uuid.UUID(charge)) == charge


def test_a_key_is_another_one_in_another_environment(database: Database) -> None:
    key, name = Once(database, "nightly:2026-03-01T00:00:00Z").key("charge"), Operation.Meta.table_name
    try:
        Operation.Meta.table_name = f"staging-{name}"
        assert Once(database, "nightly:2026-03-01T00:00:00Z").key("charge") != key
    finally:
        Operation.Meta.table_name = name
    assert Once(database, "nightly:2026-03-01T00:00:00Z").key("charge") == key


def test_outside_an_operation_effects_are_made_and_nothing_is_kept_of_it(
    database: Database, note_model: Any
) -> None:
    once = Once(database)

    def effect(transaction: Transaction) -> str:
        transaction.create(note_model("n"))
        return "made"

    assert once.do("charge", effect) == "made"
    assert note_model.count() == 1
    assert list(Operation.scan()) == []
    assert once.key("charge") == once.key("charge") != Once(database).key("charge")


def test_a_task_run_as_a_plain_function_is_given_one(database: Database) -> None:
    effects.append(lambda transaction: 1)
    assert work(once=Once(database)) == "done"
    assert returned == [1]


def test_where_no_task_is_run_there_is_none(database: Database) -> None:
    with pytest.raises(RuntimeError, match="where no task is run"):
        current_once(database)


def test_an_effect_in_a_transaction_that_is_open_is_refused(database: Database) -> None:
    once = Once(database, "operation-1")
    with pytest.raises(RuntimeError, match="do not nest"), database.transaction():
        once.do("charge", lambda transaction: None)


class Order(Model):
    """What the example of the documentation is about; stored with the notes."""

    class Meta:
        table_name = "notes"

    id = UnicodeAttribute(hash_key=True)
    paid = NumberAttribute(default_for_new=0)


class Payments:
    """A service that is asked by the example, and notes by which keys."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def create(self, order_id: str, cents: int, *, idempotency_key: str) -> Any:
        self.keys.append(idempotency_key)
        return SimpleNamespace(id=f"payment {len(self.keys)}")


@asynctask
def send_receipt(order_id: str) -> None:
    """Come after a payment."""


def test_the_example_of_the_documentation_makes_its_effects_once(
    database: Database, broker: Any, note_model: type[Model], read: Read
) -> None:
    text = (Path(__file__).parents[3] / "docs/tasks.md").read_text()
    example = text.split("\n## Effects once\n")[1].split("```python\n")[1].split("```")[0]
    named = (Once, Order, Payments, Transaction, asynctask)
    names: dict[str, Any] = {one.__name__: one for one in named} | {"send_receipt": send_receipt}
    exec(example, names)  # noqa: S102 - what a document of ours says
    charge, payments = names["charge"], Payments()
    prefix = note_model.Meta.table_name.removesuffix("notes")
    Database([Order], region="eu-west-1", endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"], table_prefix=prefix)
    Order("order-1").save()
    dependencies = Dependencies([database, payments], {Once: partial(current_once, database)})
    runtime = TaskRuntime([charge, send_receipt], dependencies, broker)
    with runtime.active():
        operation_id = charge(order_id="order-1", cents=990).id
    for _ in range(2):
        runtime.run(operation_id)
        # As if it had been killed right before its end.
        Operation(operation_id).update([Operation.status.set("queued"), Operation.not_before.set(0)])
    assert read(operation_id).result == "payment 1"
    assert [str(uuid.UUID(one)) for one in payments.keys] == payments.keys
    assert (len(payments.keys), int(Order.get("order-1").paid)) == (1, 990)
    assert [one.task for one in Operation.scan() if one.task == send_receipt.name] == [send_receipt.name]
