"""The grammar of the where language as JSON Schema (draft 2020-12, which is OpenAPI 3.1's).

What it cannot say is left to the parser (`where`): how deep an expression nests, how many comparisons it has,
and that ``$between`` has the lower end first.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from marshmallow import fields

from libs.resource.query.operators import MAX_OPERANDS, OPERATORS, Operator

JSON = dict[str, Any]

_VALUES: Mapping[type, tuple[str, JSON]] = {
    str: ("Text", {"type": "string"}),
    float: ("Number", {"type": "number"}),
    bool: ("Boolean", {"type": "boolean"}),
    datetime: ("Time", {"type": "string", "format": "date-time"}),
}
_OPERATORS = (
    "Operators: `$eq` (a plain value means it), `$ne`, `$in`, `$nin`, `$exists`; of what has an order `$lt`, "
    "`$lte`, `$gt`, `$gte`, `$between`; of text `$startswith`, `$contains`, `$icontains`, `$like`, `$ilike`; "
    "of lists `$contains`. `$and`, `$or` and `$not` go around them, also under a field."
)
_NULL: JSON = {"type": "null"}


def operators_told(queryable: Mapping[str, fields.Field[Any]]) -> str:
    """Return the operators for people to read, with those that only some fields have."""
    fields_with: dict[tuple[str, ...], list[str]] = {}
    for name, field in queryable.items():
        if own := tuple(getattr(field, "where_operators", ())):
            fields_with.setdefault(own, []).append(name)
    told = (
        f"Of {', '.join(names)}: {', '.join(f'`{one}`' for one in own)}."
        for own, names in fields_with.items()
    )
    return " ".join((_OPERATORS, *told))


def where_schemas(
    name: str,
    queryable: Mapping[str, fields.Field[Any]],
    kinds: Mapping[str, type],
    members: Mapping[str, type],
) -> JSON:
    """Return the component schemas of an expression: it is `name`, and names that begin so are its parts.

    A field with operators of its own (`WhereParser`) may describe their operands by ``where_schemas``.

    :param queryable: the fields that may be asked for.
    :param kinds: the kinds of their values.
    :param members: the kinds of the members of those that are collections.
    """
    # All but the outermost expression must have a condition in it.
    part = {"allOf": [_ref(name), {"minProperties": 1}]}
    properties: JSON = {"$and": _list_of(part), "$or": _list_of(part), "$not": part}
    made: JSON = {name: {
        "type": "object",
        "description": "All of it must hold. A plain value under a field is what the field must be.",
        "additionalProperties": False,
        "properties": properties,
    }}  # fmt: skip
    for field, of in queryable.items():
        kind = kinds[field]
        told, value = _VALUES.get(members.get(field, kind), ("", {}))
        if hasattr(of, "where_operators"):
            told = type(of).__name__.removesuffix("Field")
        component = f"{name}{told}{'s' * (kind is list)}"
        for number in count(2):
            under = _under_field(component, of, kind, value)
            if all(made.get(one, schema) == schema for one, schema in under.items()):
                break
            component = f"{component.rstrip('0123456789')}{number}"  # another kind has that name
        made.update(under)
        properties[field] = _ref(component)
    return made


def _under_field(component: str, field: fields.Field[Any], kind: type, value: JSON) -> JSON:
    """Return the schema of what may stand under a field, and those of the operands of its own operators."""
    same = _ref(component)
    own: Mapping[str, Operator] = getattr(field, "where_operators", {})
    described, operands = _shared(component, getattr(field, "where_schemas", {}))
    properties: JSON = {
        "$and": _list_of(same),
        "$or": _list_of(same),
        "$not": same,
        "$exists": {"type": "boolean"},
        "$eq": _NULL,
        "$ne": _NULL,
    }
    for name, operator in {**OPERATORS, **own}.items():
        if kind in operator.kinds:
            operand = described.get(name) or _operand(operator, value)
            properties[name] = {"anyOf": [operand, _NULL]} if name in ("$eq", "$ne") else operand
    conditions = {
        "type": "object", "additionalProperties": False, "minProperties": 1, "properties": properties,
    }  # fmt: skip
    plain = [value] if kind in OPERATORS["$eq"].kinds else []
    nothing = {**_NULL, "description": "There is no value."}
    return {component: {"anyOf": [*plain, nothing, conditions]}, **operands}


def _shared(component: str, described: Mapping[str, JSON]) -> tuple[JSON, JSON]:
    """Return the schemas of operators as references, and by name what they refer to: each once."""
    first: list[JSON] = []
    for schema in described.values():
        if schema not in first:
            first.append(schema)
    names = [f"{component}Operand{number or ''}" for number in range(len(first))]
    references = {name: _ref(names[first.index(schema)]) for name, schema in described.items()}
    return references, dict(zip(names, first, strict=True))


def _operand(operator: Operator, value: JSON) -> JSON:
    if operator.operands == "many":
        return {"type": "array", "items": value, "maxItems": MAX_OPERANDS}
    if operator.operands == "two":
        told = "The lower end, and the higher one; both are in."
        return {"type": "array", "items": value, "minItems": 2, "maxItems": 2, "description": told}
    return value


def _list_of(item: JSON) -> JSON:
    return {"type": "array", "items": item, "minItems": 1}


def _ref(name: str) -> JSON:
    return {"$ref": f"#/components/schemas/{name}"}
