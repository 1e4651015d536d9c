"""What is taken of a body: some of its fields, and what is made of them before they are written.

::

    class TodoParser(Parser):
        exclude = ("done",)
        envelope = "todo"

        @parse_value("title")
        def trimmed(self, value: str) -> str:       # if the title was sent
            return value.strip()

        def slug(self, values: Mapping[str, Any]) -> str:   # always: the attribute "slug"
            return slugify(values.get("title", ""))

        @processor
        def dated(self, values: dict[str, Any], item: Todo | None) -> None:     # last, and in place
            if item is not None and values.get("done"): ...

First the values, then the methods, then the processors; each bases first, then as defined, and a method
replaces the inherited one of its name in its place. They get what the schema has loaded, by the attributes'
names in Python; when a row is changed that is only what was sent. A marshmallow `ValidationError` is a fault
of the field with the error's own text, a `ValueError` one without: its text may be anybody's.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from marshmallow import Schema, ValidationError
from pynamodb.models import Model

from libs.errors import Fault, InvalidBody, pointer
from libs.resource.hooks.events import marked
from libs.resource.schema.json_schema import JSON, keys_of
from libs.resource.schema.selection import Selection, check_takes, public_methods, selected

Function = TypeVar("Function", bound=Callable[..., Any])
_ALL = None
"""In the place of a field's name: the method is for all of them."""


class Parser(Selection):
    """Chooses from the fields that can be written; has no public attributes but options and its methods.

    `envelope` is the one member of the body that holds the fields; None for a body that is the fields.
    """

    envelope: ClassVar[str | None] = None


def parse_value(field: str) -> Callable[[Function], Function]:
    """Let a method of a parser return what is to be taken for the value of a field, where that was sent."""
    if not isinstance(field, str):
        raise TypeError("@parse_value takes the name of a field")

    def decorate(function: Function) -> Function:
        if _ALL in getattr(function, "__parses__", ()):
            raise TypeError(f"{function.__qualname__} cannot be for one value and for all of them")
        function.__parses__ = (*getattr(function, "__parses__", ()), field)  # type: ignore[attr-defined]
        return function

    return decorate


def processor(function: Function) -> Function:
    """Let a method of a parser change the values in place, when all else is done.

    It takes ``values``, and ``item`` if it wants the stored row, which is None for one that is created.
    """
    if getattr(function, "__parses__", ()):
        raise TypeError(f"{function.__qualname__} cannot be for one value and for all of them")
    function.__parses__ = (_ALL,)  # type: ignore[attr-defined]
    return function


