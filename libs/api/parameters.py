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


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of an operation.

    :param location: ``path``, ``query`` or ``header``.
    """

    name: str
    location: str
    required: bool
    kind: str
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
        schema: JSON = resolve(node["schema"], document)
        kind = schema.get("type", "string")
        kind = next((k for k in kind if k != "null"), "string") if isinstance(kind, list) else kind
        if kind not in ("string", "integer", "number", "boolean", "array"):
            raise ValueError(f"parameter {name!r} is of type {kind!r}, which has no text form here")
        required = bool(node.get("required", False))
        return cls(name, location, required, kind, schema.get("default"), Schema(node["schema"], document))

    @property
    def argument(self) -> str:
        """The name of the handler's argument: ``If-Match`` becomes ``if_match``."""
        return self.name.lower().replace("-", "_") if self.location == "header" else self.name

    def read(self, texts: Sequence[str]) -> tuple[Any, list[Fault]]:
        """Return the value of the texts sent under this name, and what is wrong with it."""
        if not texts:
            if self.required:
                return None, [Fault("is required", parameter=self.name)]
            return self.default, []
        if self.kind == "array":
            value: Any = list(texts)
        elif len(texts) > 1:
            return None, [Fault("was sent more than once", parameter=self.name)]
        else:
            value = self._convert(texts[0])
        faults = self.schema.faults(value)
        return value, [Fault(fault.detail, parameter=self.name) for fault in faults]

    def _convert(self, text: str) -> Any:
        if self.kind == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        if self.kind == "number" and _NUMBER.fullmatch(text):
            return float(text)
        if self.kind == "boolean":
            return _BOOLEAN.get(text, text)
        return text
