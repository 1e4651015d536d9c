"""Exports: all of one's todos as lines of JSON, written by a worker."""

from collections.abc import Iterable, Iterator
from typing import Any

from pynamodb.exceptions import DoesNotExist

from libs.api import dump_json
from libs.errors import NotFound
from libs.tasks import Progress, asynctask
from services.todos.models import ExportPart, Todo
from services.todos.resources import TodoResource

PART_BYTES = 300_000
"""With its keys a part stays under the 400 KB that AWS allows an item."""


@asynctask
def write_export(owner: str, export_id: str, resource: TodoResource, progress: Progress) -> dict[str, Any]:
    """Write all todos of `owner`, and return where they can be fetched.

    Run again under the same id, it writes the same parts again. Part 0 comes last: before it, the export
    is not there.
    """
    total, count, parts = Todo.count(owner), 0, 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for todo in Todo.query(owner, consistent_read=True):
            count += 1
            yield dump_json(resource.represent(todo)) + b"\n"

    for parts, text in enumerate(_parts(lines()), start=1):
        ExportPart(export_id, parts, owner=owner, lines=text).save()
        progress.report(count / max(count, total))
    ExportPart(export_id, 0, owner=owner, parts=parts).save()
    return {"href": f"/todos/exports/{export_id}", "count": count}


def read_export(export_id: str, reader: str) -> Iterator[bytes]:
    """Return the text of an export, part by part.

    :param reader: who wants it; only its owner is given it.
    :raises NotFound: if it is not finished, not there, or somebody else's.
    """
    try:
        head = ExportPart.get(export_id, 0, consistent_read=True)
    except DoesNotExist:
        raise NotFound from None
    if head.owner != reader:
        raise NotFound
    rows = ExportPart.query(export_id, ExportPart.part.between(1, max(1, int(head.parts or 0))))
    return (row.lines.encode() for row in rows if row.part <= (head.parts or 0))


def _parts(lines: Iterable[bytes]) -> Iterator[str]:
    part = bytearray()
    for line in lines:
        if part and len(part) + len(line) > PART_BYTES:
            yield part.decode()
            part.clear()
        part += line
    if part:
        yield part.decode()
