"""What a client may send: the schema of each body, and what is made of it before it is written."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from marshmallow import Schema, ValidationError
from marshmallow.exceptions import SCHEMA

from libs.errors import Fault, InvalidBody, pointer
from libs.resource.configuration import about
from libs.resource.schema.from_model import schema_class
from libs.resource.schema.json_schema import keys_of
from libs.resource.schema.parser import CompiledParser, compile_parser
from libs.resource.schema.selection import readable_writable
from libs.resource.storable import UnfitValues
from libs.resource.store.row import Row

if TYPE_CHECKING:
    from libs.resource.configuration import Configuration
    from libs.resource.query.layout import Layout

TAKING = ("create", "update", "replace")
"""The actions that take a body."""


class Bodies:
    """The bodies of one resource.

    :raises TypeError: for settings that name what the model does not have.
    """

    def __init__(self, resource: "Configuration", layout: "Layout") -> None:
        model, hidden = resource.model, set(resource.scope.fixes)
        with about(resource, "model"):
            for former in ("form_rw", "rest_rw"):
                # Left aside, it would open what it was to close.
                if hasattr(model, former):
                    raise TypeError(f"{model.__name__}.{former} is called fields_rw here")
        with about(resource, "rest_rw"):
            allowed = readable_writable(model, resource.rest_rw)
        unwritable = {name for name, (_, writable) in allowed.items() if not writable}
        unreadable = {name for name, (readable, _) in allowed.items() if not readable}
        stamped = set(filter(None, (resource.created, resource.updated)))
        read_only = {*resource.read_only, *unwritable, *stamped} - hidden
        self.whole_class = schema_class(model, hidden=hidden, read_only=read_only, declared=resource.fields)
        # DynamoDB changes no keys: what creates a row may choose its key, what changes one may not.
        keys = set(layout.table.key) - hidden
        declared = {name: one for name, one in resource.fields.items() if name not in keys}
        self.changes_class = schema_class(model, hidden=hidden, read_only=read_only | keys, declared=declared)
        self.whole = self.whole_class()
        self._schemas: dict[str, Schema] = {
            "create": self.whole_class(),
            "update": self.changes_class(partial=True),
            "replace": self.changes_class(),
        }
        for schema in (self._schemas["create"], self._schemas["replace"]):
            for name in set(resource.required).intersection(schema.fields):
                schema.fields[name].required = True
        secret = unreadable.union(resource.write_only)
        self.readable = tuple(name for name in self.whole.fields if name not in secret)
        self._defaults = {
            name: attribute.default_for_new if attribute.default is None else attribute.default
            for name, attribute in model.get_attributes().items()
        }
        self.parsers: dict[str, CompiledParser] = {}
        for action, schema in self._schemas.items():
            kind = resource.parsers.get(action, resource.parser)
            if kind is None:
                continue
            with about(resource, "parsers" if action in resource.parsers else "parser"):
                parser = compile_parser(kind, schema, model)
                if action != "create" and (set_keys := sorted(keys & set(parser.methods))):
                    raise TypeError(f"{kind.__name__} sets {', '.join(set_keys)}, a key, on {action}")
            for name, one in schema.fields.items():
                # What the parser sets, or does not take, nobody has to send.
                one.required = one.required and name in parser.names and name not in parser.methods
            self.parsers[action] = parser
        self._never_null = {name for name, one in model.get_attributes().items() if not one.null}

    def taken(self, action: str) -> tuple[str, ...]:
        """Return the fields a client may send with ``create``, ``update`` or ``replace``."""
        if action in self.parsers:
            return self.parsers[action].names
        return tuple(name for name, one in self._schemas[action].fields.items() if not one.dump_only)

    def schema(self, action: str) -> Schema:
        """Return the schema of the body of ``create``, ``update`` or ``replace``."""
        return self._schemas[action]

    def needs_item(self, action: str) -> bool:
        """Tell whether the parser of an action asks for the row as it is stored."""
        return action in self.parsers and self.parsers[action].needs_item

    def load(self, action: str, sent: Mapping[str, Any], row: Row | None = None) -> dict[str, Any]:
        """Return the attributes in a body.

        In a replacement each attribute that a client may send and did not has its default, or None.

        :raises InvalidBody: with every fault.
        """
        parser = self.parsers.get(action)
        if parser is not None:
            sent = parser.unwrap(sent)
            if unknown := sorted(set(sent) - {parser.keys[name] for name in parser.names}):
                faults = [Fault("Unknown field.", pointer(one, below=parser.pointer)) for one in unknown]
                raise InvalidBody(errors=faults)
        try:
            values = dict(self._schemas[action].load(sent))
        except ValidationError as error:
            below = parser.pointer if parser else ""
            raise InvalidBody(errors=list(_faults(error.messages_dict, below))) from None
        if action == "replace":
            values = {**{name: self._default(name) for name in self.taken(action)}, **values}
        if parser is not None:
            values = parser.parse(values, row.model() if row is not None and parser.needs_item else None)
        return values

    def check_nulls(self, action: str, values: Mapping[str, Any]) -> None:
        """Check that what is to be written has a value wherever the model says so.

        A declared field may take null, or be left out, where its attribute may not.

        :raises InvalidBody: with every fault.
        """
        missing = [
            name
            for name in self.taken(action)
            if name in self._never_null
            and values.get(name) is None
            and (name in values or (action == "create" and self._defaults[name] is None))
        ]
        if missing:
            raise InvalidBody(
                errors=[Fault("May not be null.", self._pointer(action, name)) for name in missing]
            )

    @contextmanager
    def located(self, action: str) -> Iterator[None]:
        """Let faults of attributes that are raised in the with-block point to their fields in the body.

        :raises InvalidBody: in the place of `UnfitValues`.
        """
        try:
            yield
        except UnfitValues as unfit:
            faults = [Fault(told, self._pointer(action, name)) for name, told in unfit.faults.items()]
            raise InvalidBody(errors=faults) from None

    def _pointer(self, action: str, name: str) -> str:
        """Return where the field of an attribute is in a body."""
        parser, keys = self.parsers.get(action), keys_of(self._schemas[action])
        return pointer(keys.get(name, name), below=parser.pointer if parser else "")

    def _default(self, name: str) -> Any:
        default = self._defaults[name]
        return default() if callable(default) else default


def _faults(messages: Mapping[Any, Any], below: str) -> Iterator[Fault]:
    for name, found in messages.items():
        at = below if name == SCHEMA else pointer(name, below=below)
        if isinstance(found, Mapping):
            yield from _faults(found, at)
        else:
            yield from (Fault(text, pointer=at) for text in found)
