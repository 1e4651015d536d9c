"""Waiting for what another service has accepted."""

import httpx
import pytest

from libs.api import (
    ApiClient,
    ClientDocument,
    OperationCancelled,
    OperationPending,
    RemoteConflict,
    RemoteNotFound,
    RemoteProblem,
    RemoteServerError,
    RemoteUnauthorized,
    Sender,
)
from libs.api.clients import waiting
from libs.api.tests.clients.conftest import Script
from libs.errors import ServiceUnavailable, deadline_scope

OPERATION = {"schema": {"$ref": "#/components/schemas/Operation"}}
SHOWN = {"description": "It.", "content": {"application/json": OPERATION}}
PARAMETER = {"name": "operation_id", "in": "path", "required": True, "schema": {"type": "string"}}
PATHS = {
    "/orders": {"post": {"operationId": "order", "responses": {"202": SHOWN}}},
    "/operations/{operation_id}": {
        "get": {
            "operationId": "get_operation",
            "security": [{"bearer": []}],
            "parameters": [PARAMETER],
            "responses": {"200": SHOWN},
        }
    },
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "paths": PATHS,
    "components": {
        "schemas": {
            "Operation": {
                "type": "object",
                "properties": {
                    name: {} for name in ("id", "task", "status", "progress", "result", "problem")
                },
            }
        },
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    },
}
STARTED = {"id": "op-1", "task": "shop.tasks.deliver", "status": "queued", "progress": 0}


