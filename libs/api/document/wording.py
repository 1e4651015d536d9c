"""What is said of a fault in the form of a document: words that a newcomer understands."""

import re

import orjson

from libs.api.document.causes import Cause, allowed
from libs.api.document.errors import suggestion

_KINDS = {
    "string": "text",
    "object": "an object (keys and values)",
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
_FORMS = re.compile(r" (location|sub schema|or reference)$|^(header|query|form data|path|non body) (?=param)")
"""What the meta-schemas add to the names of objects."""
_LEFT_BEHIND = {
    "nullable": "; since OpenAPI 3.1 it is written `type: [string, 'null']`",
    "definitions": "; since OpenAPI 3 they are in components: schemas:",
    "securityDefinitions": "; since OpenAPI 3 they are in components: securitySchemes:",
    "consumes": "; since OpenAPI 3 it is the keys of requestBody: content:",
    "produces": "; since OpenAPI 3 it is the keys of a response's content:",
    "basePath": "; since OpenAPI 3 it is the path of a URL in servers:",
    "host": "; since OpenAPI 3 it is in a URL in servers:",
    "schemes": "; since OpenAPI 3 they are in the URLs of servers:",
}
"""Keys of other versions, and what is written instead."""


def object_name(cause: Cause) -> str:
    """Return the name of the object that a cause is about: operation, path item …; none for the document."""
    if len(cause.rule) < 2 or cause.rule[0] not in ("$defs", "definitions"):
        return ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|-", " ", str(cause.rule[1])).lower()
    return _FORMS.sub("", words).replace("schema xorcontent", "parameter")


def unknown_key(key: str, kind: str, known: set[str] | frozenset[str]) -> str:
    """Return what is said of a key that an object of a kind does not have.

    :param known: the keys it has, for a near miss.
    """
    if kind == "paths":
        return f"{key!r} is no path; a path begins with '/'"
    if kind == "responses":
        return f"{key!r} is no status; a response is for one as 200, for a range as 4XX, or is the default"
    near = suggestion(key, known) or _LEFT_BEHIND.get(key, "; an extension of one's own begins with 'x-'")
    return f"{key!r} is not known in {_article(kind)}{near}"


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" if kind else "the document"


def sentence(cause: Cause) -> str:
    """Return what is said of any other fault."""
    key = cause.way[-1] if cause.way else "the document"
    name = f"{key!r}" if isinstance(key, str) and cause.way else "this"
    details = cause.details
    match cause.name:
        case "required":
            missing = details["property"]
            why = f" in {_article(object_name(cause))}"
            if missing == "required":
                why = ": a parameter in the path needs `required: true`"
            return f"{missing!r} is missing{why}"
        case "type":
            return f"{name} has to be {_either([_KINDS[one] for one in details['types']])}{_hint(cause)}"
        case "enum" | "const":
            options = [one if isinstance(one, str) else orjson.dumps(one).decode() for one in allowed(cause)]
            near = suggestion(cause.value, options) if isinstance(cause.value, str) else ""
            return f"{name} has to be {_either(options)}{near}"
        case "pattern":
            return f"{name} has to have the form {details['pattern']}"
        case "propertyNames":
            return no_name(details["key"])
        case "minItems" | "minProperties":
            return f"{name} has to hold at least {details['limit']}"
        case "uniqueItems":
            return f"{name} holds the same twice"
        case "not" if isinstance(details["schema"], dict) and "required" in details["schema"]:
            return f"{' and '.join(details['schema']['required'])} exclude each other"
        case "anyOf" | "oneOf" if not cause.way:
            return "'paths' is missing in the document"
        case "anyOf" | "oneOf":
            return f"{name} has not exactly one of the forms it can have"
    return f"{name} is not possible here ({cause.name})"


def no_name(name: str) -> str:
    """Return what is said of a name that no component may have (3.1, 4.8.7.1)."""
    return f"{name!r} cannot be a name here; it takes letters, digits, '.', '_' and '-'"


def _hint(cause: Cause) -> str:
    value, key = cause.value, cause.way[-1] if cause.way else ""
    types = cause.details["types"]
    if value is None:
        return "; nothing stands here"
    if types == ["object"] and isinstance(value, str) and "security" in cause.way[-2:-1]:
        return f"; write `- {value}: []`"
    if key == "required" and "array" in types:
        return ": the names of the properties that have to be there, in the object which has them"
    if "string" in types and isinstance(value, int | float):
        return "; put it in quotes"
    if (
        types == ["boolean"]
        and isinstance(value, str)
        and value.lower() in ("yes", "no", "on", "off", "y", "n")
    ):
        return "; other words are text in YAML 1.2"
    return ""


def _either(options: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(options[:-1]), options[-1]))) if options else "something else"
