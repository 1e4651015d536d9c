"""Schemas of one name in several contracts: do they say the same?"""

import difflib
import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from libs.api.objects.merging import component_name
from libs.api.schema import JSON

_TOLD = frozenset({"description", "title", "example", "examples", "externalDocs", "deprecated", "$comment"})
_NAMED = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_LISTED = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_INNER = frozenset({"items", "not", "if", "then", "else", "contains", "propertyNames", "contentSchema"})
_INNER_OR_NOT = frozenset({"additionalProperties", "unevaluatedProperties", "unevaluatedItems"})


def clashes(documents: Mapping[str, JSON], name: str | None = None) -> list[str]:
    """Return a unified diff for each two schemas of one name in different documents that differ.

    What only tells (description, title, examples) and extensions (x-…) do not count. A ``$ref`` is compared
    by its name, and the schema it leads to under its own; one that is all of a schema is followed.

    :param documents: by the name of the API.
    :param name: look at the schemas of this name only.
    """
    told = []
    for (one, first), (other, second) in combinations(documents.items(), 2):
        here, there = _schemas(first), _schemas(second)
        for shared in sorted(
            here.keys() & there.keys() if name is None else {name} & here.keys() & there.keys()
        ):
            mine, theirs = _lines(here[shared]), _lines(there[shared])
            if mine != theirs:
                names = (f"{one}.{shared}", f"{other}.{shared}")
                told.append("\n".join(difflib.unified_diff(mine, theirs, *names, lineterm="")))
    return told


def essence(schema: Any) -> Any:
    """Return a schema without what only tells."""
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: value for key, value in schema.items() if key not in _TOLD and not key.startswith("x-")}
    for key, value in kept.items():
        if key in _NAMED and isinstance(value, Mapping):
            kept[key] = {name: essence(one) for name, one in value.items()}
        elif key in _LISTED and isinstance(value, list):
            kept[key] = [essence(one) for one in value]
        elif key in _INNER | _INNER_OR_NOT:
            kept[key] = essence(value)
        elif key in ("required", "type", "enum") and isinstance(value, list):
            kept[key] = sorted(value, key=json.dumps)
    return kept


def _schemas(document: JSON) -> JSON:
    found: JSON = document.get("components", {}).get("schemas", {})
    return {name: _followed(name, found) for name in found}


def _followed(name: str, schemas: JSON) -> Any:
    """Return a schema; of one that is but another name, such as for that of another file, the other one."""
    seen = [name]
    while isinstance(node := schemas[name], Mapping) and node.keys() == {"$ref"}:
        name = str(component_name(node))
        if name not in schemas or name in seen:
            return node
        seen.append(name)
    return node


def _lines(schema: Any) -> list[str]:
    return json.dumps(essence(schema), indent=2, sort_keys=True).splitlines()
