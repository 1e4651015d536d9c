"""The OpenAPI operations of a resource: what each action takes and answers."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from libs.api import problem_responses
from libs.dynamodb.cursor import LONGEST_CURSOR
from libs.errors import Conflict, Forbidden, PreconditionFailed, PreconditionRequired, Problem, QueryRefused
from libs.resource.components import shown_name, where_name
from libs.resource.keys import LONGEST_PATH
from libs.resource.query.sorting import MAX_SORT_KEYS
from libs.resource.query.where_schema import operators_told
from libs.resource.schema.json_schema import JSON
from libs.resource.store.aggregate import ORDERS

if TYPE_CHECKING:
    from libs.resource.resource import Action, Resource

F = TypeVar("F", bound=Callable[..., Any])


def describe(**parts: Any) -> Callable[[F], F]:
    """Say more of an action in the document than follows from the resource.

    ::

        @describe(summary="Create a todo, or several", description="…", tags=["planning"])
        def create(self, body, caller): ...

    :param parts: members of the OpenAPI Operation Object; ``responses`` and ``parameters`` are added to.
    """

    def mark(function: F) -> F:
        function.__openapi__ = parts  # type: ignore[attr-defined]
        return function

    return mark


def operation_of(resource: "Resource", action: "Action") -> JSON:
    """Return the Operation Object of an action."""
    made = _ACTIONS[action.name](resource)
    if action.name in resource.public:
        made["security"] = [{}, {"bearer": []}, {"cookie": []}]
    parameters: list[JSON] = []
    if "key" in action.takes:
        parameters += [_key_parameter(name) for name in resource.keys.parameters]
    if "if_match" in action.takes:
        parameters += [
            _header("If-Match", "The ETag of what you have seen; 412 if it is not that any more."),
            _header("If-None-Match", "An ETag; 412 if it is still that."),
        ]
    if action.name == "retrieve":
        parameters += [
            _header("If-Match", "The ETag of what you want; 412 if it is not that any more."),
            _header("If-None-Match", "The ETag of what you have; 304 if it is still that."),
        ]
    method = resource.hooks.handler(action.name) or getattr(resource, action.name)
    said: JSON = getattr(method, "__openapi__", {})
    return {
        "operationId": made.pop("operationId"),
        "tags": [resource.tag or resource.name],
        **made,
        **said,
        "parameters": [*parameters, *made.get("parameters", []), *said.get("parameters", [])],
        "responses": {
            **made["responses"],
            **problem_responses(*_problems(resource, action)),
            **said.get("responses", {}),
        },
    }


def _problems(resource: "Resource", action: "Action") -> list[type[Problem]]:
    """Return what an action may raise beside what follows from its parameters; a hook may raise any other."""
    kinds: list[type[Problem]] = [QueryRefused] if "query" in action.takes else []
    writes = action.method != "get"
    if resource.permissions or (writes and action.name != "delete"):
        kinds.append(Forbidden)  # new values may be out of scope
    if action.name == "create" or (action.name == "delete" and resource.totals):
        kinds.append(Conflict)  # for totals see `KeptTotals.changes`
    if "if_match" in action.takes or action.name == "retrieve":
        kinds.append(PreconditionFailed)
    if "if_match" in action.takes and resource.require_if_match:
        kinds.append(PreconditionRequired)
    return kinds


def _list(resource: "Resource") -> JSON:
    return {
        "operationId": f"list_{resource.singular}s",
        "summary": f"List {resource.singular}s, page by page",
        "parameters": list_parameters(resource),
        "responses": {"200": _answer("A page.", f"{resource.name}Page", ["Link"])},
    }


def _create(resource: "Resource") -> JSON:
    return {
        "operationId": f"create_{resource.singular}",
        "summary": f"Create a {resource.singular}",
        "requestBody": _body(f"New{resource.name}"),
        "responses": {
            "201": _answer(
                "What was created.",
                shown_name(resource, "create"),
                ["Location", "ETag"],
                sure=_is_ours(resource, "create"),
            )
        },
    }


def _retrieve(resource: "Resource") -> JSON:
    return {
        "operationId": f"get_{resource.singular}",
        "summary": f"Read a {resource.singular}",
        "responses": {
            "200": _answer(
                f"The {resource.singular}.",
                shown_name(resource, "retrieve"),
                ["ETag"],
                sure=_is_ours(resource, "retrieve"),
            ),
            "304": {"description": "It is what you have."},
        },
    }


def _update(resource: "Resource") -> JSON:
    return {
        "operationId": f"update_{resource.singular}",
        "summary": f"Change the sent fields of a {resource.singular}",
        "requestBody": _body(f"{resource.name}Changes"),
        "responses": {
            "200": _answer(
                f"The changed {resource.singular}.",
                shown_name(resource, "update"),
                ["ETag"],
                sure=_is_ours(resource, "update"),
            )
        },
    }


def _replace(resource: "Resource") -> JSON:
    return {
        "operationId": f"replace_{resource.singular}",
        "summary": f"Replace all that can be sent of a {resource.singular}",
        "requestBody": _body(f"{resource.name}Replacement"),
        "responses": {
            "200": _answer(
                f"The new {resource.singular}.",
                shown_name(resource, "replace"),
                ["ETag"],
                sure=_is_ours(resource, "replace"),
            )
        },
    }


def _delete(resource: "Resource") -> JSON:
    return {
        "operationId": f"delete_{resource.singular}",
        "summary": f"Delete a {resource.singular}",
        "responses": {"204": {"description": "It is gone."}},
    }


def _group(resource: "Resource") -> JSON:
    field = {"type": "string", "enum": list(resource.groupable)}
    order = {"type": "string", "enum": list(ORDERS)}
    return {
        "operationId": f"group_{resource.singular}s",
        "summary": f"Count {resource.singular}s by the values of a field",
        "parameters": [
            {
                "name": "field",
                "in": "path",
                "required": True,
                "description": "The field whose values are counted.",
                "schema": field,
            },
            *_where_parameters(resource),
            _query(
                resource.parameter_names.sort_by,
                order,
                "By value or by how many have it; - before it for the greatest first.",
            ),
        ],
        "responses": {"200": _answer("The values and how many have them.", f"{resource.name}Groups")},
    }


def _stats(resource: "Resource") -> JSON:
    fields = {"type": "array", "items": {"type": "string", "enum": list(resource.measurable)}, "minItems": 1}
    return {
        "operationId": f"measure_{resource.singular}s",
        "summary": f"Smallest, largest, sum and average of fields of {resource.singular}s",
        "parameters": [
            {
                **_query("fields", fields, "Which fields to measure."),
                "required": True,
                "explode": False,
            },
            *_where_parameters(resource),
        ],
        "responses": {"200": _answer("What each field comes to.", f"{resource.name}Stats")},
    }


def _sample(resource: "Resource") -> JSON:
    return {
        "operationId": f"sample_{resource.singular}s",
        "summary": f"Some {resource.singular}s by chance",
        "parameters": [_limit(resource, resource.parameter_names.limit), *_where_parameters(resource)],
        "responses": {"200": _answer("Some rows.", f"{resource.name}Sample")},
    }


_ACTIONS: Mapping[str, Callable[["Resource"], JSON]] = {
    "list": _list,
    "create": _create,
    "retrieve": _retrieve,
    "update": _update,
    "replace": _replace,
    "delete": _delete,
    "group": _group,
    "stats": _stats,
    "sample": _sample,
}


def list_parameters(resource: "Resource") -> list[JSON]:
    """Return the parameters of a list."""
    names = resource.parameter_names
    cursor = _text("cursor", LONGEST_CURSOR)
    page = {"type": "integer", "minimum": 1, "maximum": resource.most_examined}
    count = {"type": "string", "enum": ["none", "bounded", "exact"], "default": resource.default_count}
    told = f"Whether to count them all: as far as {resource.most_examined} reach, or exactly or not at all."
    sort: list[JSON] = []
    if resource.sortable:
        keys = [f"{sign}{name}" for name in resource.sortable for sign in ("", "-")]
        schema = {
            "type": "array",
            "items": {"type": "string", "enum": keys},
            "minItems": 1,
            "maxItems": MAX_SORT_KEYS,
            "uniqueItems": True,
        }
        sorted_by = _query(names.sort_by, schema, "What to sort by, and then by; - before it for descending.")
        sort.append({**sorted_by, "explode": False, "example": [f"-{resource.sortable[0]}"]})
    return [
        _limit(resource, names.limit),
        _query(names.cursor, cursor, "`next` or `prev` of another page of the same list."),
        _query(names.page, page, "The number of a page, instead of a cursor; only so deep."),
        _limit(resource, names.page_size),
        *_where_parameters(resource),
        *sort,
        _query(names.count, count, told),
    ]


def _where_parameters(resource: "Resource") -> list[JSON]:
    names, found = resource.parameter_names, []
    if resource.queryable:
        grammar = {"$ref": f"#/components/schemas/{where_name(resource)}"}
        operators = operators_told({name: resource.bodies.whole.fields[name] for name in resource.queryable})
        text = f"Which ones: a JSON expression over {', '.join(resource.queryable)}. {operators}"
        schema = {
            **_text("where", 4096),
            "contentMediaType": "application/json",
            "contentSchema": grammar,
        }
        example = orjson.dumps({resource.queryable[0]: {"$exists": True}}).decode()
        found.append({**_query(names.where, schema, text), "example": example})
    if resource.explainable:
        explain = {"type": "boolean", "default": False}
        found.append(_query(names.explain, explain, "Whether to tell how they were found, and at what cost."))
    return found


def _limit(resource: "Resource", name: str) -> JSON:
    limit = {"type": "integer", "minimum": 1, "maximum": resource.largest_limit}
    return _query(name, limit, f"Rows on a page; {resource.default_limit} without it.")


def _query(name: str, schema: JSON, description: str) -> JSON:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _header(name: str, description: str) -> JSON:
    schema = _text("entity-tags", 1024)
    return {"name": name, "in": "header", "description": description, "schema": schema, "example": '"1"'}


def _text(kind: str, longest: int) -> JSON:
    # A `format` of our own says what it is and leaves it to us to say what is wrong with it: of a `pattern` a
    # client is told only that it does not match.
    return {"type": "string", "format": kind, "minLength": 1, "maxLength": longest}


def _key_parameter(name: str) -> JSON:
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_PATH}
    description = "Which one: what the path of a row's own address ends in."
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


def _body(schema: str) -> JSON:
    return {"required": True, "content": _content(schema)}


def _answer(description: str, schema: str, headers: Sequence[str] = (), *, sure: bool = False) -> JSON:
    answer: JSON = {"description": description, "content": _content(schema)}
    if headers:
        answer["headers"] = {name: {"required": sure, "schema": {"type": "string"}} for name in headers}
    return answer


def _is_ours(resource: "Resource", action: str) -> bool:
    """Tell whether an action is ours, with nothing around it: others may answer without our headers."""
    entry = resource.hooks.entry(action)
    return inspect.ismethod(entry) and entry.__module__ == "libs.resource.actions"


def _content(schema: str) -> JSON:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
