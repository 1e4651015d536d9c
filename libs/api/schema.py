"""JSON Schema, compiled once, reporting every fault with a JSON pointer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs

from libs.api.document.building import weight
from libs.api.schema_bundle import FORMATS, HIDDEN, Direction, bundle
from libs.errors import MAX_FAULTS, Fault, pointer

JSON = dict[str, Any]

MAX_CHOICES = 200
"""Named in a fault."""
MAX_TIES = 20
"""Times that two alternatives, equally likely at first sight, are looked into."""
MAX_LOOKED_AT = 1_000_000
"""Values, counted again at each level that is looked into. A body of 1 MB has up to 500,000."""

_TOLD = {
    "falseSchema": "is not allowed",
    "not": "is what it must not be",
    "contains": "holds nothing of what it must hold",
    "propertyNames": "has a name that is not allowed",
}


class Schema:
    """A compiled schema (draft 2020-12, which is what OpenAPI 3.1 uses).

    Formats are checked: those of JSON Schema, and OpenAPI's int32, int64, float, double, byte and decimal.
    Of a schema with a discriminator only the branch counts that the value names.

    :param schema: the schema; its ``$ref`` look into `document`.
    :param direction: ``request`` refuses properties that are `readOnly`, ``answer`` those that are
        `writeOnly`, and neither requires those it refuses (OpenAPI 3.0 section 4.7.24); None takes both.
    :raises ValueError: if it is no valid schema or a ``$ref`` leads nowhere.
    """

    def __init__(
        self,
        schema: Mapping[str, Any] | bool,
        document: Mapping[str, Any],
        direction: Direction | None = None,
    ) -> None:
        self._keywords: dict[str, type[Any]] = {HIDDEN[direction]: _HIDDEN[direction]} if direction else {}
        self._schema, self._wholes = bundle(schema, document, direction)
        self._parts: dict[tuple[str, int | None], jsonschema_rs.Draft202012Validator] = {}
        try:
            self._validator = self._compiled(self._schema)
        except jsonschema_rs.ValidationError as error:
            raise ValueError(f"its schema is not valid: {error.message}") from None
        self._is_valid = self._validator.is_valid

    def _compiled(self, schema: JSON) -> jsonschema_rs.Draft202012Validator:
        # `mask` keeps what was sent (passwords, too) out of the messages.
        return jsonschema_rs.Draft202012Validator(
            schema,
            formats=FORMATS,
            validate_formats=True,
            keywords=self._keywords,
            mask="the value",
            offline=True,
        )

    def faults(self, value: Any) -> list[Fault]:
        """Return what is wrong with `value`, at most `MAX_FAULTS`; an empty list if nothing is."""
        if self._is_valid(value):
            return []
        faults: dict[Fault, None] = {}
        try:
            for fault in _Telling(self).faults(self._validator, value):
                faults[fault] = None
                if len(faults) >= MAX_FAULTS:
                    break
        except ValueError as error:
            # An error carries a copy of its value, and jsonschema_rs copies no more than 255 levels.
            if "Recursion limit" not in str(error):
                raise
            return [Fault("is nested too deeply", pointer="")]
        return list(faults) or [Fault("is not what its schema says", pointer="")]

    def whole(self, name: Any) -> JSON | None:
        """Return what the definition of this name refuses the values of, if it is such (`Bundle.wholes`)."""
        return self._wholes.get(name)

    def part(self, name: str, branch: int | None = None) -> jsonschema_rs.Draft202012Validator:
        """Return the validator of a whole, or of one of its branches."""
        if (name, branch) not in self._parts:
            whole = self._wholes[name]
            schema = whole if branch is None else _branches(whole)[branch]
            self._parts[name, branch] = self._compiled({"allOf": [schema], "$defs": self._schema["$defs"]})
        return self._parts[name, branch]


class _ReadOnly:
    """The keyword `readOnly`, where it is refused."""

    told = "is read-only"

    def __init__(self, parent_schema: JSON, value: Any, schema_path: list[str | int]) -> None:
        self._refuses = value is True

    def validate(self, instance: Any) -> None:
        if self._refuses:
            raise ValueError(self.told)


class _WriteOnly(_ReadOnly):
    """The keyword `writeOnly`, where it is refused."""

    told = "is write-only"


_HIDDEN: Mapping[Direction, type[_ReadOnly]] = {"request": _ReadOnly, "answer": _WriteOnly}


_Steps = tuple[str | int, ...]
_Error = tuple[jsonschema_rs.ValidationError, _Steps]


class _Telling:
    """What is wrong with one value.

    The validator tells all faults at once, and alternatives within alternatives would make that two to the
    power of their depth; so it says of them, and of items, only that they are wrong, and here is looked into
    the likeliest one, fault by fault, until there are enough.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._ties = MAX_TIES
        self._left = MAX_LOOKED_AT

    def faults(self, validator: Any, value: Any) -> Iterator[Fault]:
        for error in _errors(validator, value):
            yield from self._of(error)

    def _of(self, found: _Error) -> Iterator[Fault]:
        error, path = found
        kind: Any = error.kind
        where = pointer(*path)
        if kind.name == "falseSchema" and (whole := self._schema.whole(name := str(error.schema_path[-1]))):
            self._left -= weight(error.instance)
            if self._left < 0:
                yield Fault("is wrong, and holds too much to say where", pointer=where)
            else:
                look = self._alternatives if _branches(whole) else self._entries
                yield from look(name, error.instance, path)
        elif kind.name == "required":
            yield Fault("is required", pointer=pointer(kind.property, below=where))
        elif kind.name in ("additionalProperties", "unevaluatedProperties"):
            for name in kind.unexpected:
                yield Fault("is not a known field", pointer=pointer(name, below=where))
        elif kind.name == "enum":
            # The validator's own message names two of them.
            yield Fault(f"is not one of {_or(_choices(kind.options))}", pointer=where)
        elif kind.name == "type":
            yield Fault(f"is not of type {_or(kind.types)}", pointer=where)
        else:
            told = _TOLD.get(kind.name) or error.message.replace('"', "").removeprefix("the value ")
            yield Fault(told, pointer=where)

    def _entries(self, name: str, held: Any, path: _Steps) -> Iterator[Fault]:
        """Yield what is wrong with the items of a list, or with the members of a map."""
        validator = self._schema.part(name)
        entries = list(held.items() if isinstance(held, dict) else enumerate(held))
        for step, one in _wrong(validator, entries, type(held)):
            for inner, way in _errors(validator, {step: one} if isinstance(held, dict) else [one]):
                yield from self._of((inner, (*path, step, *way[1:])))

    def _alternatives(self, name: str, value: Any, path: _Steps) -> Iterator[Fault]:
        """Yield the faults of the alternative that was most likely meant.

        It is of the value's type, its fixed properties (`const`, `enum`) are those sent, and it has the
        fewest faults. Where two are as likely, nobody can say.
        """
        where = pointer(*path)
        branches = range(len(_branches(self._schema.whole(name))))
        tried = [list(_errors(self._schema.part(name, number), value)) for number in branches]
        if not all(tried):
            yield Fault("fits more than one of its alternatives, and must fit one", pointer=where)
            return
        alike = [errors for errors in tried if not any(_of_another_type(one) for one in errors)]
        if not alike:
            types = [told for errors in tried for one, _ in errors for told in getattr(one.kind, "types", ())]
            yield Fault(f"is not of type {_or(list(dict.fromkeys(types)))}", pointer=where)
            return
        likely = _least(alike, [(_tags(errors), len(errors)) for errors in alike])
        if len(likely) > 1 and self._ties > 0:
            self._ties -= 1
            likely = _least(likely, [self._number(errors) for errors in likely])
        if len(likely) > 1:
            yield Fault(f"fits none of its {len(tried)} alternatives", pointer=where)
            return
        for one, way in likely[0]:
            yield from self._of((one, (*path, *way)))

    def _number(self, errors: list[_Error]) -> int:
        return len(list(islice((fault for one in errors for fault in self._of(one)), MAX_FAULTS)))


