"""One parameter: text on the wire, a value in the handler, and back."""

import copy
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.api.document.references import resolve
from libs.api.schema import Schema
from libs.api.wire.declared_styles import SERVED, declared_style
from libs.api.wire.json_text import plain
from libs.api.wire.scalars import Scalar, types_of
from libs.api.wire.styles import ABSENT, OneText, Style
from libs.api.wire.texts import (
    Sent,
    Unreadable,
    Unwritable,
)
from libs.errors import Fault

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A name of a header or a cookie (RFC 9110 section 5.6.2)."""


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of an operation.

    :param location: ``path``, ``query``, ``header`` or ``cookie``.
    :param argument: the name of the handler's argument.
    :param node: its schema in the document.
    :param empty: whether it may be sent without a value (`allowEmptyValue`): it is None then, or an empty
        text.
    :param nested: whether a JSON pointer says more of a fault in it than its name.
    """

    name: str
    location: str
    argument: str
    required: bool
    default: Any
    node: Any
    schema: Schema
    style: Style
    empty: bool = False
    nested: bool = False

    @classmethod
    def from_document(cls, node: Mapping[str, Any], document: Mapping[str, Any]) -> "Parameter":
        """Read a Parameter Object.

        :raises ValueError: if it is in a place, of a shape or of a style that has no text form.
        """
        name, location = node["name"], node["in"]
        if location not in SERVED:
            raise ValueError(f"parameter {name!r} is in {location!r}; {', '.join(SERVED)} are served")
        try:
            schema, style = declared_style(node, document)
            compiled = Schema(schema, document, "request")
            default = resolve(schema, document)
            default = default.get("default") if isinstance(default, Mapping) else None
            if default is not None and compiled.faults(default):
                raise ValueError("has a default that its schema refuses")
            argument = argument_name(name, location)
            if location in ("header", "cookie") and not all(map(_TOKEN.fullmatch, (name, *style.names))):
                raise ValueError(f"has a name that no {location} can have")
        except ValueError as error:
            raise ValueError(f"parameter {name!r} {error}") from None
        required = bool(node.get("required", False))
        nested = "content" in node or bool({"object", "array"} & types_of(schema, document))
        empty = location == "query" and bool(node.get("allowEmptyValue", False))
        return cls(name, location, argument, required, default, schema, compiled, style, empty, nested)

    def read(self, sent: Sent) -> tuple[Any, list[Fault]]:
        """Return the value of what was sent, and what is wrong with it.

        :param sent: the encoded texts by name: of the query, the cookies or the path's placeholders, or the
            lines of the headers.
        """
        try:
            value = self.style.read(sent)
        except Unreadable as error:
            return None, [Fault(str(error), parameter=self.name)]
        if value is ABSENT:
            if self.required:
                return None, [Fault("is required", parameter=self.name)]
            return copy.deepcopy(self.default), []
        faults = self.schema.faults(value)
        if not faults:
            return value, []
        if value == "" and self.empty:
            return None, []
        if (again := self._with_encoded_commas(sent)) is not None:
            return again, []
        return value, [self._fault(fault) for fault in faults]

    def _with_encoded_commas(self, sent: Sent) -> Any:
        """Return the value where ``%2C`` is read as a comma between items, if the schema takes that one.

        So most clients send a list: they encode all of a value. Only where a schema takes no list with
        ``a,b`` in it, such as one of numbers or of an `enum`, it can be told what they mean.
        """
        style = self.style
        if self.location != "query" or not isinstance(style, OneText) or isinstance(style.shape, Scalar):
            return None
        text = sent[self.name][0]
        if style.between != "," or "%2c" not in text.lower():
            return None
        try:
            value = style.value(re.sub("%2[Cc]", ",", text))
        except Unreadable:
            return None
        return None if self.schema.faults(value) else value

    def _fault(self, fault: Fault) -> Fault:
        return Fault(fault.detail, (fault.pointer or None) if self.nested else None, self.name)

    def write(self, value: Any) -> list[tuple[str, str]]:
        """Return what is sent for `value`: names and encoded texts.

        :raises ValueError: if its schema or its style refuses it; without the value.
        """
        try:
            data = plain(value)
        except TypeError as error:
            raise ValueError(f"{self.argument}: {error}") from None
        if faults := self.schema.faults(data):
            told = "; ".join(f"{fault.pointer} {fault.detail}".strip() for fault in faults)
            raise ValueError(f"{self.argument}: {told}")
        try:
            pairs = self.style.write(data)
        except Unwritable as error:
            raise ValueError(f"{self.argument}: {error}") from None
        if self.location == "cookie" and not all(_TOKEN.fullmatch(name) for name, _ in pairs):
            raise ValueError(f"{self.argument}: holds a name that no cookie can have")
        return pairs


def argument_name(name: str, location: str) -> str:
    """Return the argument a parameter is in Python.

    Headers are in lower case; what a name may not hold becomes an underscore; a keyword gets one at
    its end: ``If-Match`` is ``if_match``, ``page-size`` is ``page_size``, ``filter[a]`` is ``filter_a`` and
    ``class`` is ``class_``.

    :raises ValueError: if nothing is left of it.
    """
    text = name.lower() if location == "header" else name
    made = re.sub(r"\W+", "_", re.sub(r"^\W+|\W+$", "", text))
    if made[:1].isdigit():
        made = "_" + made
    if not made.isidentifier():
        raise ValueError("has no letter that a name in Python could have")
    return made + "_" if keyword.iskeyword(made) else made
