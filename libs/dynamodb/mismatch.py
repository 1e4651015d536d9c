"""Whether a table that is there is what its model takes it for: its keys, and its indexes.

Else a model that was changed after its table was made would be found out by requests, one after the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pynamodb.models import Model

_MOVE = "move its data to a new table, or remove it."
_ADVICE = {
    "local": f"DynamoDB adds and changes no local index of a table that is there: {_MOVE}",
    "global": "A global index can be added, or removed and added anew (UpdateTable).",
}


class TableMismatch(Exception):
    """A table is missing, or has other keys or indexes than its model, from before the model was changed."""


def check_table(model: type[Model], described: Mapping[str, Any]) -> None:
    """Check that a table has the keys of its model, and all its indexes.

    Indexes the model does not have are no fault: a global one is added before the code that asks it is
    deployed, and removed after. One that is still being filled is missing: nobody can ask it yet.

    :param described: the table, as ``DescribeTable`` tells of it.
    :raises TableMismatch: with everything that differs, and what can be done about it.
    """
    expected: Mapping[str, Any] = model._get_schema()
    name = model.Meta.table_name
    wanted, found = _keys(expected["key_schema"], expected), _keys(described["KeySchema"], described)
    if found != wanted:
        raise TableMismatch(
            f"table {name} has the keys {found}, its model {wanted}. DynamoDB changes no keys: {_MOVE}"
        )
    told: list[str] = []
    advice: list[str] = []
    for kind, what_to_do in _ADVICE.items():
        faults = list(
            _differences(
                _indexes(described.get(f"{kind.title()}SecondaryIndexes", ()), described),
                _indexes(expected.get(f"{kind}_secondary_indexes", ()), expected),
                kind,
            )
        )
        told += faults
        advice += [what_to_do] if faults else []
    if told:
        raise TableMismatch(f"table {name} is not as its model: it has {', '.join(told)}. {' '.join(advice)}")


@dataclass(frozen=True)
class _Index:
    keys: str
    projection: str
    status: str = field(default="ACTIVE", compare=False)

    def __str__(self) -> str:
        return f"{self.keys}: {self.projection}"


def _differences(found: Mapping[str, _Index], wanted: Mapping[str, _Index], kind: str) -> Iterator[str]:
    for name, index in sorted(wanted.items()):
        if name not in found:
            yield f"no {kind} index {name} ({index})"
        elif found[name].status == "CREATING":
            yield f"the {kind} index {name} only in part, as DynamoDB is still filling it"
        elif found[name] != index:
            yield f"the {kind} index {name} ({found[name]}) and not ({index})"


def _indexes(stored: Sequence[Mapping[str, Any]], table: Mapping[str, Any]) -> dict[str, _Index]:
    """Return the indexes by name; of PynamoDB's members, lower case, or of AWS's."""
    return {
        one.get("index_name") or one["IndexName"]: _Index(
            _keys(one.get("key_schema") or one["KeySchema"], table),
            _projection(one.get("projection") or one["Projection"]),
            one.get("IndexStatus", "ACTIVE"),
        )
        for one in stored
    }


def _projection(projection: Mapping[str, Any]) -> str:
    names = ", ".join(sorted(projection.get("NonKeyAttributes", ())))
    return f"{projection['ProjectionType']} {names}".rstrip()


def _keys(schema: Sequence[Mapping[str, Any]], table: Mapping[str, Any]) -> str:
    """Return keys as text: ``owner S, id S``, the hash key first."""
    definitions = table.get("attribute_definitions") or table["AttributeDefinitions"]
    types = {one["AttributeName"]: one["AttributeType"] for one in definitions}
    names = [one["AttributeName"] for one in sorted(schema, key=lambda one: one["KeyType"])]
    return ", ".join(f"{name} {types[name]}" for name in names)