@dataclass(frozen=True)
class CompiledParser:
    """A parser that was checked against the fields there are.

    :param names: the fields a client may send, by their names in Python.
    :param keys: the name of each field in a body.
    :param values: fields and their methods, in order.
    :param methods: the method of each attribute that is always set.
    :param processors: what comes last, and whether it takes the item.
    """

    names: tuple[str, ...]
    envelope: str | None
    keys: Mapping[str, str]
    values: tuple[tuple[str, Callable[..., Any]], ...]
    methods: Mapping[str, Callable[..., Any]]
    processors: tuple[tuple[Callable[..., Any], bool], ...]

    @property
    def needs_item(self) -> bool:
        """Whether it takes the stored row as a model object to parse a change of it."""
        return any(takes_item for _, takes_item in self.processors)

    @property
    def pointer(self) -> str:
        """The JSON pointer of what holds the fields; ``""`` for the body itself."""
        return "" if self.envelope is None else pointer(self.envelope)

    def unwrap(self, body: Any) -> Mapping[str, Any]:
        """Return what holds the fields in a body.

        :raises InvalidBody: if it is not there, is no object, or other members are with it.
        """
        inner = body
        if self.envelope is not None and isinstance(body, Mapping):
            faults = [Fault("Unknown field.", pointer(key)) for key in body if key != self.envelope]
            if self.envelope not in body:
                faults.append(Fault("Missing data for required field.", pointer=self.pointer))
            if faults:
                raise InvalidBody(errors=faults)
            inner = body[self.envelope]
        if not isinstance(inner, Mapping):
            raise InvalidBody(errors=[Fault("Not an object.", pointer="" if inner is body else self.pointer)])
        return inner

    def wrap_schema(self, json_schema: JSON) -> JSON:
        """Return the JSON schema of the body from that of what holds the fields."""
        if self.envelope is None:
            return json_schema
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [self.envelope],
            "properties": {self.envelope: json_schema},
        }

    def parse(self, values: dict[str, Any], item: Model | None = None) -> dict[str, Any]:
        """Return what is to be written, in the same dict.

        :param values: what the schema loaded.
        :param item: the row that is changed, where `needs_item`.
        :raises InvalidBody: with the faults of all values, or else of all methods, or else of a processor.
        """
        faults: list[Fault] = []
        for name, method in self.values:
            if name in values:
                self._set(values, name, method, values[name], faults)
        _refuse(faults)
        for name, method in self.methods.items():
            self._set(values, name, method, values, faults)
        _refuse(faults)
        for method, takes_item in self.processors:
            try:
                returned = method(values, item) if takes_item else method(values)
            except (ValueError, ValidationError) as error:
                raise InvalidBody(errors=list(self._faults_of_all(error))) from None
            if returned is not None:
                raise TypeError(f"{method.__qualname__} returned something; a processor changes the values")
        return values

    def _set(
        self, values: dict[str, Any], name: str, method: Callable[..., Any], given: Any, faults: list[Fault]
    ) -> None:
        try:
            values[name] = method(given)
        except (ValueError, ValidationError) as error:
            faults.extend(_faults(_messages(error), self._at(name)))

    def _at(self, name: str) -> str:
        return pointer(self.keys.get(name, name), below=self.pointer)

    def _faults_of_all(self, error: ValueError | ValidationError) -> Iterator[Fault]:
        messages = _messages(error)
        if isinstance(messages, Mapping):
            for name, found in messages.items():
                yield from _faults(found, self.pointer if name == "_schema" else self._at(str(name)))
        else:
            field = getattr(error, "field_name", "_schema")
            yield from _faults(messages, self.pointer if field == "_schema" else self._at(field))


def compile_parser(
    parser: Parser | type[Parser],
    schema: Schema,
    model: type[Model],
) -> CompiledParser:
    """Return a parser made ready for the fields of a schema and the attributes of a model.

    :raises TypeError: for names that are no fields a client could send, methods of what is no attribute,
        misspelt options, and methods that cannot be called.
    """
    made = parser() if isinstance(parser, type) else parser
    kind = type(made).__name__
    if made.envelope is not None and not (isinstance(made.envelope, str) and made.envelope):
        raise TypeError(f"{kind}.envelope must be the name of a member, or None")
    marks = marked(type(made), "__parses__")
    methods = {name: one for name, one in public_methods(made, Parser).items() if name not in marks}
    values: list[tuple[str, Callable[..., Any]]] = []
    processors: list[tuple[Callable[..., Any], bool]] = []
    for name, fields in marks.items():
        method = getattr(made, name)
        if _ALL in fields:
            takes_item = len(inspect.signature(method).parameters) > 1
            check_takes(method, "values", *(["item"] if takes_item else []))
            processors.append((method, takes_item))
        else:
            check_takes(method, "value")
            values.extend((field, method) for field in fields)
    for method in methods.values():
        check_takes(method, "values")
    unknown = sorted({*methods, *(name for name, _ in values)} - set(model.get_attributes()))
    if unknown:
        raise TypeError(f"{kind} parses {', '.join(unknown)}, and {model.__name__} has no such attribute")
    known = [name for name, field in schema.fields.items() if not field.dump_only]
    names = selected(made, known, known)
    return CompiledParser(names, made.envelope, keys_of(schema), tuple(values), methods, tuple(processors))


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise InvalidBody(errors=faults)


def _messages(error: ValueError | ValidationError) -> Any:
    return error.messages if isinstance(error, ValidationError) else ["Invalid value."]


def _faults(messages: Any, at: str) -> Iterator[Fault]:
    if isinstance(messages, Mapping):
        for name, found in messages.items():
            yield from _faults(found, at if name == "_schema" else pointer(name, below=at))
    elif isinstance(messages, (list, tuple)):
        for found in messages:
            yield from _faults(found, at)
    else:
        yield Fault(str(messages), pointer=at)
