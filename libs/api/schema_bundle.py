"""A schema of a document as one that stands alone, and says in JSON Schema what OpenAPI says beside it.

What it refers to is taken along. Added are: the branch a discriminator names, the ranges of number formats,
base64, and, for one direction, that a request holds no `readOnly` and an answer no `writeOnly` property.
"""

import binascii
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import unquote

from libs.api.discriminator import SCHEMAS, branches
from libs.api.document.references import at, resolve

JSON = dict[str, Any]
Direction = Literal["request", "answer"]

_SINGLE = {"additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems", "contains"}
_SINGLE |= {"propertyNames", "not", "if", "then", "else"}
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_MAPS = {"properties", "patternProperties", "dependentSchemas"}
_LEFT_OUT = {
    "$defs",
    "$ref",
    "discriminator",
    "default",
    "example",
    "examples",
    "description",
    "title",
    "xml",
}
_LEFT_OUT |= {"externalDocs", "contentSchema", "readOnly", "writeOnly", "deprecated", "$comment"}
_SAME_OBJECT = {"allOf", "anyOf", "oneOf"}
"""Where a `required` is about the same object."""

HIDDEN: Mapping[Direction, str] = {"request": "readOnly", "answer": "writeOnly"}
RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "float": (-3.4028234663852886e38, 3.4028234663852886e38),
    "double": (-1.7976931348623157e308, 1.7976931348623157e308),
}
"""What a number of an OpenAPI format may be (format registry; JSON Schema's formats are about texts)."""

_DECIMAL = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?")


def is_base64(text: str) -> bool:
    """Tell whether `text` is base64 with its padding (RFC 4648 section 4)."""
    try:
        binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except (ValueError, binascii.Error):
        return False
    return True


def is_base64url(text: str) -> bool:
    """Tell whether `text` is base64 in the alphabet for URLs, padded or not (RFC 4648 section 5)."""
    if {"+", "/"} & set(text):
        return False
    padded = text if text.endswith("=") else text + "=" * (-len(text) % 4)
    return is_base64(padded.replace("-", "+").replace("_", "/"))


FORMATS = {
    "byte": is_base64,
    "base64": is_base64,
    "base64url": is_base64url,
    "decimal": lambda text: _DECIMAL.fullmatch(text) is not None,
}


def bundle(schema: Any, document: Mapping[str, Any], direction: Direction | None) -> JSON:
    """Return `schema` with everything it refers to.

    :raises ValueError: if a ``$ref`` leads nowhere, or a discriminator names none of its branches.
    """
    work = _Bundle(document, direction)
    return {"allOf": [work.schema(schema)], "$defs": work.definitions}


