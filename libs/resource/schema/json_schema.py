"""From marshmallow fields to JSON Schema (draft 2020-12, which is OpenAPI 3.1's).

What is taken has all limits that can be said; what is shown has none of them, as rows stored before a limit
was tightened are still shown.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from libs.dynamodb.limits import LARGEST_NUMBER
from libs.resource.schema import fields as ours
from libs.resource.schema.pattern import ecma_pattern

JSON = dict[str, Any]

_LIMITS = frozenset({
    "const", "enum", "exclusiveMaximum", "exclusiveMinimum", "maxItems", "maxLength", "maxProperties",
    "maximum", "minItems", "minLength", "minProperties", "minimum", "multipleOf", "not", "pattern",
    "propertyNames", "uniqueItems",
})  # fmt: skip
_OTHERS = frozenset({
    "$comment", "$ref", "additionalProperties", "allOf", "anyOf", "contentEncoding", "contentMediaType",
    "deprecated", "description", "discriminator", "else", "examples", "externalDocs", "format", "if", "items",
    "oneOf", "patternProperties", "prefixItems", "properties", "required", "then", "title", "type",
    "xml",
})  # fmt: skip
_ANYTHING_BUT_NULL = ["string", "number", "boolean", "object", "array"]
_TYPES: Mapping[type, str] = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
    type(None): "null",
}  # fmt: skip


def keys_of(schema: Schema) -> dict[str, str]:
    """Return what each field of a schema is called in JSON."""
    return {name: name if one.data_key is None else one.data_key for name, one in schema.fields.items()}


def object_schema(schema: Schema, *, shown: bool = False, _within: tuple[type, ...] = ()) -> JSON:
    """Return the JSON schema of the objects `schema` takes, or of those it shows."""
    given = schema.dump_fields if shown else schema.load_fields
    keys = keys_of(schema)
    known = {keys[name]: one for name, one in given.items()}
    within = (*_within, type(schema))
    made: JSON = {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: field_schema(one, shown=shown, _within=within) for key, one in known.items()},
    }
    if schema.unknown != RAISE and not shown:
        del made["additionalProperties"]
    required = [key for key, one in known.items() if shown or (one.required and not schema.partial)]
    return {**made, "required": required} if required else made


def field_schema(field: fields.Field[Any], *, shown: bool = False, _within: tuple[type, ...] = ()) -> JSON:
    """Return the JSON schema of what a field takes, or of what it shows.

    Its ``metadata`` adds to it and comes first: every keyword of OpenAPI's, ``example``, and ``x-…``.
    """
    make = next(_SCHEMAS[one] for one in type(field).__mro__ if one in _SCHEMAS)
    made = make(field, shown, _within)
    if not shown:
        for validator in _validators(field.validators):
            _limit(made, validator)
    for key, value in field.metadata.items():
        if key == "example":
            made["examples"] = [value]
        elif key in _OTHERS or key.startswith("x-") or (key in _LIMITS and not shown):
            made[key] = value
    if field.allow_none:
        made = _or_null(made)
    return {**made, "readOnly": True} if shown and field.dump_only else made


def _or_null(schema: JSON) -> JSON:
    kinds = schema.get("type")
    if "const" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if kinds is None and "enum" in schema:
        return {**schema, "enum": _with_null(schema["enum"])}
    if kinds is None:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]} if "anyOf" in schema else schema
    made = {**schema, "type": list(dict.fromkeys([*([kinds] if isinstance(kinds, str) else kinds), "null"]))}
    if "enum" in schema:
        made["enum"] = _with_null(schema["enum"])
    return made if made["type"] != ["null"] else schema


def _with_null(values: list[Any]) -> list[Any]:
    return values if None in values else [*values, None]


def _validators(given: Any) -> Iterator[Any]:
    for one in given:
        yield from _validators(one.validators) if isinstance(one, validate.And) else (one,)


def _limit(schema: JSON, validator: Any) -> None:
    """Add what a validator says; a function says nothing here."""
    kinds = schema.get("type", ())
    if isinstance(validator, validate.Range):
        if "number" in kinds or "integer" in kinds:
            _bound(schema, "inimum", validator.min, inclusive=validator.min_inclusive, pick=max)
            _bound(schema, "aximum", validator.max, inclusive=validator.max_inclusive, pick=min)
    elif isinstance(validator, validate.Length):
        unit = "Items" if "array" in kinds else "Properties" if "object" in kinds else "Length"
        least = validator.min if validator.equal is None else validator.equal
        most = validator.max if validator.equal is None else validator.equal
        if least is not None:
            schema[f"min{unit}"] = max(least, schema.get(f"min{unit}", 0))
        if most is not None:
            schema[f"max{unit}"] = min(most, schema.get(f"max{unit}", most))
    elif isinstance(validator, validate.ContainsOnly):
        if isinstance(schema.get("items"), dict):
            schema["items"] = {**schema["items"], "enum": list(validator.choices)}
    elif isinstance(validator, validate.OneOf):
        schema["enum"] = list(validator.choices)
    elif isinstance(validator, validate.NoneOf):
        schema["not"] = {"enum": list(validator.iterable)}
    elif isinstance(validator, validate.Equal):
        schema["const"] = validator.comparable
    elif isinstance(validator, validate.Regexp) and "string" in kinds:
        pattern = ecma_pattern(validator.regex) if isinstance(validator.regex.pattern, str) else None
        if pattern is not None:
            schema["pattern"] = pattern


def _bound(schema: JSON, limit: str, value: Any, *, inclusive: bool, pick: Callable[[Any, Any], Any]) -> None:
    if not isinstance(value, int | float | Decimal):
        return  # of times and the like JSON Schema has no bounds
    number = int(value) if value == int(value) else float(value)
    name = f"m{limit}" if inclusive else f"exclusiveM{limit}"
    schema[name] = pick(number, schema.get(name, number))


def _plain(**schema: Any) -> "_Make":
    return lambda field, shown, within: dict(schema)


def _text(field: ours.Text, shown: bool, within: Any) -> JSON:
    key = {} if shown or not field.key_bytes else {"minLength": 1, "maxLength": field.key_bytes}
    return {"type": "string", **key}


def _binary(field: ours.Binary, shown: bool, within: Any) -> JSON:
    made: JSON = {"type": "string", "contentEncoding": "base64"}
    if shown:
        return made
    return {**made, "pattern": ours.BASE64, **({"minLength": 1} if field.key_bytes else {})}


def _number(field: Any, shown: bool, within: Any) -> JSON:
    return {"type": "number", **({} if shown else {"minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER})}


def _decimal(field: fields.Decimal, shown: bool, within: Any) -> JSON:
    if not field.as_string:
        return {"type": "number"}
    pattern = {} if shown else {"pattern": r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"}
    return {"type": "string", **pattern}


def _as_string(kind: str) -> "_Make":
    return lambda field, shown, within: {"type": "string" if shown and field.as_string else kind}


def _datetime(field: fields.DateTime, shown: bool, within: Any) -> JSON:
    if field.format in ("timestamp", "timestamp_ms"):
        return {"type": "number"}
    is_rfc3339 = field.format in (None, "iso", "iso8601") and not isinstance(field, fields.NaiveDateTime)
    return {"type": "string", **({"format": "date-time"} if is_rfc3339 else {})}


def _url(field: fields.URL, shown: bool, within: Any) -> JSON:
    return {"type": "string", "format": "uri-reference" if field.relative else "uri"}


def _enum(field: fields.Enum[Any], shown: bool, within: Any) -> JSON:
    members: list[Any] = list(field.enum)  # type: ignore[call-overload]
    if field.by_value:
        values = [field.field._serialize(one.value, None, None) for one in members]
    else:
        values = [one.name for one in members]
    kinds = list(dict.fromkeys(_TYPES[type(one)] for one in values if type(one) in _TYPES))
    return {**({"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}), "enum": values}


def _constant(field: fields.Constant[Any], shown: bool, within: Any) -> JSON:
    return {"const": field.constant}


def _list(field: fields.List[Any], shown: bool, within: Any) -> JSON:
    return {"type": "array", "items": field_schema(field.inner, shown=shown, _within=within)}


def _members(field: ours.Members, shown: bool, within: Any) -> JSON:
    made = _list(field, shown, within)
    if shown:
        return {**made, "uniqueItems": True}
    return made if field.allow_none else {**made, "minItems": 1}


def _tuple(field: fields.Tuple, shown: bool, within: Any) -> JSON:
    items = [field_schema(one, shown=shown, _within=within) for one in field.tuple_fields]
    number = len(items)
    return {"type": "array", "prefixItems": items, "items": False, "minItems": number, "maxItems": number}


def _mapping(field: fields.Mapping[Any], shown: bool, within: Any) -> JSON:
    made: JSON = {"type": "object"}
    if field.key_field is not None:
        made["propertyNames"] = field_schema(field.key_field, shown=shown, _within=within)
    if field.value_field is not None:
        made["additionalProperties"] = field_schema(field.value_field, shown=shown, _within=within)
    return made


def _nested(field: fields.Nested, shown: bool, within: tuple[type, ...]) -> JSON:
    # A schema within itself ends in any object.
    deeper = type(field.schema) not in within
    made = object_schema(field.schema, shown=shown, _within=within) if deeper else {"type": "object"}
    if field.unknown is not None and not shown:
        made = {**made, "additionalProperties": field.unknown != RAISE}
    return {"type": "array", "items": made} if field.many else made


def _pluck(field: fields.Pluck, shown: bool, within: Any) -> JSON:
    made = field_schema(field.schema.fields[field.field_name], shown=shown, _within=within)
    return {"type": "array", "items": made} if field.many else made


def _map(field: ours.Map, shown: bool, within: Any) -> JSON:
    made = object_schema(field.schema, shown=shown, _within=within)
    return made if field.rest is None else {**made, "additionalProperties": True}


def _free_map(field: Any, shown: bool, within: Any) -> JSON:
    return {"type": "object", **({} if shown else {"propertyNames": {"minLength": 1}})}


_Make = Callable[[Any, bool, Any], JSON]

_SCHEMAS: Mapping[type, _Make] = {
    ours.Text: _text,
    ours.Binary: _binary,
    ours.Number: _number,
    ours.Null: _plain(type="null"),
    ours.Free: _plain(type=_ANYTHING_BUT_NULL),
    ours.FreeList: _plain(type="array"),
    ours.FreeMap: _free_map,
    ours.Members: _members,
    ours.Map: _map,
    fields.Field: _plain(),
    fields.String: _plain(type="string"),
    fields.UUID: _plain(type="string", format="uuid"),
    fields.Email: _plain(type="string", format="email"),
    fields.URL: _url,
    fields.IP: _plain(type="string", anyOf=[{"format": "ipv4"}, {"format": "ipv6"}]),
    fields.IPv4: _plain(type="string", format="ipv4"),
    fields.IPv6: _plain(type="string", format="ipv6"),
    fields.IPInterface: _plain(type="string"),
    fields.Boolean: _plain(type="boolean"),
    fields.Integer: _as_string("integer"),
    fields.Float: _as_string("number"),
    fields.Decimal: _decimal,
    fields.Number: _as_string("number"),
    fields.DateTime: _datetime,
    fields.Date: _plain(type="string", format="date"),
    fields.Time: _plain(type="string"),
    fields.TimeDelta: _plain(type="number"),
    fields.Enum: _enum,
    fields.Constant: _constant,
    fields.List: _list,
    fields.Tuple: _tuple,
    fields.Mapping: _mapping,
    fields.Nested: _nested,
    fields.Pluck: _pluck,
}
