"""The deadline of a request: who gives it, what it ends, and what does not count."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.api import ApiModels, Contract, Contribution, Dependencies, Result, Server
from libs.errors import check_deadline, remaining
from libs.jwt import Caller
from libs.service.protection.deadline import RequestDeadline
from libs.service.web import create_app, waited_scope

DOCUMENT = "openapi: 3.1.0\ninfo: {title: Probe, version: 1.0.0}\nsecurity: []\npaths: {}\n"
SECONDS = 5.0
BODY = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


class Clock:
    """It goes on when somebody takes his time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(time, "monotonic", one)
    return one


class Probe:
    """Handlers that tell how much time is left to them."""

    def __init__(self, clock: Clock) -> None:
        self.called = 0
        self.takes = 0.0
        self.clock = clock

    def left(self) -> dict[str, Any]:
        self.called += 1
        return {"left": remaining()}

    def left_after_body(self, body: dict[str, Any]) -> dict[str, Any]:
        return self.left()

    def work(self) -> dict[str, Any]:
        self.clock.now += self.takes
        check_deadline()
        return {}

    def stream(self) -> Result:
        def lines() -> Iterator[bytes]:
            yield repr(remaining()).encode()

        return Result(lines(), media_type="text/plain")


@pytest.fixture
def probe(clock: Clock) -> Probe:
    return Probe(clock)


@pytest.fixture
def connect(probe: Probe, tmp_path: Path) -> Callable[..., FlaskClient]:
    def connect(seconds: float = SECONDS, trusted_proxies: int = 0) -> FlaskClient:
        functions = {
            one.__name__: one for one in (probe.left, probe.left_after_body, probe.work, probe.stream)
        }
        answers = {"responses": {"200": {"description": "Fine."}}}
        paths = {
            "/left": {
                "get": {"operationId": "left", **answers},
                "post": {"operationId": "left_after_body", "requestBody": BODY, **answers},
            },
            "/work": {"get": {"operationId": "work", **answers}},
            "/stream": {"get": {"operationId": "stream", **answers}},
        }
        (tmp_path / "probe.yaml").write_text(DOCUMENT)
        contract = Contract.load(tmp_path / "probe.yaml", Dependencies(), [Contribution(paths, functions)])
        server = Server(lambda token: Caller("ada"), ApiModels(contract.document))
        watchers = [RequestDeadline(seconds, trusted_proxies=trusted_proxies)]
        app = create_app("probe", contract, server, tasks=None, max_body_bytes=2048, watchers=watchers)
        return app.test_client()

    return connect


@pytest.fixture
def client(connect: Callable[..., FlaskClient]) -> FlaskClient:
    return connect()


def left(answer: TestResponse) -> float:
    assert answer.status_code == 200
    seconds: float = answer.get_json()["left"]
    return seconds


def asked(client: FlaskClient, budget: str, **environ: Any) -> TestResponse:
    return client.get("/left", headers={"X-Request-Budget": budget}, environ_overrides=environ)


def assert_exceeded(answer: TestResponse) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (503, "DEADLINE_EXCEEDED")
    assert answer.headers["Retry-After"] == "1"


def test_a_request_has_the_time_of_the_setting(client: FlaskClient) -> None:
    assert SECONDS - 2 < left(client.get("/left")) <= SECONDS


def test_a_caller_may_have_less(client: FlaskClient) -> None:
    assert 0.5 < left(asked(client, "2000")) <= 2


def test_and_never_more(client: FlaskClient) -> None:
    assert SECONDS - 2 < left(asked(client, "60000")) <= SECONDS


def test_who_comes_from_outside_has_no_say(connect: Callable[..., FlaskClient]) -> None:
    client = connect(trusted_proxies=2)
    seen = {"HTTP_X_FORWARDED_FOR": "1.2.3.4, 10.0.0.1"}
    assert SECONDS - 2 < left(asked(client, "2000", **seen)) <= SECONDS
    assert 0.5 < left(asked(client, "2000", HTTP_X_FORWARDED_FOR="10.0.0.1")) <= 2
    assert 0.5 < left(asked(client, "2000")) <= 2


@pytest.mark.parametrize("budget", ["", "soon", "-5", "1.5", "1e3", " 5", "٥", "9" * 9, "9" * 5000])
def test_what_is_no_budget_is_none(client: FlaskClient, budget: str) -> None:
    environ = {"HTTP_X_REQUEST_BUDGET": budget}
    assert SECONDS - 2 < left(client.get("/left", environ_overrides=environ)) <= SECONDS


def test_where_nothing_is_left_nothing_is_done(client: FlaskClient, probe: Probe) -> None:
    assert_exceeded(asked(client, "0"))
    assert probe.called == 0


def test_the_time_in_our_own_queue_counts(client: FlaskClient, probe: Probe) -> None:
    with waited_scope(SECONDS - 2.5):
        assert 0 < left(client.get("/left")) <= 2.5
    with waited_scope(0.5):
        assert 0 < left(asked(client, "2000")) <= 1.5
    with waited_scope(SECONDS + 1):
        assert_exceeded(client.get("/left"))
    with waited_scope(3.0):
        assert_exceeded(asked(client, "2000"))
    assert probe.called == 2


def test_work_that_goes_past_it_is_a_503(connect: Callable[..., FlaskClient], probe: Probe) -> None:
    probe.takes = 0.15
    assert_exceeded(connect(0.1).get("/work"))


class Slow:
    """A body that is a while on its way."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._pieces = [b"{", b"}", b""]
        self._seconds = seconds
        self._clock = clock

    def read(self, size: int = -1) -> bytes:
        self._clock.now += self._seconds
        return self._pieces.pop(0)


def sent_slowly(client: FlaskClient, seconds: float, clock: Clock, **headers: str) -> TestResponse:
    return client.post(
        "/left",
        headers=headers,
        content_type="application/json",
        environ_overrides={"wsgi.input": Slow(seconds, clock), "CONTENT_LENGTH": "2"},
    )


def test_what_the_body_takes_to_arrive_does_not_count(
    connect: Callable[..., FlaskClient], clock: Clock
) -> None:
    assert left(sent_slowly(connect(0.5), 0.5, clock)) == 0.5


def test_nor_that_of_one_in_chunks(connect: Callable[..., FlaskClient], clock: Clock) -> None:
    answer = connect(0.5).post(
        "/left",
        headers={"Transfer-Encoding": "chunked"},
        content_type="application/json",
        environ_overrides={"wsgi.input": Slow(0.5, clock), "wsgi.input_terminated": True},
    )
    assert left(answer) == 0.5


def test_but_a_caller_waits_no_longer_for_that(
    connect: Callable[..., FlaskClient], probe: Probe, clock: Clock
) -> None:
    assert_exceeded(sent_slowly(connect(), 0.15, clock, **{"X-Request-Budget": "200"}))
    assert probe.called == 0


def test_a_stream_is_not_cut(client: FlaskClient) -> None:
    assert client.get("/stream").data == b"None"


def test_after_the_request_there_is_no_deadline(client: FlaskClient) -> None:
    client.get("/left")
    assert remaining() is None
