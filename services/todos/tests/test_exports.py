"""Exports: what is in them, who is given them, and when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from libs.errors import NotFound
from libs.service import Running
from libs.tasks import Operation, Progress
from services.todos.exports import PART_BYTES, read_export, write_export
from services.todos.models import Export, ExportPart, Todo
from services.todos.resources import TodoResource

ODD = ["\x00\x1f\x7f", "\u2028 \u2029 \x85 \r\n", 'quo"te \\ {}', "é e\u0301", "\U0001f600", "\ufeff\ufffd"]


@pytest.fixture(autouse=True)
def _no_rows_left(running: Running) -> Any:
    yield
    for model in running.database.models:
        with model.batch_write() as batch:
            for row in model.scan():
                batch.delete(row)


@pytest.fixture
def run(running: Running) -> Callable[[str], dict[str, Any]]:
    """Run the operation at a location, as a worker would."""

    def run_it(location: str) -> None:
        assert running.tasks is not None
        running.tasks.run(location.rpartition("/")[2])

    return run_it  # type: ignore[return-value]


@pytest.fixture
def export(exports: Any, run: Callable[[str], None]) -> Callable[[], dict[str, Any]]:
    """Export the todos of ada; return the operation."""

    def finished() -> dict[str, Any]:
        location = exports.start()
        run(location)
        return dict(exports.operation(location))

    return finished


def test_a_started_export_is_a_queued_operation_of_its_owner(
    client: FlaskClient, ada: dict[str, str], eve: dict[str, str]
) -> None:
    answer = client.post("/todos/export", headers=ada)
    assert answer.status_code == 202
    body = answer.get_json()
    assert answer.headers["Location"] == f"/operations/{body['id']}"
    assert (body["status"], body["progress"]) == ("queued", 0)
    assert client.get(answer.headers["Location"], headers=ada).get_json() == body
    assert client.get(answer.headers["Location"], headers=eve).status_code == 404


def test_all_of_ones_todos_and_nobody_elses_are_in_it(
    client: FlaskClient,
    exports: Any,
    export: Callable[[], Any],
    ada: dict[str, str],
    write_todos: Callable[..., None],
) -> None:
    full = {
        "title": "x",
        "tags": ["a", "b"],
        "due_at": "2026-03-01T00:00:00Z",
        "estimate": 5,
        "place": {"type": "Point", "coordinates": [13.4, 52]},
    }
    assert client.post("/todos", json=full, headers=ada).status_code == 201
    write_todos("ada", 3, done=True, notes="n")
    write_todos("eve", 1)
    operation = export()
    assert operation["result"]["count"] == 4
    lines = exports.lines(operation)
    assert lines == client.get("/todos", headers=ada).get_json()["items"]
    assert any(full.items() <= line.items() for line in lines)
    answer = client.get(operation["result"]["href"], headers=ada)
    assert answer.mimetype == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="todos.ndjson"'


def test_every_kind_of_text_comes_back_as_it_was(exports: Any, export: Callable[[], Any]) -> None:
    for text in ODD:
        Todo("ada", title=text, notes=text).save()
    lines = exports.lines(export())
    assert sorted((one["title"], one["notes"]) for one in lines) == sorted((text, text) for text in ODD)


def test_a_large_export_is_stored_in_parts_and_read_as_one(
    exports: Any, export: Callable[[], Any], write_todos: Callable[..., None]
) -> None:
    write_todos("ada", 250, notes="\U0001f600" * 1000)
    operation = export()
    parts = sorted(ExportPart.scan(), key=lambda one: one.part)
    assert [one.part for one in parts] == [1, 2, 3, 4]
    assert [one.parts for one in Export.scan()] == [4]
    assert all(len(one.lines.encode()) <= PART_BYTES for one in parts)
    assert [todo["title"] for todo in exports.lines(operation)] == [f"todo {n}" for n in range(250)]
    assert all(todo["notes"] == "\U0001f600" * 1000 for todo in exports.lines(operation))


def test_an_export_of_nothing_is_empty(
    client: FlaskClient, export: Callable[[], Any], ada: dict[str, str]
) -> None:
    operation = export()
    assert operation["result"]["count"] == 0
    answer = client.get(operation["result"]["href"], headers=ada)
    assert (answer.status_code, answer.get_data()) == (200, b"")


def test_an_export_that_is_not_finished_is_not_there(
    client: FlaskClient, exports: Any, run: Callable[[str], None], ada: dict[str, str]
) -> None:
    location = exports.start()
    operation = Operation.get(location.rpartition("/")[2])
    href = f"/todos/exports/{operation.arguments['export_id']}"
    assert client.get(href, headers=ada).status_code == 404
    run(location)
    assert client.get(href, headers=ada).status_code == 200


def test_an_export_over_its_time_is_not_there(export: Callable[[], Any]) -> None:
    export_id = export()["result"]["href"].rpartition("/")[2]
    row = Export.get(export_id)
    row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    row.save()
    with pytest.raises(NotFound):
        read_export(export_id, "ada")


def test_an_export_with_a_part_missing_breaks_off(
    export: Callable[[], Any], write_todos: Callable[..., None]
) -> None:
    write_todos("ada", 250, notes="\U0001f600" * 1000)
    export_id = export()["result"]["href"].rpartition("/")[2]
    next(iter(ExportPart.scan(ExportPart.part == 2))).delete()
    with pytest.raises(RuntimeError, match="3 of 4 parts"):
        list(read_export(export_id, "ada"))


def test_an_export_is_for_its_owner_only(
    client: FlaskClient, export: Callable[[], Any], eve: dict[str, str]
) -> None:
    href = export()["result"]["href"]
    for path in (href, "/todos/exports/unknown"):
        answer = client.get(path, headers=eve)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "NOT_FOUND")


def test_an_export_written_again_is_what_was_written_last(
    running: Running, write_todos: Callable[..., None]
) -> None:
    resource = running.dependencies.make(TodoResource)
    write_todos("ada", 250, notes="\U0001f600" * 1000)
    write_export(owner="ada", export_id="e1", resource=resource, progress=Progress(None))
    for todo in list(Todo.query("ada"))[1:]:
        todo.delete()
    again = write_export(owner="ada", export_id="e1", resource=resource, progress=Progress(None))
    assert again == {"href": "/todos/exports/e1", "count": 1}
    text = b"".join(read_export("e1", "ada"))
    assert [orjson.loads(line)["title"] for line in text.split(b"\n")[:-1]] == ["todo 0"]


def test_progress_grows_to_one_even_if_todos_are_added_meanwhile(
    running: Running, write_todos: Callable[..., None]
) -> None:
    reported: list[float] = []

    class Spy(Progress):
        def report(self, done: float) -> None:
            if not reported:
                write_todos("ada", 100, notes="\U0001f600" * 1000)
            reported.append(done)

    write_todos("ada", 150, notes="\U0001f600" * 1000)
    resource = running.dependencies.make(TodoResource)
    write_export(owner="ada", export_id="e2", resource=resource, progress=Spy(None))
    assert reported == sorted(reported)
    assert 0 < reported[0] < 1
    assert reported[-1] == 1
