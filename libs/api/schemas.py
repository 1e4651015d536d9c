"""JSON Schema, compiled once, reporting every fault with a JSON pointer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from libs.errors import MAX_FAULTS, Fault, pointer, steps_of

JSON = dict[str, Any]

MOST_CHOICES = 200
"""Named in a fault."""


class Schema:
    """A compiled schema (draft 2020-12, which is what OpenAPI 3.1 uses; formats are checked).

    :param schema: the schema; its ``$ref`` look into `document`.
    :raises ValueError: if it is no valid schema or a ``$ref`` leads nowhere.
    """

    def __init__(self, schema: Mapping[str, Any] | bool, document: Mapping[str, Any]) -> None:
        root = {"allOf": [schema], "components": document.get("components", {})}
        # `mask` keeps what was sent (passwords, too) out of the messages.
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                root, validate_formats=True, mask="the value"
            )
        except jsonschema_rs.ValidationError as error:
            raise ValueError(f"its schema is not valid: {error.message}") from None

    def faults(self, value: Any) -> list[Fault]:
        """Return what is wrong with `value`, at most `MAX_FAULTS`; an empty list if nothing is."""
        if self._validator.is_valid(value):
            return []
        faults: list[Fault] = []
        try:
            for error in self._validator.iter_errors(value):
                faults.extend(_faults_of(error))
                if len(faults) >= MAX_FAULTS:
                    break
        except ValueError as error:
            # An error carries a copy of its value, and jsonschema_rs copies no more than 255 levels.
            if "Recursion limit" not in str(error):
                raise
            return [Fault("is nested too deeply", pointer="")]
        return faults[:MAX_FAULTS]


def _faults_of(error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    kind: Any = error.kind
    path = list(error.instance_path)
    if kind.name == "required":
        yield Fault("is required", pointer=pointer(*path, kind.property))
    elif kind.name in ("additionalProperties", "unevaluatedProperties"):
        for name in kind.unexpected:
            yield Fault("is not a known field", pointer=pointer(*path, name))
    elif kind.name == "enum":
        yield Fault(f"is not one of {_choices(kind.options)}", pointer(*path))
    else:
        yield Fault(error.message.replace('"', "").removeprefix("the value "), pointer(*path))


def _choices(options: Sequence[Any]) -> str:
    # The validator's own message names two of them.
    told = [one if isinstance(one, str) else json.dumps(one) for one in options[:MOST_CHOICES]]
    if len(options) > MOST_CHOICES:
        told.append(f"{len(options) - MOST_CHOICES} others")
    return " or ".join(filter(None, (", ".join(told[:-1]), *told[-1:])))


def resolve(node: Any, document: Mapping[str, Any]) -> Any:
    """Follow the ``$ref`` of `node` inside `document` until there is none.

    :raises ValueError: if one leads nowhere, out of the document, or in a circle.
    """
    seen: set[str] = set()
    while isinstance(node, Mapping) and "$ref" in node:
        ref = node["$ref"]
        if not isinstance(ref, str) or not ref.startswith("#/") or ref in seen:
            raise ValueError(f"$ref {ref!r} does not lead to a place in this document")
        seen.add(ref)
        target: Any = document
        for step in steps_of(ref[1:]):
            if not isinstance(target, Mapping) or step not in target:
                raise ValueError(f"$ref {ref!r} does not lead to a place in this document")
            target = target[step]
        node = target
    return node
