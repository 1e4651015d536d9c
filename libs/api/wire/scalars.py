"""Scalars as text: the value of a text, and the text of a value.

A text has the type its schema says. Where the schema leaves several, by ``type: [integer, string]``, `oneOf`,
`anyOf` or `enum`, the text is read as each of them in this order, and the first that the schema takes is it:
boolean, integer, number, string, null. A number is only read from the text it would be written as where the
schema has strings, too: of ``integer|string``, ``5`` is a number and ``005`` is a string. Null is the
empty text, where that is no string.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from libs.api.document.references import resolve
from libs.api.schema_bundle import MAX_WITHIN
from libs.api.wire.texts import Unwritable

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_BOOLEAN = {"true": True, "false": False}
SCALARS = ("boolean", "integer", "number", "string", "null")
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (type(None), "null"),
    (list, "array"),
    (dict, "object"),
)
_ALL = frozenset(name for _, name in _TYPES)


def types_of(schema: Any, document: Mapping[str, Any]) -> frozenset[str]:
    """Return the JSON types a schema leaves; ``{string}`` where it says nothing of them.

    :raises ValueError: if a ``$ref`` leads nowhere, or schemas lie too deep within each other.
    """
    found = _types(schema, document, {}, 0)
    if found == _ALL:
        return frozenset({"string"})
    return found - {"integer"} if "number" in found else found


def _types(
    schema: Any, document: Mapping[str, Any], known: dict[int, frozenset[str]], depth: int
) -> frozenset[str]:
    node = resolve(schema, document)
    if not isinstance(node, Mapping):
        return _ALL
    if id(node) in known:
        return known[id(node)]
    if depth > MAX_WITHIN:
        raise ValueError(f"its schema has more than {MAX_WITHIN} of allOf, anyOf and oneOf within each other")
    known[id(node)] = found = _ALL  # where it leads back to itself
    if "type" in node:
        kinds = frozenset(node["type"] if isinstance(node["type"], list) else [node["type"]])
        found &= kinds | {"integer"} if "number" in kinds else kinds
    elif "properties" in node or "items" in node:
        found &= {"object" if "properties" in node else "array"}
    if node.get("enum") or "const" in node:  # an empty enum takes nothing, of whatever type
        found &= frozenset(_type_of(value) for value in node.get("enum", [node.get("const")]))
    for part in node.get("allOf", ()):
        found &= _types(part, document, known, depth + 1)
    for key in ("oneOf", "anyOf"):
        if key in node:
            each = (_types(part, document, known, depth + 1) for part in node[key])
            found &= frozenset[str]().union(*each)
    known[id(node)] = found
    return found


def _type_of(value: Any) -> str:
    return next(name for kind, name in _TYPES if isinstance(value, kind))


@dataclass(frozen=True)
class Scalar:
    """How values of one schema are text.

    :param types: what they may be, all of `SCALARS`.
    :param takes: tells whether the schema takes a value; asked only where there are several types.
    """

    types: frozenset[str]
    takes: Callable[[Any], bool]

    def read(self, text: str) -> Any:
        """Return the value of `text`; the text itself where it is of none of the types."""
        if len(self.types) == 1:
            (kind,) = self.types
            return next(_values(text, kind), text)
        found = list(self._candidates(text))
        return next((value for value in found if self.takes(value)), found[0] if found else text)

    def write(self, value: Any) -> str:
        """Return the text of `value`.

        :raises Unwritable: if it has none, or its text would be read as another value.
        """
        text = scalar_text(value)
        if len(self.types) > 1 and ((found := self.read(text)) != value or type(found) is not type(value)):
            raise Unwritable("would be read as another value")
        return text

    def _candidates(self, text: str) -> Iterator[Any]:
        for kind in SCALARS:
            for value in _values(text, kind) if kind in self.types else ():
                if "string" not in self.types or kind == "null" or scalar_text(value) == text:
                    yield value


def _values(text: str, kind: str) -> Iterator[Any]:
    """Yield the value of `text` as a `kind`, if it has one."""
    if kind == "string":
        yield text
    elif kind == "boolean" and text in _BOOLEAN:
        yield _BOOLEAN[text]
    elif kind == "integer" and _INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**64:
        yield int(text)
    elif kind == "number" and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        yield float(text)
    elif kind == "null" and not text:
        yield None


def scalar_text(value: Any) -> str:
    """Return the text of a scalar, as JSON has it; that of a string is itself, and that of null is empty.

    :raises Unwritable: if it is no scalar.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and math.isfinite(value):
        return repr(value)
    if value is None:
        return ""
    raise Unwritable("has no text form")
