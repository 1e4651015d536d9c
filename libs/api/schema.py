"""JSON Schema, compiled once, reporting every fault with a JSON pointer."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from libs.api.schema_bundle import FORMATS, HIDDEN, Direction, bundle
from libs.errors import MAX_FAULTS, Fault, pointer

JSON = dict[str, Any]

MOST_CHOICES = 200
"""Named in a fault."""

_TOLD = {
    "falseSchema": "is not allowed",
    "not": "is what it must not be",
    "contains": "holds nothing of what it must hold",
    "propertyNames": "has a field of a name that is not allowed",
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
        keywords: dict[str, type[Any]] = {HIDDEN[direction]: _HIDDEN[direction]} if direction else {}
        # `mask` keeps what was sent (passwords, too) out of the messages.
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                bundle(schema, document, direction),
                formats=FORMATS,
                validate_formats=True,
                keywords=keywords,
                mask="the value",
                offline=True,
            )
        except jsonschema_rs.ValidationError as error:
            raise ValueError(f"its schema is not valid: {error.message}") from None
        self._is_valid = self._validator.is_valid

    def faults(self, value: Any) -> list[Fault]:
        """Return what is wrong with `value`, at most `MAX_FAULTS`; an empty list if nothing is."""
        if self._is_valid(value):
            return []
        faults: dict[Fault, None] = {}
        try:
            for error in self._validator.iter_errors(value):
                faults.update(dict.fromkeys(_faults_of(error)))
                if len(faults) >= MAX_FAULTS:
                    break
        except ValueError as error:
            # An error carries a copy of its value, and jsonschema_rs copies no more than 255 levels.
            if "Recursion limit" not in str(error):
                raise
            return [Fault("is nested too deeply", pointer="")]
        return list(faults)[:MAX_FAULTS]


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


def _faults_of(error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    kind: Any = error.kind
    path = list(error.instance_path)
    if kind.name == "required":
        yield Fault("is required", pointer=pointer(*path, kind.property))
    elif kind.name in ("additionalProperties", "unevaluatedProperties"):
        for name in kind.unexpected:
            yield Fault("is not a known field", pointer=pointer(*path, name))
    elif kind.name == "enum":
        # The validator's own message names two of them.
        yield Fault(f"is not one of {_or(_choices(kind.options))}", pointer=pointer(*path))
    elif kind.name == "type":
        yield Fault(f"is not of type {_or(kind.types)}", pointer=pointer(*path))
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.OneOfMultipleValid):
        yield Fault("fits more than one of its alternatives, and must fit one", pointer=pointer(*path))
    elif kind.name in ("anyOf", "oneOf"):
        yield from _nearest(kind.context, path)
    else:
        told = _TOLD.get(kind.name) or error.message.replace('"', "").removeprefix("the value ")
        yield Fault(told, pointer=pointer(*path))


def _nearest(context: list[list[jsonschema_rs.ValidationError]], path: list[str | int]) -> Iterable[Fault]:
    """Return the faults of the alternative that was most likely meant.

    It is of the value's type, its fixed properties (`const`, `enum`) are those sent, and it has the fewest
    faults. Where two are as likely, nobody can say.
    """
    alike = [errors for errors in context if not any(_of_another_type(one, path) for one in errors)]
    if not alike:
        types = [name for errors in context for one in errors for name in getattr(one.kind, "types", ())]
        return [Fault(f"is not of type {_or(list(dict.fromkeys(types)))}", pointer=pointer(*path))]
    ranked = sorted(((_tags(errors, path), len(errors)), number) for number, errors in enumerate(alike))
    if len(ranked) > 1 and ranked[0][0] == ranked[1][0]:
        return [Fault(f"fits none of its {len(context)} alternatives", pointer=pointer(*path))]
    return [fault for one in alike[ranked[0][1]] for fault in _faults_of(one)]


def _of_another_type(error: jsonschema_rs.ValidationError, path: list[str | int]) -> bool:
    return error.kind.name == "type" and list(error.instance_path) == path


def _tags(errors: list[jsonschema_rs.ValidationError], path: list[str | int]) -> int:
    return sum(
        one.kind.name in ("const", "enum") and len(one.instance_path) == len(path) + 1 for one in errors
    )


def _choices(options: Sequence[Any]) -> list[str]:
    told = [one if isinstance(one, str) else json.dumps(one) for one in options[:MOST_CHOICES]]
    others = len(options) - MOST_CHOICES
    return [*told, f"{others} others"] if others > 0 else told


def _or(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
