"""The todos service."""

from dataclasses import dataclass

from libs.resource import CursorSigner, Total
from libs.service import Secret, Service, Settings, setting, strong_secret
from services.todos.exports import write_export
from services.todos.models import ErasedOwner, Export, ExportPart, Todo
from services.todos.resources import TodoResource


@dataclass(frozen=True, kw_only=True)
class TodosSettings(Settings):
    """What todos needs to know beside `Settings`."""

    cursor_secret: Secret = setting(
        validate=strong_secret,
        help="The same for all processes: signs the cursors of pages. At least 32 random bytes: "
        "`openssl rand -base64 48`.",
    )


def provide(settings: TodosSettings) -> list[object]:
    """Make what handlers and tasks ask for."""
    return [TodoResource(CursorSigner(settings.cursor_secret.reveal()))]


service = Service(
    "todos",
    settings=TodosSettings,
    models=[Todo, Export, ExportPart, ErasedOwner, Total],
    tasks=[write_export],
    provide=provide,
)
