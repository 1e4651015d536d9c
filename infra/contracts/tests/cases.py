"""Changes to a contract, and what each is to its clients."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

JSON = dict[str, Any]
BREAKS, WARNING, FINE = "breaks", "warning", "fine"

NEW: JSON = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 20, "pattern": "^[a-z]+$"},
        "size": {"type": "integer", "minimum": 1, "maximum": 10},
        "kind": {"type": "string", "enum": ["x", "y"]},
        "when": {"type": "string"},
        "number": {"type": ["number", "null"]},
        "list": {"type": "array", "maxItems": 5, "items": {"type": "integer"}},
        "free": {"type": "object"},
        "one": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        "pick": {"oneOf": [{}], "discriminator": {"propertyName": "a", "mapping": {"x": "#/X", "y": "#/Y"}}},
    },
}
THING: JSON = {
    "allOf": [
        {"type": "object", "required": ["created"], "properties": {"created": {"type": "string"}}},
        {
            "type": "object",
            "required": ["id", "kind"],
            "properties": {
                "id": {"type": "string", "maxLength": 10},
                "kind": {"type": "string", "enum": ["x", "y"]},
                "note": {"type": "string"},
                "size": {"type": ["integer", "null"]},
                "one": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            },
        },
    ]
}


@dataclass(frozen=True)
class Case:
    """A change.

    :param change: changes, or returns, a path item (`path_item`).
    :param reverse: what the same change the other way round is; None if that is another case.
    """

    name: str
    expected: str
    change: Callable[[JSON], JSON | None]
    reverse: str | None = None


def path_item(number: int) -> JSON:
    """Return a path item that has something of everything, with schemas and parameters of its own."""
    content = {"application/json": {"schema": deepcopy(NEW)}, "text/csv": {"schema": {"type": "string"}}}
    shown = {"application/json": {"schema": deepcopy(THING)}, "text/csv": {"schema": {"type": "string"}}}
    return {
        "post": {
            "operationId": f"create_{number}",
            "security": [{"bearer": ["write"]}],
            "parameters": [
                {"name": "dry", "in": "query", "schema": {"type": "boolean", "default": False}},
                {"name": "Mode", "in": "header", "required": True, "schema": {"enum": ["a", "b"]}},
                {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
            ],
            "requestBody": {"required": True, "content": content},
            "responses": {
                "201": {
                    "description": "Made.",
                    "headers": {"Location": {"required": True, "schema": {"type": "string"}}},
                    "content": shown,
                },
                "204": {"description": "Nothing."},
                "404": {"description": "Not there."},
            },
        },
        "get": {
            "operationId": f"get_{number}",
            "responses": {"200": {"description": "Shown.", "content": deepcopy(shown)}},
        },
    }


def body(item: JSON) -> JSON:
    found: JSON = item["post"]["requestBody"]["content"]["application/json"]["schema"]
    return found


def taken(item: JSON) -> JSON:
    found: JSON = body(item)["properties"]
    return found


def shown(item: JSON) -> JSON:
    found: JSON = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]["allOf"][1]
    return found


def told(item: JSON) -> JSON:
    found: JSON = shown(item)["properties"]
    return found


def parameter(item: JSON, number: int) -> JSON:
    found: JSON = item["post"]["parameters"][number]
    return found


def put(find: Callable[[JSON], JSON], **values: Any) -> Callable[[JSON], None]:
    """A change that sets members of what is found."""
    return lambda item: find(item).update(values)


ALL_Y = {"x": "#/Y", "y": "#/Y"}


def discriminator(item: JSON) -> JSON:
    found: JSON = taken(item)["pick"]["discriminator"]
    return found


def media(item: JSON) -> JSON:
    found: JSON = item["post"]["requestBody"]["content"]
    return found


def told_media(item: JSON) -> JSON:
    found: JSON = item["post"]["responses"]["201"]["content"]
    return found


def first_part_gone(item: JSON) -> None:
    del item["get"]["responses"]["200"]["content"]["application/json"]["schema"]["allOf"][0]


def drop(find: Callable[[JSON], JSON], name: str) -> Callable[[JSON], None]:
    """A change that takes a member out of what is found."""
    return lambda item: find(item).pop(name) and None


def field(name: str, **values: Any) -> Callable[[JSON], None]:
    """A change of a property of the request body."""
    return put(lambda item: taken(item)[name], **values)


def answer(name: str, **values: Any) -> Callable[[JSON], None]:
    """A change of a property of the answer."""
    return put(lambda item: told(item)[name], **values)


def post(item: JSON) -> JSON:
    found: JSON = item["post"]
    return found


def created(item: JSON) -> JSON:
    found: JSON = post(item)["responses"]["201"]
    return found


def location(item: JSON) -> JSON:
    found: JSON = created(item)["headers"]["Location"]
    return found


def responses(item: JSON) -> JSON:
    found: JSON = post(item)["responses"]
    return found


def schema_of(number: int, **values: Any) -> Callable[[JSON], None]:
    """A change of a parameter's schema."""
    return put(lambda item: parameter(item, number)["schema"], **values)


