"""Keys and indexes of a table in words: of a template, or as DynamoDB describes it."""

from collections.abc import Iterable, Mapping
from typing import Any


def keys(schema: Iterable[Mapping[str, str]], table: Mapping[str, Any]) -> str:
    """Return keys with their types, the hash key first: ``owner S, id S``.

    :param table: has the types, in ``AttributeDefinitions``.
    """
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    names = [one["AttributeName"] for one in sorted(schema, key=lambda one: one["KeyType"])]
    return ", ".join(f"{name} {types[name]}" for name in names)


def indexes(table: Mapping[str, Any], kind: str) -> dict[str, str]:
    """Return what the indexes of a table are, by name: ``(owner S, branch S: INCLUDE size)``.

    :param kind: ``Local`` or ``Global``.
    """
    return {
        one["IndexName"]: f"({keys(one['KeySchema'], table)}: {_projection(one['Projection'])})"
        for one in table.get(f"{kind}SecondaryIndexes", ())
    }


def _projection(told: Mapping[str, Any]) -> str:
    names = ", ".join(sorted(told.get("NonKeyAttributes", ())))
    return f"{told['ProjectionType']} {names}".rstrip()