class _Bundle:
    def __init__(self, document: Mapping[str, Any], direction: Direction | None) -> None:
        self.definitions: JSON = {}
        self._document = document
        self._flag = HIDDEN[direction] if direction else None
        self._names: dict[tuple[str, bool, frozenset[str]], str] = {}

    def schema(
        self, node: Any, *, hidden: frozenset[str] = frozenset(), child: bool = False, base: bool = False
    ) -> Any:
        """Return a schema.

        :param hidden: the properties of the same object that this direction does not have.
        :param child: whether the schemas in `allOf` are its parents: not any of their children is meant.
        :param base: whether it is meant itself, and none of its children.
        """
        if not isinstance(node, Mapping):
            return node
        hidden |= self._hidden(node, [])
        made: JSON = {}
        for key, value in node.items():
            if key in _SINGLE:
                made[key] = self.schema(value)
            elif key in _LISTS and isinstance(value, list):
                same = hidden if key in _SAME_OBJECT else frozenset[str]()
                parents = child and key == "allOf"
                made[key] = [self._part(one, same, base=parents) for one in value]
            elif key in _MAPS and isinstance(value, Mapping):
                made[key] = {name: self.schema(one) for name, one in value.items()}
            elif key == "required" and isinstance(value, list):
                made[key] = [name for name in value if name not in hidden]
            elif key not in _LEFT_OUT and not key.startswith("x-"):
                made[key] = value
        more = [*self._formats(node), *self._hiding(node)]
        if "$ref" in node:
            more.append(self._reference(node["$ref"], hidden, base=base))
        if not base and "discriminator" in node:
            more.extend(self._discriminated(node, made))
        return {**made, "allOf": [*made.get("allOf", ()), *more]} if more else made

    def _part(self, node: Any, hidden: frozenset[str], *, base: bool) -> Any:
        return self.schema(node, hidden=hidden, base=base)

    def _reference(self, ref: Any, hidden: frozenset[str], *, base: bool) -> JSON:
        key = (str(ref), base, hidden)
        if key not in self._names:
            resolve({"$ref": ref}, self._document)  # leads somewhere in the end
            target = at(unquote(ref[1:]), self._document, f"$ref {ref!r}")
            name = self._names[key] = str(len(self._names))
            self.definitions[name] = True
            component = str(ref).startswith(SCHEMAS) and "/" not in str(ref).removeprefix(SCHEMAS)
            self.definitions[name] = self.schema(target, hidden=hidden, child=component, base=base)
        return {"$ref": f"#/$defs/{self._names[key]}"}

    def _hidden(self, node: Mapping[str, Any], seen: list[Any]) -> frozenset[str]:
        """Return the properties of an object, its `allOf` included, that this direction does not have."""
        if self._flag is None or any(node is one for one in seen):
            return frozenset()
        seen.append(node)
        properties = node.get("properties", {})
        found = {
            name
            for name, one in (properties.items() if isinstance(properties, Mapping) else ())
            if self._is_hidden(one)
        }
        for part in [*node.get("allOf", ()), *([{"$ref": node["$ref"]}] if "$ref" in node else ())]:
            resolved = resolve(part, self._document)
            if isinstance(resolved, Mapping):
                found |= self._hidden(resolved, seen)
        return frozenset(found)

    def _is_hidden(self, node: Any) -> bool:
        if not isinstance(node, Mapping):
            return False
        return node.get(self._flag) is True or resolve(node, self._document).get(self._flag) is True

    def _hiding(self, node: Mapping[str, Any]) -> list[JSON]:
        names = [name for name, one in _properties(node) if self._flag and self._is_hidden(one)]
        return [{"properties": {name: {str(self._flag): True} for name in names}}] if names else []

    def _formats(self, node: Mapping[str, Any]) -> list[JSON]:
        added: list[JSON] = []
        if (limits := RANGES.get(str(node.get("format")))) is not None:
            added.append({"minimum": limits[0], "maximum": limits[1]})
        if node.get("contentEncoding") in ("base64", "base64url"):
            added.append({"format": node["contentEncoding"]})
        return added

    def _discriminated(self, node: Mapping[str, Any], made: JSON) -> list[JSON]:
        """Return what lets only the named branch count, and take the choice between them out of `made`."""
        found = branches(node, self._document)
        if found is None:
            return []
        name, named = found
        choice = [*made.pop("oneOf", ()), *made.pop("anyOf", ())]
        own = [*node.get("oneOf", ()), *node.get("anyOf", ())]
        known = {"required": [name], "properties": {name: {"enum": list(named)}}}
        chosen = [
            {
                "if": {"required": [name], "properties": {name: {"const": value}}},
                "then": self.schema(branch),
            }
            for value, branch in named.items()
            if resolve(branch, self._document) is not node
        ]
        objects = {"allOf": [known, *chosen]}
        others = [
            one
            for one, source in zip(choice, own, strict=True)
            if "object" not in _types(resolve(source, self._document))
        ]
        if not own:
            return [objects]
        return [{"if": {"type": "object"}, "then": objects, "else": _any_of(others)}]


def _any_of(others: list[Any]) -> JSON:
    if not others:
        return {"type": "object"}
    return others[0] if len(others) == 1 else {"anyOf": others}


def _types(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type", "object")
    return kind if isinstance(kind, list) else [kind]


def _properties(node: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found = node.get("properties")
    return list(found.items()) if isinstance(found, Mapping) else []