THREE = [{"type": name} for name in ("string", "integer", "boolean")]


def renamed(item: JSON) -> None:
    post(item)["parameters"][2]["name"] = "labels"


def moved(item: JSON) -> None:
    post(item)["parameters"][2] |= {"in": "header", "style": "simple"}


def new_parameter(required: bool) -> Callable[[JSON], None]:
    added = {"name": "more", "in": "query", "required": required, "schema": {"type": "string"}}
    return lambda item: post(item)["parameters"].append(added)


def new_field(required: bool) -> Callable[[JSON], None]:
    def change(item: JSON) -> None:
        taken(item)["fresh"] = {"type": "string"}
        if required:
            body(item)["required"].append("fresh")

    return change


def new_body(required: bool) -> Callable[[JSON], None]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return lambda item: item["get"].update(requestBody={"required": required, "content": content})


def not_closed_but_narrower(item: JSON) -> None:
    taken(item)["free"]["additionalProperties"] = {"type": "integer"}


def other_status(item: JSON) -> None:
    responses(item)["200"] = responses(item).pop("201")


CASES = (
    Case("operation removed", BREAKS, lambda item: item.pop("get") and None, FINE),
    Case("operationId changed", BREAKS, lambda item: item["get"].update(operationId="read")),
    Case("parameter removed", BREAKS, lambda item: post(item)["parameters"].pop() and None, FINE),
    Case("parameter renamed", BREAKS, renamed, BREAKS),
    Case("parameter moved", BREAKS, moved),
    Case("parameter written otherwise", BREAKS, put(lambda item: parameter(item, 2), explode=False), BREAKS),
    Case("parameter added", FINE, new_parameter(False)),
    Case("required parameter added", BREAKS, new_parameter(True)),
    Case("parameter required", BREAKS, put(lambda item: parameter(item, 2), required=True), FINE),
    Case("parameter's enum", BREAKS, schema_of(1, enum=["a"]), FINE),
    Case("parameter's default", WARNING, schema_of(0, default=True), WARNING),
    Case("required field added", BREAKS, new_field(True), WARNING),
    Case("field added", FINE, new_field(False), WARNING),
    Case("field required", BREAKS, lambda item: body(item)["required"].append("size"), FINE),
    Case("body closed", BREAKS, put(body, additionalProperties=False), FINE),
    Case("map's values narrowed", BREAKS, not_closed_but_narrower, FINE),
    Case("maxLength", BREAKS, field("name", maxLength=10), FINE),
    Case("maxLength added", BREAKS, field("when", maxLength=10), FINE),
    Case("minLength", BREAKS, field("name", minLength=3), FINE),
    Case("pattern changed", BREAKS, field("name", pattern="^[a-y]+$"), BREAKS),
    Case("pattern added", BREAKS, field("when", pattern="^[a-y]+$"), FINE),
    Case("format added", BREAKS, field("when", format="date"), FINE),
    Case("minimum", BREAKS, field("size", minimum=2), FINE),
    Case("maximum", BREAKS, field("size", maximum=9), FINE),
    Case("multipleOf added", BREAKS, field("size", multipleOf=2), FINE),
    Case("enum narrowed", BREAKS, field("kind", enum=["x"]), FINE),
    Case("enum added", BREAKS, field("when", enum=["x"]), FINE),
    Case("const added", BREAKS, field("when", const="x"), FINE),
    Case("integer to number", FINE, field("size", type="number"), BREAKS),
    Case("null taken", FINE, field("size", type=["integer", "null"]), BREAKS),
    Case("type changed", BREAKS, field("size", type="string"), BREAKS),
    Case("maxItems", BREAKS, field("list", maxItems=4), FINE),
    Case("items narrowed", BREAKS, field("list", items={"type": "integer", "minimum": 4}), FINE),
    Case("uniqueItems", BREAKS, field("list", uniqueItems=True), FINE),
    Case("minProperties", BREAKS, put(body, minProperties=2), FINE),
    Case("oneOf branch removed", BREAKS, lambda item: taken(item)["one"]["oneOf"].pop() and None, FINE),
    Case("allOf added", BREAKS, field("when", allOf=[{"maxLength": 3}])),
    Case("read-only field", BREAKS, field("size", readOnly=True), FINE),
    Case("discriminator", BREAKS, put(discriminator, propertyName="b"), BREAKS),
    Case("discriminator's value gone", BREAKS, put(discriminator, mapping={"x": "#/X"}), FINE),
    Case("discriminator's value moved", BREAKS, put(discriminator, mapping=ALL_Y), BREAKS),
    Case("body optional", FINE, drop(lambda item: post(item)["requestBody"], "required"), BREAKS),
    Case("body removed", BREAKS, drop(post, "requestBody")),
    Case("body added", FINE, new_body(False)),
    Case("required body added", BREAKS, new_body(True)),
    Case("media type removed", BREAKS, drop(media, "text/csv"), FINE),
    Case("answer's enum widened", BREAKS, answer("kind", enum=["x", "y", "z"]), FINE),
    Case("answer's property removed", BREAKS, drop(told, "note"), FINE),
    Case("answer's property optional", BREAKS, put(shown, required=["id"]), FINE),
    Case("answer's type changed", BREAKS, answer("note", type="integer"), BREAKS),
    Case("answer may be null", BREAKS, answer("note", type=["string", "null"]), FINE),
    Case("answer's number is any", BREAKS, answer("size", type=["number", "null"]), FINE),
    Case("answer's text is longer", WARNING, answer("id", maxLength=20), FINE),
    Case("answer's oneOf branch added", BREAKS, answer("one", oneOf=THREE), FINE),
    Case("answer's part gone", BREAKS, first_part_gone),
    Case("write-only in an answer", BREAKS, answer("note", writeOnly=True), FINE),
    Case("success removed", BREAKS, drop(responses, "204"), WARNING),
    Case("success changed", BREAKS, other_status, BREAKS),
    Case("error told no more", WARNING, drop(responses, "404"), FINE),
    Case("answer's media type removed", BREAKS, drop(told_media, "text/csv"), FINE),
    Case("answer's content removed", BREAKS, drop(created, "content")),
    Case("header removed", BREAKS, drop(created, "headers"), FINE),
    Case("header optional", BREAKS, drop(location, "required"), FINE),
    Case("scope added", BREAKS, put(post, security=[{"bearer": ["write", "more"]}]), FINE),
    Case("security added", BREAKS, put(lambda item: item["get"], security=[{"bearer": []}])),
    Case("alternative added", FINE, put(post, security=[{"bearer": ["write"]}, {"key": []}]), BREAKS),
    Case("now for everybody", FINE, put(post, security=[]), BREAKS),
    Case("described", FINE, put(lambda item: item["get"], summary="Shown", description="It."), FINE),
)  # fmt: skip


def document(items: dict[int, JSON]) -> JSON:
    """Return a document with a path for each of `items`: ``/<number>``."""
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "Key"},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Cases", "version": "1.0.0"},
        "security": [],
        "paths": {f"/{number}": item for number, item in items.items()},
        "components": {"securitySchemes": schemes},
    }


def both(cases: tuple[Case, ...]) -> tuple[JSON, JSON]:
    """Return the document before and after all changes, each at a path of its own."""
    before = {number: path_item(number) for number in range(len(cases))}
    after = deepcopy(before)
    for number, case in enumerate(cases):
        case.change(after[number])
    return document(before), document(after)
