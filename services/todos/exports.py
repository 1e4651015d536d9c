"""Exports: all of one's todos as lines of JSON, written by a worker."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pynamodb.exceptions import DoesNotExist
from ulid import ULID

from libs.api import dump_json
from libs.errors import NotFound
from libs.resource import Extent
from libs.tasks import Progress, asynctask
from services.todos.models import ErasedOwner, Export, ExportPart, Todo
from services.todos.resources import TodoResource

PART_BYTES = 300_000
"""With its keys a part stays under the 400 KB that AWS allows an item."""


@asynctask
def write_export(owner: str, export_id: str, resource: TodoResource, progress: Progress) -> dict[str, Any]:
    """Write all todos of `owner`, and return where they can be fetched.

    Each run writes parts of its own, and last the export that names them: before that it is not there, and a
    run that was given up and goes on all the same cannot mix its parts with another's.

    :raises NotFound: if everything of `owner` was erased, before or meanwhile; then nothing is left of it.
    """
    _unless_erased(owner, export_id)
    total, count, parts, text_id = Todo.count(owner), 0, 0, str(ULID())

    def lines() -> Iterator[bytes]:
        nonlocal count
        for todo in resource.store.all_rows(Extent.of({"owner": owner})):
            count += 1
            yield dump_json(resource.answers.represent(todo)) + b"\n"

    for parts, text in enumerate(_parts(lines()), start=1):
        ExportPart(text_id, parts, lines=text).save()
        progress.report(count / max(count, total))
    Export(export_id, owner=owner, text_id=text_id, parts=parts).save()
    # Whoever erases says so before it looks for exports: it has found this one, or it is seen here.
    _unless_erased(owner, export_id)
    return {"href": f"/todos/exports/{export_id}", "count": count}


def _unless_erased(owner: str, export_id: str) -> None:
    if not ErasedOwner.was(owner):
        return
    with suppress(DoesNotExist):
        delete_export(Export.get(export_id, consistent_read=True))
    raise NotFound("Everything of this user was erased.")


def delete_export(export: Export) -> None:
    """Delete an export and its text."""
    keys = ["text_id", "part"]
    for part in ExportPart.query(export.text_id, consistent_read=True, attributes_to_get=keys):
        part.delete()
    export.delete()


def read_export(export_id: str, reader: str) -> Iterator[bytes]:
    """Return the text of an export, part by part.

    :param reader: who wants it; only its owner is given it.
    :raises NotFound: if it is not finished, not there, over its time, or somebody else's.
    """
    try:
        export = Export.get(export_id, consistent_read=True)
    except DoesNotExist:
        raise NotFound from None
    # AWS deletes what is over its time only after days.
    if export.owner != reader or export.expires_at <= datetime.now(UTC):
        raise NotFound
    return _text(export)


def _text(export: Export) -> Iterator[bytes]:
    found = 0
    for row in ExportPart.query(export.text_id, consistent_read=True):
        found += 1
        yield row.lines.encode()
    if found != export.parts:
        # The answer has begun: breaking it off is the only way left to say that it is not whole.
        raise RuntimeError(f"export {export.export_id} has {found} of {export.parts} parts")


def _parts(lines: Iterable[bytes]) -> Iterator[str]:
    part = bytearray()
    for line in lines:
        if part and len(part) + len(line) > PART_BYTES:
            yield part.decode()
            part.clear()
        part += line
    if part:
        yield part.decode()
