"""Whether a document is what its standard says: checked against the official meta-schemas."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from libs.api.document.causes import Cause, causes
from libs.api.document.errors import MAX_FAULTS
from libs.api.document.grammar import METHODS, Grammar, Node, parts
from libs.api.document.places import Place, Places
from libs.api.document.wording import no_name, object_name, sentence, unknown_key

_STANDARDS = Path(__file__).parent / "standards"

_SCHEMA_3_1: Node = {
    "$dynamicAnchor": "meta",
    "$ref": "https://json-schema.org/draft/2020-12/schema",
    "properties": {
        "discriminator": {
            "type": "object",
            "required": ["propertyName"],
            "properties": {
                "propertyName": {"type": "string"},
                "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        },
        "xml": {"type": "object"},
        "externalDocs": {"$ref": "#/$defs/external-documentation"},
    },
}
"""A schema of OpenAPI 3.1 (4.8.24): JSON Schema 2020-12, and what OpenAPI adds to it."""
_SCHEMA_KEYS = frozenset((
    "$ref", "$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment",
    "$defs", "definitions", "dependencies", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
    "dependentSchemas", "prefixItems", "items", "contains", "properties", "patternProperties",
    "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "type",
    "const", "enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
    "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains",
    "minContains", "maxProperties", "minProperties", "required", "dependentRequired", "title",
    "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "format",
    "contentEncoding", "contentMediaType", "contentSchema", "discriminator", "xml", "externalDocs",
    "example",
))  # fmt: skip


def structure_faults(document: Node, version: str, grammar: Grammar, places: Places, file: str) -> list[str]:
    """Return what is wrong with the form of a document, one line each: ``file:line: what and why``.

    :param version: 2.0, 3.0 or 3.1.
    """
    checking = _Checking(document, version, places, file)
    faults = set(checking.faults()) | set(checking.invalid_patterns(grammar))
    if version == "3.1":
        faults |= set(checking.unknown_schema_keys(grammar))
    elif version == "3.0":
        faults |= set(checking.unusable_names())
    told = sorted(faults, key=lambda one: (one[0].file, one[0].line, one[1]))
    return [f"{place}: {text}" for place, text in told][:MAX_FAULTS]


@cache
def _standard(version: str) -> tuple[Node, Any]:
    """Return the meta-schema of a version and its validator."""
    standard = orjson.loads((_STANDARDS / f"{version}.json").read_bytes())
    if version == "3.1":
        # The official one leaves schemas to their dialect, which is JSON Schema's and a few keywords more.
        standard["$defs"]["schema"] = _SCHEMA_3_1
    return standard, jsonschema_rs.validator_for(standard, validate_formats=False)


@cache
def _is_regular(pattern: str) -> bool:
    try:
        jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except jsonschema_rs.ValidationError:
        return False
    return True


def _regular_hint(pattern: str) -> str:
    found = [one for one in (r"\A", r"\Z", r"\z") if one in pattern]
    return f"; instead of {found[0]} JSON Schema has ^ and $" if found else ""


class _Checking:
    def __init__(self, document: Node, version: str, places: Places, file: str) -> None:
        self._document = document
        self._standard, self._validator = _standard(version)
        self._places = places
        self._file = file

    def faults(self) -> Iterator[tuple[Place, str]]:
        if self._validator.is_valid(self._document):
            return
        for error in self._validator.iter_errors(self._document):
            for cause in causes(error):
                for way, text in self._told(cause):
                    yield self._place(way), text

    def unknown_schema_keys(self, grammar: Grammar) -> Iterator[tuple[Place, str]]:
        """Yield the keys of schemas that mean nothing: JSON Schema would pass over a misspelt one."""
        for part in parts(self._document, grammar):
            if part.kind == "schema":
                for key in part.node:
                    if key not in _SCHEMA_KEYS and not key.startswith("x-"):
                        place = self._places.of(part.node, key) or Place(self._file, 1)
                        yield place, unknown_key(key, "schema", _SCHEMA_KEYS)

    def invalid_patterns(self, grammar: Grammar) -> Iterator[tuple[Place, str]]:
        """Yield the regular expressions that are none (ECMA 262, as JSON Schema has them)."""
        for part in parts(self._document, grammar):
            if part.kind not in ("schema", "parameter", "header", "items"):
                continue
            held = part.node.get("patternProperties") if part.kind == "schema" else None
            named = [(held, one) for one in held] if isinstance(held, dict) else []
            for node, key in [(part.node, "pattern"), *named]:
                pattern = node.get(key) if node is part.node else key
                if isinstance(pattern, str) and not _is_regular(pattern):
                    place = self._places.of(node, key) or Place(self._file, 1)
                    yield place, f"{pattern!r} is no regular expression{_regular_hint(pattern)}"

    def unusable_names(self) -> Iterator[tuple[Place, str]]:
        """Yield the names no component may have (3.0.4, 4.7.7.1): the meta-schema of 3.0 lets them pass."""
        components = self._document.get("components")
        for held in components.values() if isinstance(components, dict) else ():
            for name in held if isinstance(held, dict) else ():
                if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
                    yield self._places.of(held, name) or Place(self._file, 1), no_name(name)

    def _place(self, way: tuple[str | int, ...]) -> Place:
        node: Any = self._document
        place = self._places.of(node) or Place(self._file, 1)
        for step in way:
            holder = node
            # jsonschema_rs gives the key "200" as 200.
            key: Any = str(step) if isinstance(node, dict) else step
            try:
                node = node[key]
            except (LookupError, TypeError):
                break  # jsonschema_rs (0.60) leaves the name "" out of the way
            place = self._places.of(holder, key) or place
        return place

    def _told(self, cause: Cause) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the way to each fault and what is said of it."""
        if cause.name in ("additionalProperties", "unevaluatedProperties"):
            known = self._known(self._at(cause.rule[:-1]))
            if object_name(cause) == "path item":
                known |= set(METHODS)
            for key in cause.details["unexpected"]:
                # A fault further in makes JSON Schema call the keys around it unevaluated.
                if key not in known:
                    yield (*cause.way, key), unknown_key(key, object_name(cause), known)
        elif cause.name != "required" or object_name(cause) != "responses":  # unknown ones are told already
            yield cause.way, sentence(cause)

    def _at(self, way: tuple[Any, ...]) -> Any:
        node: Any = self._standard
        for step in way:
            if (isinstance(node, dict) and step in node) or (
                isinstance(node, list) and isinstance(step, int)
            ):
                node = node[step]
            else:
                return {}
        return node

    def _known(self, rule: Any) -> set[str]:
        """Return the keys that `rule` and what it is made of know."""
        if not isinstance(rule, dict):
            return set()
        known = set(rule.get("properties", {}))
        ref = rule.get("$ref")
        if isinstance(ref, str) and ref.startswith("#/"):
            known |= self._known(self._at(tuple(ref[2:].split("/"))))
        nested = [one for key in ("allOf", "oneOf", "anyOf") for one in rule.get(key, [])]
        for one in (*nested, *rule.get("dependentSchemas", {}).values(), rule.get("then"), rule.get("else")):
            known |= self._known(one)
        return known
