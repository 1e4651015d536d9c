"""Parameters: text on the wire, values in the handler."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.api.schemas import JSON, Schema, resolve
from libs.errors import Fault

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")
_BOOLEAN = {"true": True, "false": False}
SCALARS = ("string", "integer", "number", "boolean")
_STYLES = {"path": "simple", "query": "form", "header": "simple"}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of an operation.

    :param location: ``path``, ``query`` or ``header``.
    :param kind: the type of its value.
    :param item_kind: the type of an array's items.
    :param comma_list: whether an array is sent as one text, ``a,b`` (``explode: false``), and not as one text
        for each item.
    """

    name: str
    location: str
    required: bool
    kind: str
    item_kind: str | None
    comma_list: bool
    default: Any
    schema: Schema

    @classmethod
    def from_document(cls, node: Mapping[str, Any], document: Mapping[str, Any]) -> "Parameter":
        """Read a Parameter Object.

        :raises ValueError: if it is in a place or of a shape that this library does not serve.
        """
        name, location = node["name"], node["in"]
        if location not in ("path", "query", "header"):
            raise ValueError(f"parameter {name!r} is in {location!r}; path, query and header are served")
        if node.get("style", _STYLES[location]) != _STYLES[location]:
            raise ValueError(f"parameter {name!r} has a style that is not served: {node['style']!r}")
        schema: JSON = resolve(node["schema"], document)
        kind = _kind(schema)
        item_kind = _kind(resolve(schema.get("items", {}), document)) if kind == "array" else None
        if kind not in SCALARS and (location != "query" or item_kind not in SCALARS):
            raise ValueError(f"parameter {name!r} is of type {kind!r}, which has no text form here")
        required = bool(node.get("required", False))
        compiled = Schema(node["schema"], document)
        listed = kind == "array" and is_comma_list(node)
        return cls(name, location, required, kind, item_kind, listed, schema.get("default"), compiled)

    @property
    def argument(self) -> str:
        """The name of the handler's argument."""
        return argument_name(self.name, self.location)

    def read(self, texts: Sequence[str]) -> tuple[Any, list[Fault]]:
        """Return the value of the texts sent under this name, and what is wrong with it.

        Header lines of one name are one value, joined by commas (RFC 9110 section 5.3). A comma separates the
        items of a comma list even where it came as ``%2C``, as most clients send it.
        """
        if self.location == "header" and len(texts) > 1:
            texts = [", ".join(texts)]
        if not texts:
            if self.required:
                return None, [Fault("is required", parameter=self.name)]
            return list(self.default) if isinstance(self.default, list) else self.default, []
        if self.kind == "array" and not self.comma_list:
            value: Any = [_convert(text, self.item_kind) for text in texts]
        elif len(texts) > 1:
            return None, [Fault("was sent more than once", parameter=self.name)]
        elif self.kind == "array":
            value = [_convert(text, self.item_kind) for text in texts[0].split(",") if texts[0]]
        else:
            value = _convert(texts[0], self.kind)
        faults = self.schema.faults(value)
        return value, [Fault(fault.detail, parameter=self.name) for fault in faults]


def is_comma_list(node: Mapping[str, Any]) -> bool:
    """Tell whether the items of this Parameter Object, should it be an array, are sent as one text."""
    return node["in"] == "query" and node.get("explode", True) is False


def _kind(schema: JSON) -> Any:
    kind = schema.get("type", "string")
    return next((k for k in kind if k != "null"), "string") if isinstance(kind, list) else kind


def _convert(text: str, kind: str | None) -> Any:
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean":
        return _BOOLEAN.get(text, text)
    return text


def argument_name(name: str, location: str) -> str:
    """Return the argument a parameter is in Python: the header ``If-Match`` becomes ``if_match``."""
    return name.lower().replace("-", "_") if location == "header" else name
