"""From a path to its operations."""

import pytest

from libs.api import Operation, Routes
from libs.api.binding.security import Security
from libs.api.wire.answers import Answers
from libs.api.wire.parameters import Parameters
from libs.errors import MethodNotAllowed, NotFound


def operation(line):
    method, path = line.split()
    answers = Answers.from_document({"200": {"description": ""}}, {})
    return Operation(line, method, path, path, Security(), Parameters(), None, answers, 200, {}, lambda: line)


@pytest.fixture
def routes():
    lines = [
        "GET /todos/{key}",
        "PATCH /todos/{key}",
        "GET /todos",
        "POST /todos/export",
        "GET /todos/{key}.tar.gz",
        "GET /todos/{key}.gz",
        "GET /todos/{key}/{other}",
        "GET /todos/{key}/notes",
        "GET /todos/export/{job}",
        "GET /caf%C3%A9",
        "GET /pets/",
        "OPTIONS /pets/",
        "HEAD /pets/",
        "GET /",
    ]
    return Routes(map(operation, lines))


@pytest.mark.parametrize(
    ("sent", "path", "values"),
    [
        ("/", "/", {}),
        ("/todos", "/todos", {}),
        ("/todos/a%2Fb", "/todos/{key}", {"key": "a%2Fb"}),
        ("/todos/a/b", "/todos/{key}/{other}", {"key": "a", "other": "b"}),
        ("/todos/a/notes", "/todos/{key}/notes", {"key": "a"}),
        ("/todos/export/1", "/todos/export/{job}", {"job": "1"}),
        ("/todos/export/notes", "/todos/export/{job}", {"job": "notes"}),
        ("/todos/export", "/todos/export", {}),
        ("/todos/%65xport", "/todos/export", {}),
        ("/todos/a.gz", "/todos/{key}.gz", {"key": "a"}),
        ("/todos/a.tar.gz", "/todos/{key}.tar.gz", {"key": "a"}),
        ("/todos/a.zip", "/todos/{key}", {"key": "a.zip"}),
        ("/caf%c3%a9", "/caf%C3%A9", {}),
        ("/pets/", "/pets/", {}),
    ],
)
def test_the_path_with_the_first_text_written_out_is_found(routes, sent, path, values):
    found = routes.find(sent)
    assert (found.path, found.values) == (path, values)


@pytest.mark.parametrize("sent", ["/nowhere", "/todos/a/b/c", "/Todos", "/pets", "/todos/", "/todos/a/"])
def test_other_paths_are_not(routes, sent):
    assert routes.find(sent) is None


@pytest.mark.parametrize(
    "sent", ["//", "//todos", "/todos//", "/pets//", "/todos/..", "/todos/%", "", "todos"]
)
def test_what_is_no_path_is_not_found(routes, sent):
    with pytest.raises(NotFound):
        routes.find(sent)


def test_a_path_answers_its_methods_and_head_where_it_answers_get(routes):
    found = routes.find("/todos/a")
    assert found.allow == "GET, HEAD, OPTIONS, PATCH"
    assert found.operation("PATCH").call() == "PATCH /todos/{key}"
    assert found.operation("GET") is found.operation("HEAD")


def test_a_head_and_options_of_the_contracts_own_go_first(routes):
    found = routes.find("/pets/")
    assert [found.operation(one).method for one in ("HEAD", "OPTIONS", "GET")] == ["HEAD", "OPTIONS", "GET"]


def test_a_path_written_out_answers_none_of_the_methods_of_the_one_with_placeholders(routes):
    found = routes.find("/todos/export")
    for method in ("GET", "HEAD", "PATCH", "get", "OPTIONS"):
        with pytest.raises(MethodNotAllowed) as caught:
            found.operation(method)
        assert caught.value.headers == {"Allow": "OPTIONS, POST"}
