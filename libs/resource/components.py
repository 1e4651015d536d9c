"""The component schemas of a resource: what is shown, what is taken, what lists and sums look like."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from libs.resource.answers import SHOWING
from libs.resource.schema.json_schema import JSON, keys_of, object_schema

if TYPE_CHECKING:
    from libs.resource.resource import Resource

_TOTAL: JSON = {"type": ["integer", "null"], "minimum": 0}
_CURSOR: JSON = {"type": ["string", "null"]}
_EXACT: JSON = {"type": "boolean", "description": "Whether all rows were looked at, or counted all along."}
_EXAMINED: JSON = {"type": "integer", "minimum": 0, "description": "Rows that were looked at."}


_VARIANTS = {
    "list": "Listed",
    "create": "Created",
    "retrieve": "Retrieved",
    "update": "Updated",
    "replace": "Replaced",
    "sample": "Sampled",
}
"""What the schemas of actions with a serializer of their own are called, behind the resource's name."""


def shown_name(resource: "Resource", action: str) -> str:
    """Return the name of the schema of what an action answers."""
    name = resource.name + (_VARIANTS[action] if action in resource.serializers else "")
    return name if resource.single_envelope is None else f"{name}Envelope"


def where_name(resource: "Resource") -> str:
    """Return the name of the schema of what may be sent as `where`."""
    return f"{resource.name}Where"


def component_schemas(resource: "Resource") -> JSON:
    """Return the component schemas of a resource.

    For ``Todo``: ``Todo`` is what is shown, ``NewTodo`` what creates one, ``TodoChanges`` what changes one,
    ``TodoReplacement`` what takes its place, ``TodoPage`` a page of them; and what group, stats and sample
    answer, where it has these. ``TodoWhere`` is what a list may be asked for.
    """
    name = resource.name
    actions = {action.name for action in resource.served()}
    made: JSON = {}
    # What it looks like where no action has a serializer of its own.
    plain = next((action for action in SHOWING if action not in resource.serializers), "")
    variants = {"": plain, **{action: action for action in resource.serializers}}
    for variant, action in variants.items():
        schema_name = name + _VARIANTS.get(variant, "")
        made[schema_name] = _shown(resource, action)
        if resource.single_envelope is not None and variant not in ("list", "sample"):
            made[f"{schema_name}Envelope"] = _object({resource.single_envelope: _ref(schema_name)})
    for action, schema_name in (
        ("create", f"New{name}"),
        ("update", f"{name}Changes"),
        ("replace", f"{name}Replacement"),
    ):
        if action in actions:
            made[schema_name] = _taken(resource, action)
    if "list" in actions:
        made[f"{name}Page"] = _listed(resource, _ref(_row_name(resource, "list")), _page_meta(resource))
    if "sample" in actions:
        made[f"{name}Sample"] = _listed(resource, _ref(_row_name(resource, "sample")), _meta(resource))
    if "group" in actions:
        value = _object({"value": {}, "count": {"type": "integer", "minimum": 0}})
        made[f"{name}Groups"] = _listed(resource, value, _meta(resource))
    if "stats" in actions:
        made[f"{name}Stats"] = _stats(resource)
    if resource.queryable:
        made.update(resource.where.json_schemas(where_name(resource)))
    return made


def shown_schema(resource: "Resource", action: str) -> JSON:
    """Return the JSON schema of what an action shows of a row, whole."""
    row = _shown(resource, action)
    return row if resource.single_envelope is None else _object({resource.single_envelope: row})


def _shown(resource: "Resource", action: str) -> JSON:
    shown = object_schema(resource.bodies.whole, shown=True)
    serializer = resource.answers.serializers.get(action)
    names = serializer.names if serializer else resource.bodies.readable
    keys = keys_of(resource.bodies.whole)
    properties = {keys[one]: shown["properties"][keys[one]] for one in names}
    return _object({**properties, **serializer.json_schemas()} if serializer else properties)


def _row_name(resource: "Resource", action: str) -> str:
    return shown_name(resource, action).removesuffix("Envelope")


def _taken(resource: "Resource", action: str) -> JSON:
    whole = object_schema(resource.bodies.schema(action))
    keys = keys_of(resource.bodies.schema(action))
    names = [keys[one] for one in resource.bodies.taken(action)]
    properties = {one: whole["properties"][one] for one in names}
    required = [] if action == "update" else [one for one in whole.get("required", []) if one in names]
    schema = _object(properties, required)
    if action == "update":
        schema["minProperties"] = 1
    parser = resource.bodies.parsers.get(action)
    return parser.wrap_schema(schema) if parser else schema


def _listed(resource: "Resource", item: JSON, meta: JSON) -> JSON:
    properties: JSON = {resource.list_envelope: {"type": "array", "items": item}}
    if resource.meta_envelope is not None:
        properties[resource.meta_envelope] = meta
    return _object(properties)


def _page_meta(resource: "Resource") -> JSON:
    properties: JSON = {
        "next": {**_CURSOR, "description": "The `cursor` of the next page; null on the last."},
        "prev": {**_CURSOR, "description": "The `cursor` of the page before; null on the first."},
        "has_more": {"type": "boolean"},
        "examined": _EXAMINED,
        "truncated": {
            "type": "boolean",
            "description": "Whether the page is not full because it took too many rows; `next` goes on.",
        },
        "total": {**_TOTAL, "description": "How many there are in all, if `count` asks for it."},
        "total_exact": {"type": "boolean"},
    }
    required = ["next", "prev", "has_more", "examined", "truncated"]
    return {**_object({**properties, **_explained(resource)}, required), "additionalProperties": True}


def _meta(resource: "Resource") -> JSON:
    properties = {"exact": _EXACT, "examined": _EXAMINED}
    made = _object({**properties, **_explained(resource)}, list(properties))
    return {**made, "additionalProperties": True}


def _explained(resource: "Resource") -> JSON:
    if not resource.explainable:
        return {}
    return {"explain": {"type": "object", "description": "How the rows were found, and at what cost."}}


def _stats(resource: "Resource") -> JSON:
    numbers: Mapping[str, Any] = {one: {} for one in ("min", "max", "sum", "avg")}
    count = {"type": "integer", "minimum": 0, "description": "Rows that have a value."}
    of_field = _object({**numbers, "count": count}, ["min", "max", "count"])
    properties: JSON = {"stats": _object(dict.fromkeys(resource.measurable, of_field), [])}
    if resource.meta_envelope is not None:
        properties[resource.meta_envelope] = _meta(resource)
    return _object(properties)


def _object(properties: JSON, required: list[str] | None = None) -> JSON:
    body: JSON = {"type": "object", "additionalProperties": False, "properties": properties}
    needed = sorted(properties) if required is None else required
    return {**body, "required": needed} if needed else body


def _ref(name: str) -> JSON:
    return {"$ref": f"#/components/schemas/{name}"}
