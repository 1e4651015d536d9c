"""Following an operation of a service over HTTP, and what that costs everybody else."""

import json
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.test import Client, TestResponse

from infra.local.throwaway import reserved_port
from libs.api import Clients, InProcess, OperationCancelled
from libs.jwt import SharedSecret, TokenIssuer
from libs.jwt.cookies import ACCESS_COOKIE, csrf_claim, csrf_value
from libs.service import Running, Service
from libs.service.testing import (
    ISSUER,
    ISSUES,
    SECRET,
    bearer,
    environment,
    eventually,
    python_process,
    running_service,
)
from libs.tasks import Operation
from libs.tasks.following.events import EventStreams

TODOS = Service.named("todos")


@pytest.fixture
def running() -> Iterator[Running]:
    with running_service(TODOS, environment("todos", cursor_secret=SECRET)) as running:
        yield running


@pytest.fixture
def client(running: Running) -> Client:
    """A client of the service, whose streams end at once."""
    running.streams = EventStreams(1, seconds=0)
    return running.web_app().test_client(use_cookies=False)


def stored(**attributes: Any) -> Operation:
    operation = Operation(**{"task": "some.task", "arguments": {}, "request_id": "r", **attributes})
    operation.save()
    return operation


def events_of(operation: Operation) -> str:
    return f"/operations/{operation.id}/events"


