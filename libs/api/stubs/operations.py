"""The methods of a client, as a stub has them: one for each operation."""

from collections.abc import Iterator, Mapping
from keyword import iskeyword
from typing import Any

from libs.api.clients.documents import DocumentedOperation, documented_operations
from libs.api.document.references import resolve
from libs.api.schema import JSON
from libs.api.stubs.annotations import ANY, Annotation, Annotations
from libs.api.stubs.classes import INDENT
from libs.api.wire.bodies import Body
from libs.api.wire.media_types import is_json, is_text
from libs.api.wire.parameters import Parameters

COMMON = {"auth": "str | None", "timeout": "float"}
"""Keywords of every operation beside its parameters."""


def operation_lines(document: JSON, annotations: Annotations) -> Iterator[str]:
    """Yield the method of each operation of a complete document."""
    for operation in documented_operations(document):
        if operation.name.isidentifier() and not iskeyword(operation.name):  # the others are items
            yield from _operation(operation, document, annotations)


def _operation(operation: DocumentedOperation, document: JSON, annotations: Annotations) -> Iterator[str]:
    node = operation.node
    required, optional = dict[str, str](), dict[str, str]()
    for one in Parameters.from_document(operation.parameters, document):
        given = annotations.of_schema(one.node).given
        if one.required:
            required[one.argument] = given
        else:
            optional[one.argument] = given if given == ANY.given else f"{given} | None"
    if "requestBody" in node:
        body = Body.from_document(node["requestBody"], document)
        (required if body.required else optional)["body"] = _body(body, annotations)
        if len(body.media_types) > 1:
            optional.setdefault("media_type", "str")
    every = {**optional, **{name: given for name, given in COMMON.items() if name not in required | optional}}
    yield f"{INDENT}def {operation.name}("
    yield f"{INDENT * 2}self,"
    yield f"{INDENT * 2}*,"
    yield from (f"{INDENT * 2}{name}: {given}," for name, given in required.items())
    yield from (f"{INDENT * 2}{name}: {given} = ...," for name, given in every.items())
    yield f"{INDENT}) -> {_answer(node['responses'], document, annotations)}: ..."


def _body(body: Body, annotations: Annotations) -> str:
    kinds = [annotations.of_schema(body.schema(one)) if is_json(one) else ANY for one in body.media_types]
    return " | ".join(dict.fromkeys(one.given for one in kinds)) if ANY not in kinds else ANY.given


def _answer(responses: Mapping[str, Any], document: JSON, annotations: Annotations) -> str:
    """Return the type of what a call returns: that of each success, redirections included."""
    found: dict[str, None] = {}
    for status, node in responses.items():
        if str(status)[:1] in "23":
            content = resolve(node, document).get("content", {})
            found.update(dict.fromkeys(_read(name, one, annotations).read for name, one in content.items()))
            if not content:
                found["None"] = None
    return " | ".join(found) if found and ANY.read not in found else ANY.read


def _read(media_type: str, media: JSON, annotations: Annotations) -> Annotation:
    if is_json(media_type):
        return annotations.of_schema(media["schema"]) if "schema" in media else ANY
    return Annotation("str", "str") if is_text(media_type) else Annotation("bytes", "bytes")
