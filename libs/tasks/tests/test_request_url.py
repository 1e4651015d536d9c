"""The URL of the request, in the task that was called in it."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.api import Dependencies
from libs.dynamodb import Database
from libs.tasks import Operation, RequestUrl, TaskRuntime, asynctask
from libs.tasks.request_url import LONGEST, current_url, url_of, url_scope

Read = Callable[[str], Operation]
URL = "https://todos.example.com/todos/export"


@asynctask
def look(url: RequestUrl) -> str:
    """Return where the request went."""
    return url


@asynctask
def pass_on() -> str:
    """Have another task tell."""
    return str(look().id)


@pytest.fixture
def runtime(database: Database, broker: Any) -> TaskRuntime:
    return TaskRuntime([look, pass_on], Dependencies([database], {RequestUrl: current_url}), broker)


def test_a_task_and_those_it_calls_know_the_url_of_the_request(runtime: TaskRuntime, read: Read) -> None:
    with runtime.active(), url_scope(URL):
        outer = str(pass_on().id)
    runtime.run(outer)
    inner = str(read(outer).result)
    runtime.run(inner)
    assert read(inner).result == URL
    assert current_url() == "", "and the worker forgets it"


def test_where_there_was_no_request_there_is_no_url(runtime: TaskRuntime, read: Read) -> None:
    with runtime.active():
        operation = str(look().id)
    with url_scope(URL):  # of somebody else's
        runtime.run(operation)
    row = read(operation)
    assert (row.url, row.result) == (None, "")


def environ(host: str | None, **more: str) -> dict[str, str]:
    named = {} if host is None else {"HTTP_HOST": host}
    return {"wsgi.url_scheme": "https", "SERVER_NAME": "10.0.0.1", "SERVER_PORT": "8080", **named, **more}


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("todos.example.com", URL),
        ("todos.example.com:8443", "https://todos.example.com:8443/todos/export"),
        ("[::1]:8080", "https://[::1]:8080/todos/export"),
        (None, "https://10.0.0.1:8080/todos/export"),
        ("user:password@todos.example.com", ""),
        ("todos.example.com/evil?", ""),
        ("todos.example.com evil", ""),
        ("todos.example.com\n", ""),
        ("a" * 254, ""),
        ("<script>", ""),
    ],
    ids=["name", "port", "IPv6", "none", "user", "path", "space", "line", "long", "script"],
)
def test_a_host_that_is_none_makes_no_url(host: str | None, url: str) -> None:
    assert url_of(environ(host, QUERY_STRING="token=hush"), "/todos/export") == url


@pytest.mark.parametrize("path", ["*", "todos", "/" + "a" * LONGEST], ids=["asterisk", "relative", "long"])
def test_a_path_that_is_none_or_too_long_makes_none_either(path: str) -> None:
    assert url_of(environ("todos.example.com"), path) == ""
