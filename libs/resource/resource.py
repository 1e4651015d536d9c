"""A resource: a model, and what may be done with it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from marshmallow import ValidationError
from marshmallow.fields import Field
from pynamodb.models import Model

from libs.api import ApiObject, Contribution
from libs.errors import Fault, InvalidBody
from libs.jwt import Caller
from libs.resource.cursor import CursorSigner
from libs.resource.document import JSON, json_schemas
from libs.resource.permissions import Permission
from libs.resource.schema import schema_class
from libs.resource.scope import Scope
from libs.resource.store import Store
from libs.resource.where import WhereParser

Body = ApiObject | Mapping[str, Any]
"""What a client sent: the contract's object in a request, any mapping in a test."""


@dataclass(frozen=True)
class Action:
    """One operation of a resource.

    :param method: HTTP method, lower case.
    :param on_row: whether it is on one row (``/todos/{key}``) or on all of them (``/todos``).
    :param operation: its OpenAPI Operation Object.
    :param function: what answers it.
    """

    method: str
    on_row: bool
    operation: JSON
    function: Callable[..., Any]


class ModelResource:
    """Serve the rows of a PynamoDB model over HTTP.

    Take the actions you want from `List`, `Create`, `Retrieve`, `Update` and `Delete`::

        class TodoResource(List, Create, Retrieve, Update, Delete, ModelResource):
            model = Todo
            scope = OwnedBy("owner")
            read_only = ("id", "created_at", "updated_at")

    and name the class in the contract: ``x-resource: services.todos.resources.TodoResource``. Each action is
    a method that takes plain arguments, so a test needs no HTTP and a subclass may override it.
    """

    model: ClassVar[type[Model]]
    scope: ClassVar[Scope]
    permissions: ClassVar[tuple[Permission, ...]] = ()
    """What a caller must be allowed by, beside having the token the contract asks for."""
    read_only: ClassVar[tuple[str, ...]] = ()
    """Attributes that are shown and never taken from a client."""
    created: ClassVar[str | None] = None
    """The attribute that is set to the time of creation."""
    updated: ClassVar[str | None] = None
    """The attribute that is set to the time of creation and of each change."""
    fields: ClassVar[Mapping[str, Field[Any]]] = {}
    """marshmallow fields to use instead of those that follow from the model."""
    queryable: ClassVar[tuple[str, ...]] = ()
    """The fields a list may be asked for by ``where``; without any it takes none."""
    most_examined: ClassVar[int] = 1000
    """How many rows one request may look at for those it wants."""
    default_limit: ClassVar[int] = 20
    largest_limit: ClassVar[int] = 100

    def __init__(self, cursors: CursorSigner) -> None:
        self.scope.check(self.model)
        self.name = self.model.__name__
        self.singular = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower()
        self.path = ""
        self.cursors = cursors
        self.store = Store(self.model)
        hidden = self.scope.hidden()
        self.schema = schema_class(
            self.model, hidden=hidden, read_only=self.read_only, declared=self.fields
        )()
        self.where = WhereParser({name: self.schema.fields[name] for name in self.queryable})
        # DynamoDB changes no keys: what creates a row may choose its key, what changes one may not.
        key = self.store.key_name
        self.changes = schema_class(
            self.model,
            hidden=hidden,
            read_only={*self.read_only, key},
            declared={name: one for name, one in self.fields.items() if name != key},
        )(partial=True)

    def actions(self) -> list[Action]:
        """Return what may be done; each action class adds its own."""
        return []

    def contribution(self, path: str) -> Contribution:
        """Return the operations of this resource: the list at `path`, a row one step below it."""
        self.path = path
        paths: dict[str, JSON] = {}
        functions: dict[str, Callable[..., Any]] = {}
        for action in self.actions():
            paths.setdefault(f"{path}/{{key}}" if action.on_row else path, {})[action.method] = (
                action.operation
            )
            functions[action.operation["operationId"]] = action.function
        schemas = json_schemas(self.name, type(self.schema), type(self.changes))
        return Contribution(paths, functions, schemas)

    def admit(self, action: str, caller: Caller) -> str:
        """Return the partition the caller acts in.

        :raises Forbidden: if a permission refuses the action.
        """
        for permission in self.permissions:
            permission.check(action, caller)
        return self.scope.partition(caller)

    def represent(self, item: Model) -> JSON:
        """Return what a client sees of a row."""
        return dict(self.schema.dump(item))

    def stamps(self, *names: str | None) -> JSON:
        """Return the present time under each name that is not None."""
        now = datetime.now(UTC)
        return {name: now for name in names if name}

    def load(self, body: Body, *, partial: bool = False) -> JSON:
        """Return the attributes a client sent.

        :param partial: whether they change a row, so that none is required.
        :raises InvalidBody: with every fault.
        """
        sent = body.to_json() if isinstance(body, ApiObject) else body
        try:
            return dict((self.changes if partial else self.schema).load(sent))
        except ValidationError as error:
            raise InvalidBody(errors=list(_faults(error.messages_dict))) from None


def _faults(messages: Mapping[Any, Any], pointer: str = "") -> Iterator[Fault]:
    for name, found in messages.items():
        at = f"{pointer}/{name}"
        if isinstance(found, Mapping):
            yield from _faults(found, at)
        else:
            yield from (Fault(text, pointer=at) for text in found)
