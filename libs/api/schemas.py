"""JSON Schema, compiled once, reporting every fault with a JSON pointer."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from libs.errors import Fault

JSON = dict[str, Any]

MAX_FAULTS = 50
"""No client reads more, and a hostile body should not buy a large answer."""


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
        yield Fault("is required", pointer=_pointer([*path, kind.property]))
    elif kind.name in ("additionalProperties", "unevaluatedProperties"):
        for name in kind.unexpected:
            yield Fault("is not a known field", pointer=_pointer([*path, name]))
    else:
        yield Fault(error.message.replace('"', "").removeprefix("the value "), pointer=_pointer(path))


def _pointer(path: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


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
        for step in ref[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(target, Mapping) or step not in target:
                raise ValueError(f"$ref {ref!r} does not lead to a place in this document")
            target = target[step]
        node = target
    return node