def test_the_owner_is_sent_events(client: Client) -> None:
    operation = stored(owner="ada")
    answer = client.get(events_of(operation), headers=bearer("ada", audience="todos"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
    retry, event, rest = answer.text.split("\n\n")
    assert (retry, rest) == ("retry: 1000", "")
    kind, event_id, data = event.split("\n")
    assert kind == "event: operation"
    told = json.loads(data.removeprefix("data: "))
    assert told == client.get(f"/operations/{operation.id}", headers=bearer("ada", audience="todos")).json
    again = {**bearer("ada", audience="todos"), "Last-Event-ID": event_id.removeprefix("id: ")}
    assert "data" not in client.get(events_of(operation), headers=again).text


def test_a_page_follows_by_its_cookie(client: Client) -> None:
    operation, value = stored(owner="ada"), csrf_value(secrets.token_bytes(32), "session")
    token = ISSUES.issue("ada", audience=["todos"], claims={"csrf": csrf_claim(value)})
    answer = client.get(events_of(operation), headers={"Cookie": f"{ACCESS_COOKIE}={token}"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")


def test_who_may_not_is_refused_before_anything_is_sent(client: Client) -> None:
    operation = stored(owner="ada")

    def refused(answer: TestResponse) -> tuple[int, str]:
        assert answer.mimetype == "application/problem+json"
        return answer.status_code, answer.get_json()["code"]

    eve = bearer("eve", audience="todos")
    for _ in range(2):  # nor is a place taken
        assert refused(client.get(events_of(operation))) == (401, "AUTHORIZATION_HEADER_MISSING")
        assert refused(client.get(events_of(operation), headers=eve)) == (404, "NOT_FOUND")
    too_long = {**bearer("ada", audience="todos"), "Last-Event-ID": "x" * 256}
    assert refused(client.get(events_of(operation), headers=too_long)) == (400, "INVALID_PARAMETERS")


def test_one_that_is_over_is_told_once(client: Client) -> None:
    operation, ada = stored(owner="ada", status="cancelled"), bearer("ada", audience="todos")
    told = client.get(events_of(operation), headers=ada).text
    last = told.partition("id: ")[2].partition("\n")[0]
    answer = client.get(events_of(operation), headers={**ada, "Last-Event-ID": last})
    assert (answer.status_code, answer.data, answer.headers["Cache-Control"]) == (204, b"", "no-store")
    assert "Content-Type" not in answer.headers


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_whoever_was_answered_has_left_his_place(client: Client, method: str) -> None:
    operation, ada = stored(owner="ada"), bearer("ada", audience="todos")
    for _ in range(3):
        with client.open(events_of(operation), method=method, headers=ada) as answer:
            assert answer.status_code == 200
    held = client.get(events_of(operation), headers=ada)
    busy = client.get(events_of(operation), headers=ada)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    assert busy.get_json()["code"] == "TOO_MANY_STREAMS"
    held.close()


def test_another_service_waits_for_what_it_has_started(running: Running) -> None:
    clients = Clients({"todos": "http://todos.test"}, transports={"todos": InProcess(running.web_app())})
    ada = ISSUES.issue("ada", audience=["todos"])
    seen: list[str] = []

    def work(operation: Any) -> None:
        seen.append(operation.status)
        assert running.tasks is not None
        running.tasks.run(operation.id)  # what has been seen first is that it waits

    started = clients.todos.export_todos(auth=ada)
    done = clients.todos.wait(started, seconds=30, progress=work, auth=ada)
    assert seen == ["queued", "succeeded"]
    assert (done.id, done.result["count"]) == (started.id, 0)
    cancelled = clients.todos.cancel_operation(operation_id=clients.todos.export_todos(auth=ada).id, auth=ada)
    with pytest.raises(OperationCancelled):
        clients.todos.wait(cancelled, auth=ada)


@pytest.mark.parametrize(("threads", "most"), [("1", 0), ("4", 2)])
def test_at_most_every_other_thread_follows(threads: str, most: int) -> None:
    environ = environment("todos", cursor_secret=SECRET, web_threads=threads)
    with running_service(TODOS, environ) as running:
        client = running.web_app().test_client(use_cookies=False)
        held = []
        for user in ("ada", "eve", "bob")[: most + 1]:
            operation = stored(owner=user)
            held.append(client.get(events_of(operation), headers=bearer(user, audience="todos")))
        assert [one.status_code for one in held] == [*[200] * most, 503]
        for one in held:
            one.close()


class Web:
    """A web process of todos, and one operation in its tables, which waits."""

    def __init__(self, port: int) -> None:
        self.operation = stored(owner="ada")
        token = TokenIssuer(SharedSecret(SECRET), ISSUER).issue("ada", audience=["todos"])
        self._port = port
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            trust_env=False,
            timeout=30,
            headers={"Authorization": f"Bearer {token}"},
        )

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def follow(self) -> AbstractContextManager[httpx.Response]:
        return self.client.stream("GET", events_of(self.operation))


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Web, "subprocess.Popen[bytes]"]]:
    """The real thing, with a place for one."""
    with ExitStack() as stack:
        port = stack.enter_context(reserved_port())
        options = {"cursor_secret": SECRET, "jwt_secret": SECRET, "port": str(port)}
        options |= {"web_workers": "1", "web_threads": "2", "drain_seconds": "20"}
        environ = {name: one for name, one in environment("todos", **options).items() if "JWKS" not in name}
        database = TODOS.database(TODOS.load_settings(environ))
        database.create_tables()
        stack.callback(database.delete_tables)
        made = Web(port)
        stack.callback(made.client.close)
        output = stack.enter_context((tmp_path / "output").open("wb"))
        process = stack.enter_context(
            python_process("-m", "libs.service", "web", environ=environ, output=output)
        )
        eventually(made.answers)
        yield made, process


def begun(answer: httpx.Response) -> Iterator[str]:
    """Return the further lines of a stream whose first event has come."""
    assert answer.status_code == 200, answer.read()
    lines = answer.iter_lines()
    next(line for line in lines if line.startswith("data: "))
    return lines


def test_a_change_is_told_within_seconds_and_the_end_ends_the_stream(web: tuple[Web, Any]) -> None:
    with web[0].follow() as answer:
        lines = begun(answer)
        web[0].operation.cancel()
        told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert [one["status"] for one in told] == ["cancelled"]


def test_a_client_that_goes_away_makes_room_long_before_the_end(web: tuple[Web, Any]) -> None:
    with web[0].follow() as answer:
        begun(answer)
        busy = web[0].client.get(events_of(web[0].operation))
        assert (busy.status_code, busy.json()["code"]) == (503, "TOO_MANY_STREAMS")
        assert web[0].client.get("/ping").status_code == 200, "all others are served"
    eventually(partial(_has_room, web[0].follow), seconds=15)  # and it would have lasted 25


def _has_room(follow: Callable[[], AbstractContextManager[httpx.Response]]) -> bool:
    with follow() as answer:
        return answer.status_code == 200


def test_a_process_that_is_to_stop_ends_its_streams(
    web: tuple[Web, "subprocess.Popen[bytes]"],
) -> None:
    told, process = web
    with told.follow() as answer:
        lines = begun(answer)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        list(lines)  # it ends as it should, and does not break off
    assert process.wait(20) == 0
    assert time.monotonic() - began < 10
