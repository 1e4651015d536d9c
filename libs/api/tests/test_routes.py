"""From a path to its operations."""

import pytest

from libs.api import Operation, Routes
from libs.errors import MethodNotAllowed


def operation(line):
    method, path = line.split()
    return Operation(line, method, path, None, (), None, 200, {}, lambda: line)


@pytest.fixture
def routes():
    lines = [
        "GET /todos/{key}",
        "PATCH /todos/{key}",
        "GET /todos",
        "POST /todos/export",
        "GET /todos/{key}/{other}",
        "GET /todos/{key}/notes",
        "GET /todos/export/{job}",
        "GET /caf%C3%A9",
        "GET /",
    ]
    return Routes(map(operation, lines))


@pytest.mark.parametrize(
    ("segments", "path", "values"),
    [
        ((), "/", {}),
        (("todos",), "/todos", {}),
        (("todos", "a/b"), "/todos/{key}", {"key": "a/b"}),
        (("todos", "a", "b"), "/todos/{key}/{other}", {"key": "a", "other": "b"}),
        (("todos", "a", "notes"), "/todos/{key}/notes", {"key": "a"}),
        (("todos", "export", "1"), "/todos/export/{job}", {"job": "1"}),
        (("todos", "export", "notes"), "/todos/export/{job}", {"job": "notes"}),
        (("todos", "export"), "/todos/export", {}),
        (("café",), "/caf%C3%A9", {}),
    ],
)
def test_the_path_with_the_first_text_written_out_is_found(routes, segments, path, values):
    found = routes.find(segments)
    assert (found.path, found.values) == (path, values)


@pytest.mark.parametrize("segments", [("nowhere",), ("todos", "a", "b", "c"), ("Todos",)])
def test_other_paths_are_not(routes, segments):
    assert routes.find(segments) is None


def test_a_path_answers_its_methods_and_head_where_it_answers_get(routes):
    found = routes.find(("todos", "a"))
    assert found.allow == "GET, HEAD, OPTIONS, PATCH"
    assert found.operation("PATCH").call() == "PATCH /todos/{key}"
    assert found.operation("GET") is found.operation("HEAD")


def test_a_path_written_out_answers_none_of_the_methods_of_the_one_with_placeholders(routes):
    found = routes.find(("todos", "export"))
    for method in ("GET", "HEAD", "PATCH", "get", "OPTIONS"):
        with pytest.raises(MethodNotAllowed) as caught:
            found.operation(method)
        assert caught.value.headers == {"Allow": "OPTIONS, POST"}