def _branches(whole: JSON | None) -> list[Any]:
    return [one for key in ("anyOf", "oneOf") for one in (whole or {}).get(key, ())]


def _least(errors: list[list[_Error]], ranks: Sequence[Any]) -> list[list[_Error]]:
    return [one for one, rank in zip(errors, ranks, strict=True) if rank == min(ranks)]


def _wrong(validator: Any, entries: list[tuple[Any, Any]], kind: type) -> Iterator[tuple[Any, Any]]:
    """Yield the entries that are wrong, without looking at each of the others."""
    if validator.is_valid(dict(entries) if kind is dict else [one for _, one in entries]):
        return
    if len(entries) == 1:
        yield entries[0]
        return
    middle = len(entries) // 2
    yield from _wrong(validator, entries[:middle], kind)
    yield from _wrong(validator, entries[middle:], kind)


def _errors(validator: Any, value: Any) -> Iterator[_Error]:
    """Yield the errors in a value, and the way to each."""
    for error in validator.iter_errors(value):
        # jsonschema_rs (0.60) leaves the name "" out of the way: there may be several.
        ways = list(islice(_ways(value, list(error.instance_path)), MAX_CHOICES))
        if len(ways) > 1:
            ways = [way for way in ways if way[1] == error.instance] or ways
        yield error, (ways[0][0] if ways else tuple(error.instance_path))


def _ways(value: Any, path: Sequence[str | int]) -> Iterator[tuple[_Steps, Any]]:
    """Yield the steps that lead along `path`, with a ``""`` anywhere between, and what they lead to."""
    steps: list[str | int] = []
    held = value
    for number, step in enumerate(path):
        if isinstance(held, dict):
            if "" in held:
                for more, end in _ways(held[""], path[number:]):
                    yield (*steps, "", *more), end
            step = str(step)  # the name "200" is 200 there
        try:
            held = held[step]
        except (LookupError, TypeError):
            return
        steps.append(step)
    yield tuple(steps), held
    while isinstance(held, dict) and "" in held:
        steps.append("")
        held = held[""]
        yield tuple(steps), held


def _of_another_type(found: _Error) -> bool:
    error, way = found
    return error.kind.name == "type" and not way


def _tags(errors: list[_Error]) -> int:
    return sum(error.kind.name in ("const", "enum") and len(way) == 1 for error, way in errors)


def _choices(options: Sequence[Any]) -> list[str]:
    told = [one if isinstance(one, str) else json.dumps(one) for one in options[:MAX_CHOICES]]
    others = len(options) - MAX_CHOICES
    return [*told, f"{others} others"] if others > 0 else told


def _or(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
