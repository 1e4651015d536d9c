"""Tables of their own for tests of tasks, and a broker that can be looked into and broken."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.api import Dependencies
from libs.dynamodb import Database
from libs.dynamodb.calls import Calls
from libs.errors import ServiceUnavailable, Tracer
from libs.jwt import Caller, current_caller
from libs.resilience import CircuitBreaker, RetryBudget
from libs.tasks import Once, Operation, Progress, Task, TaskRuntime
from libs.tasks.effects import current_once
from libs.tasks.lease import current_progress


class Note(Model):
    """Something a task or a handler stores."""

    class Meta:
        table_name = "notes"

    id = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(default_for_new="")


@dataclass
class Broker:
    """A publisher that keeps what was published, in order."""

    published: list[tuple[str, str]] = field(default_factory=list)
    places: list[tuple[str | None, int]] = field(default_factory=list)
    down: bool = False
    held: dict[str | None, int | None] = field(default_factory=dict)

    def waiting(self, queue: str | None) -> int | None:
        return self.held.get(queue)

    def publish(self, task_name: str, operation_id: str, *, queue: str | None, priority: int) -> None:
        if self.down:
            raise ConnectionError("the secret address of the broker does not answer")
        self.published.append((task_name, operation_id))
        self.places.append((queue, priority))

    @property
    def ids(self) -> list[str]:
        return [operation_id for _, operation_id in self.published]


Runtimes = Callable[..., TaskRuntime]


@pytest.fixture(scope="module")
def tables() -> Iterator[Database]:
    database = Database(
        [Operation, Note],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=f"test-{uuid.uuid4().hex}-",
    )
    database.create_tables()
    yield database
    database.delete_tables()


@pytest.fixture
def database(tables: Database) -> Iterator[Database]:
    """The tables, empty at the end of each test, with calls that no other test has counted."""
    # Some tests lose most answers, and say how many of the two that each call can have.
    never_opens = CircuitBreaker(least=10**9)
    tables.connection.calls = Calls(breaker=never_opens, budget=RetryBudget(share=1.0), attempts=2)
    yield tables
    for model in tables.models:
        with model.batch_write() as rows:
            for row in model.scan():
                rows.delete(row)


@pytest.fixture
def note_model() -> type[Note]:
    return Note


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def runtime_of(database: Database, broker: Broker) -> Runtimes:
    """Make the runtime of the given tasks, which may ask for `Database`, `Caller`, `Once` and `Progress`."""

    def make(*tasks: Task, lease_seconds: float = 15.0, tracer: Tracer | None = None) -> TaskRuntime:
        once = partial(current_once, database)
        made = {Caller: _caller, Once: once, Progress: current_progress}
        dependencies = Dependencies([database], made)
        return TaskRuntime(tasks, dependencies, broker, lease_seconds=lease_seconds, tracer=tracer)

    return make


def _caller() -> Caller:
    caller = current_caller()
    if caller is None:
        raise ServiceUnavailable("nobody is known here")
    return caller


@pytest.fixture
def stored(database: Database) -> Callable[..., Operation]:
    """Store an operation, with attributes instead of the usual ones."""

    def store(**attributes: object) -> Operation:
        usual = {"task": "some.task", "arguments": {}, "request_id": "request-id-1"}
        operation = Operation(**{**usual, **attributes})
        operation.save()
        return operation

    return store


Send = Callable[[], Any]
Intercept = Callable[[str, int, Callable[[Any, Send], Any]], list[str]]


@pytest.fixture
def intercepted(monkeypatch: pytest.MonkeyPatch) -> Intercept:
    """Have the next `times` updates in which there is `text` be met by `meet`; returns those so far.

    That is given the request, and what sends it, and returns the answer or raises.
    """

    def intercept(text: str, times: int, meet: Callable[[Any, Send], Any]) -> list[str]:
        send, met = URLLib3Session.send, list[str]()

        def meeting(self: URLLib3Session, request: Any) -> Any:
            body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
            ours = "UpdateItem" in str(request.headers.get("X-Amz-Target")) and text in body
            if not ours or len(met) == times:
                return send(self, request)
            met.append(body)
            return meet(request, partial(send, self, request))

        monkeypatch.setattr(URLLib3Session, "send", meeting)
        return met

    return intercept


@pytest.fixture
def unanswered(intercepted: Intercept) -> Callable[..., list[str]]:
    """Have the answers to the next `times` updates in which there is `text` be lost; returns those so far.

    What they ask for is done, or, where they do not `arrive`, not. each is sent a second time.
    """

    def lose(text: str, times: int = 1, *, arrive: bool = True) -> list[str]:
        def losing(request: Any, send: Send) -> Any:
            if arrive:
                send()
            raise ReadTimeoutError(endpoint_url=request.url)

        return intercepted(text, times, losing)

    return lose


@pytest.fixture
def read() -> Callable[[str], Operation]:
    """Read the stored row of an operation."""
    return lambda operation_id: Operation.get(operation_id, consistent_read=True)
