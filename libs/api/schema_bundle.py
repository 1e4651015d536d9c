"""A schema of a document as one that stands alone, and says in JSON Schema what OpenAPI says beside it.

What it refers to is taken along. Added are: the branch a discriminator names, the ranges of number formats,
base64, and, for one direction, that a request holds no `readOnly` and an answer no `writeOnly` property.

What a value may break in very many ways, alternatives and the items of lists, becomes a yes or a no: whoever
asks for the faults looks into it as far as it is worth (`Bundle.wholes`).
"""

import binascii
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from libs.api.discriminator import SCHEMAS, branches, is_object
from libs.api.document.references import at, resolve

JSON = dict[str, Any]
Direction = Literal["request", "answer"]

_SINGLE = {"additionalProperties", "unevaluatedProperties", "items", "unevaluatedItems", "contains"}
_SINGLE |= {"propertyNames", "not", "if", "then", "else"}
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_MAPS = {"properties", "patternProperties", "dependentSchemas", "dependencies"}
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
_LEFT_OUT |= {"$id", "$schema", "$vocabulary", "definitions"}  # no $ref of a contract is about them
_WHOLE = ("anyOf", "oneOf", "propertyNames")
_NAMED = ("properties", "patternProperties")
_SAME_OBJECT = {"allOf", "anyOf", "oneOf"}
"""Where a `required` is about the same object."""

_IN_PLACE = ("if", "then", "else", "not")
MAX_SCHEMAS = 10_000
"""That one may refer to. Compiling takes the square of it: half a second for these."""
MAX_PARTS = 1000
"""That one object may be made of."""
MAX_WAYS = 100_000
"""In which `allOf`, `anyOf`, `oneOf` and `$ref` lead to schemas of one and the same value: each is tried."""
MAX_WITHIN = 100
"""Of those within each other."""

HIDDEN: Mapping[Direction, str] = {"request": "readOnly", "answer": "writeOnly"}
RANGES = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "float": (-3.4028234663852886e38, 3.4028234663852886e38),
    "double": (-1.7976931348623157e308, 1.7976931348623157e308),
}
"""What a number of an OpenAPI format may be (format registry; JSON Schema's formats are about texts)."""

_DECIMAL = re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?([eE][+-]?[0-9]{1,3})?")

_IN_PYTHON = "date in the years 1 to 9999"
_NOT_IN_PYTHON = re.compile(r"0000|9999-12-31[Tt]23:59:60")
"""What RFC 3339 has and Python has not; a leap second is the second after it."""


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
    _IN_PYTHON: lambda text: _NOT_IN_PYTHON.match(text) is None,
}


class Bundle(NamedTuple):
    """A schema that stands alone.

    :ivar wholes: what is a yes or a no: alternatives, or the schemas of items, by the name of the definition
        that refuses what they refuse.
    """

    schema: JSON
    wholes: dict[str, JSON]


def bundle(schema: Any, document: Mapping[str, Any], direction: Direction | None) -> Bundle:
    """Return `schema` with everything it refers to.

    :raises ValueError: if a ``$ref`` leads nowhere, a discriminator names none of its branches, or checking
        one value would take too much.
    """
    work = _Bundle(document, direction)
    made = {"allOf": [work.schema(schema)], "$defs": work.definitions}
    work.finish()
    _Ways(work.definitions).of(made, 0)
    return Bundle(made, work.wholes)


