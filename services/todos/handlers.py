"""The operations of apis/todos.yaml that are not the resource's."""

from ulid import ULID

from libs.api import Result
from libs.jwt import Caller
from libs.tasks import accepted
from services.todos.exports import read_export, write_export


def export_todos(caller: Caller) -> Result:
    """Start an export of all the caller's todos."""
    return accepted(write_export(owner=caller.subject, export_id=str(ULID())))


def get_export(export_id: str, caller: Caller) -> Result:
    """Return a finished export of the caller's.

    :raises NotFound: if it is not finished, not there, or somebody else's.
    """
    headers = {"Content-Disposition": 'attachment; filename="todos.ndjson"'}
    text = read_export(export_id, caller.subject)
    return Result(text, headers=headers, media_type="application/x-ndjson")