def told(status="queued", *, retry_after=None, **members):
    """Return an answer to a look at the operation."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return httpx.Response(200, json={**STARTED, "status": status, **members}, headers=headers)


class Shop:
    """A client whose service answers what it is told to, and whose time passes in pauses alone."""

    def __init__(self, monkeypatch, *outcomes, document=DOCUMENT):
        self.script = Script(*outcomes)
        self.pauses = []
        self.now = 0.0
        sender = Sender("shop", self.script, pause=self.pause)
        self.client = ApiClient(ClientDocument("shop", document), "http://shop.test", sender)
        monkeypatch.setattr(waiting, "monotonic", lambda: self.now)

    def pause(self, seconds):
        self.pauses.append(round(seconds, 3))
        self.now += seconds

    def wait(self, **options):
        return self.client.wait("op-1", **options)


@pytest.fixture
def shop(monkeypatch):
    return lambda *outcomes, **options: Shop(monkeypatch, *outcomes, **options)


def test_it_returns_the_operation_once_it_has_succeeded(shop):
    made = shop(httpx.Response(202, json=STARTED), told(), told("running"), told("succeeded", result=[1]))
    operation = made.client.order()
    done = made.client.wait(operation)
    assert (done.status, done.result) == ("succeeded", [1])
    assert type(done) is type(operation)
    first, *looks = made.script.requests
    assert first.method == "POST"
    assert [str(one.url) for one in looks] == ["http://shop.test/operations/op-1"] * 3


def test_the_pauses_grow_where_the_service_says_nothing(shop):
    made = shop(*[told()] * 7, told("succeeded"))
    made.wait()
    assert made.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2]


def test_it_looks_when_the_service_says_so_but_not_without_a_pause(shop):
    made = shop(told(retry_after="3"), told(retry_after="0"), told(retry_after="soon"), told("succeeded"))
    made.wait()
    assert made.pauses == [0.1, 3, 0.1, 0.8]


def test_whoever_asks_is_told_of_each_change_once(shop):
    seen = []
    answers = [told(updated_at="1"), told(updated_at="2"), told("running", progress=0.5), told("succeeded")]
    shop(*answers).wait(progress=lambda operation: seen.append((operation.status, operation.progress)))
    assert seen == [("queued", 0), ("running", 0.5), ("succeeded", 0)]


def test_what_is_raised_on_a_change_ends_the_waiting(shop):
    made = shop(told("running"))

    def cancelled(operation):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        made.wait(progress=cancelled)
    assert len(made.script.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, RemoteNotFound), (409, RemoteConflict), (418, RemoteProblem), (503, RemoteServerError)],
)
def test_one_that_failed_raises_its_problem(shop, status, kind):
    problem = {
        "type": "about:blank",
        "title": "Gone",
        "status": status,
        "code": "LOST",
        "detail": "It is lost.",
        "request_id": "r-1",
        "shelf": 3,
    }
    with pytest.raises(RemoteProblem) as failed:
        shop(told("failed", problem=problem)).wait()
    assert type(failed.value) is kind
    assert failed.value.operation == "shop.deliver"
    found = failed.value.problem
    assert (found.status, found.code, found.detail, found.request_id) == (
        status,
        "LOST",
        "It is lost.",
        "r-1",
    )
    assert found.extra == {"shelf": 3}
    assert "lost" not in str(failed.value.to_json()).lower(), "it is none of our client's business"


@pytest.mark.parametrize("problem", [None, "x", {}, {"status": "404"}, {"status": 200}, {"status": 99999}])
def test_one_that_failed_in_an_unknown_way_is_a_fault_of_the_service(shop, problem):
    with pytest.raises(RemoteServerError) as failed:
        shop(told("failed", problem=problem)).wait()
    assert failed.value.problem.status == 500


def test_one_that_was_cancelled_says_so(shop):
    with pytest.raises(OperationCancelled) as cancelled:
        shop(told("running"), told("cancelled")).wait()
    assert cancelled.value.problem.code == "CANCELLED"
    assert cancelled.value.to_json()["status"] == 502


def test_the_time_is_up_after_a_last_look(shop):
    made = shop(told("running", progress=0.25, retry_after="7"))
    with pytest.raises(OperationPending) as pending:
        made.wait(seconds=10)
    assert made.pauses == [0.1, 7, 2.9]
    assert isinstance(pending.value, ServiceUnavailable)
    assert pending.value.operation.progress == 0.25
    assert pending.value.headers == {"Retry-After": "1"}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_service_that_is_busy_or_restarts_is_asked_again(shop, status):
    made = shop(*[httpx.Response(status)] * 4, told("succeeded"))
    assert made.wait().status == "succeeded"


def test_a_service_that_is_away_is_asked_until_the_time_is_up(shop):
    with pytest.raises(OperationPending) as pending:
        shop(httpx.ConnectError("refused")).wait(seconds=10)
    assert pending.value.operation is None
    assert isinstance(pending.value.__cause__, ServiceUnavailable)


@pytest.mark.parametrize(("status", "kind"), [(401, RemoteUnauthorized), (404, RemoteNotFound)])
def test_who_may_not_see_it_need_not_wait(shop, status, kind):
    made = shop(httpx.Response(status))
    with pytest.raises(kind):
        made.wait()
    assert len(made.script.requests) == 1


def test_it_goes_in_the_name_that_is_given(shop):
    made = shop(told(), told("succeeded"))
    made.wait(auth="a-token")
    assert [one.headers["Authorization"] for one in made.script.requests] == ["Bearer a-token"] * 2


def test_a_service_without_operations_has_nothing_to_wait_for(shop):
    orders = {**DOCUMENT, "paths": {"/orders": PATHS["/orders"]}}
    with pytest.raises(TypeError, match="shop has no get_operation"):
        shop(told(), document=orders).wait()
    with pytest.raises(TypeError, match="'second'"):
        shop(told()).wait(second=1)


def test_an_operation_of_that_name_goes_before(shop):
    named = {**PATHS, "/orders": {"post": {**PATHS["/orders"]["post"], "operationId": "wait"}}}
    made = shop(httpx.Response(202, json=STARTED), document={**DOCUMENT, "paths": named})
    assert made.client.wait().status == "queued"
    assert "wait" in dir(made.client)


def test_it_waits_no_longer_than_the_request_may(shop):
    made = shop(told())
    with deadline_scope(100), pytest.raises(OperationPending):
        made.wait(seconds=600)
    assert 50 < sum(made.pauses) <= 100