class _Ways:
    """How many schemas are tried for one value."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._known: dict[str, int] = {}

    def of(self, node: Any, within: int) -> int:
        if not isinstance(node, Mapping):
            return 1
        if within > MAX_WITHIN:
            raise ValueError(
                f"its schema has more than {MAX_WITHIN} of allOf, anyOf, oneOf and $ref within each other"
            )
        parts = [one for key in _SAME_OBJECT for one in node.get(key, ())]
        parts += [node[key] for key in _IN_PLACE if key in node]
        parts += node.get("dependentSchemas", {}).values()
        found = 1 + sum(self.of(one, within + 1) for one in parts) + self._referred(node, within)
        if found > MAX_WAYS:
            raise ValueError(f"its schema has more than {MAX_WAYS:,} to try by allOf, anyOf, oneOf and $ref")
        return found

    def _referred(self, node: Mapping[str, Any], within: int) -> int:
        if "$ref" not in node:
            return 0
        name = node["$ref"].removeprefix("#/$defs/")
        if name not in self._known:
            self._known[name] = 0  # where it leads back to itself
            self._known[name] = self.of(self._definitions[name], within + 1)
        return self._known[name]


class _Bundle:
    def __init__(self, document: Mapping[str, Any], direction: Direction | None) -> None:
        self.definitions: JSON = {}
        self.wholes: dict[str, JSON] = {}
        self._document = document
        self._flag = HIDDEN[direction] if direction else None
        self._names: dict[tuple[str, bool, frozenset[str]], str] = {}
        self._waiting: list[tuple[str, Any, frozenset[str], bool, bool]] = []

    def finish(self) -> None:
        """Make what is referred to."""
        while self._waiting:
            name, target, hidden, child, base = self._waiting.pop()
            self.definitions[name] = self.schema(target, hidden=hidden, child=child, base=base)

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
        hidden |= self._hidden(node)
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
        more.extend(self._whole({key: made.pop(key)}) for key in _WHOLE if key in made)
        if "prefixItems" not in made and isinstance(made.get("items"), Mapping):
            more.append(self._whole({"items": made.pop("items")}))
        if isinstance(made.get("additionalProperties"), Mapping):
            named = {key: dict.fromkeys(made[key], True) for key in _NAMED if key in made}
            more.append(self._whole({**named, "additionalProperties": made.pop("additionalProperties")}))
        return {**made, "allOf": [*made.get("allOf", ()), *more]} if more else made

    def _whole(self, schema: JSON) -> JSON:
        """Return what refuses the values that `schema` does, by one fault."""
        name = f"whole-{len(self.wholes)}"
        self.wholes[name] = schema
        self.definitions[name] = False
        return {"if": schema, "else": {"$ref": f"#/$defs/{name}"}}

    def _part(self, node: Any, hidden: frozenset[str], *, base: bool) -> Any:
        return self.schema(node, hidden=hidden, base=base)

    def _reference(self, ref: Any, hidden: frozenset[str], *, base: bool) -> JSON:
        key = (str(ref), base, hidden)
        if key not in self._names:
            resolve({"$ref": ref}, self._document)  # leads somewhere in the end
            target = at(unquote(ref[1:]), self._document, f"$ref {ref!r}")
            name = self._names[key] = str(len(self._names))
            if len(self._names) > MAX_SCHEMAS:
                raise ValueError(f"its schema refers to more than {MAX_SCHEMAS:,} others")
            component = str(ref).startswith(SCHEMAS) and "/" not in str(ref).removeprefix(SCHEMAS)
            self._waiting.append((name, target, hidden, component, base))
        return {"$ref": f"#/$defs/{self._names[key]}"}

    def _hidden(self, node: Mapping[str, Any]) -> frozenset[str]:
        """Return the properties of an object, its `allOf` included, that this direction does not have."""
        found: set[str] = set()
        seen: dict[int, Any] = {}
        waiting: list[Any] = [node] if self._flag else []
        while waiting:
            one = waiting.pop()
            if not isinstance(one, Mapping) or id(one) in seen:
                continue
            seen[id(one)] = one
            if len(seen) > MAX_PARTS:
                raise ValueError(f"its schema is made of more than {MAX_PARTS:,} others by allOf and $ref")
            found |= {name for name, held in _properties(one) if self._is_hidden(held)}
            parts = [*one.get("allOf", ()), *([{"$ref": one["$ref"]}] if "$ref" in one else ())]
            waiting.extend(resolve(part, self._document) for part in parts)
        return frozenset(found)

    def _is_hidden(self, node: Any) -> bool:
        if not isinstance(node, Mapping):
            return False
        resolved = resolve(node, self._document)
        return any(isinstance(one, Mapping) and one.get(self._flag) is True for one in (node, resolved))

    def _hiding(self, node: Mapping[str, Any]) -> list[JSON]:
        names = [name for name, one in _properties(node) if self._flag and self._is_hidden(one)]
        return [{"properties": {name: {str(self._flag): True} for name in names}}] if names else []

    def _formats(self, node: Mapping[str, Any]) -> list[JSON]:
        added: list[JSON] = []
        if (limits := RANGES.get(str(node.get("format")))) is not None:
            added.append({"minimum": limits[0], "maximum": limits[1]})
        if node.get("contentEncoding") in ("base64", "base64url"):
            added.append({"format": node["contentEncoding"]})
        if node.get("format") in ("date", "date-time"):
            added.append({"format": _IN_PYTHON})
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
            one for one, source in zip(choice, own, strict=True) if not is_object(source, self._document)
        ]
        if not own:
            return [objects]
        return [{"if": {"type": "object"}, "then": objects, "else": self._any_of(others)}]

    def _any_of(self, others: list[Any]) -> Any:
        if not others:
            return {"type": "object"}
        return others[0] if len(others) == 1 else self._whole({"anyOf": others})


def _properties(node: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found = node.get("properties")
    return list(found.items()) if isinstance(found, Mapping) else []
