"""The methods of a client, as a stub has them: one for each operation."""

from collections.abc import Iterator, Mapping
from typing import Any

from libs.api.clients.documents import DocumentedOperation, documented_operations
from libs.api.document.references import resolve
from libs.api.schema import JSON
from libs.api.stubs.annotations import ANY, Annotation, Annotations, is_name, unshadowed
from libs.api.stubs.classes import INDENT
from libs.api.wire.bodies import Body
from libs.api.wire.media_types import is_json, is_text
from libs.api.wire.parameters import Parameters

COMMON = {"auth": "str | None", "timeout": "float"}
"""Keywords of every operation beside its parameters."""


def operation_lines(document: JSON, annotations: Annotations) -> Iterator[str]:
    """Yield the method of each operation of a complete document."""
    operations = [one for one in documented_operations(document) if is_name(one.name)]  # the others are items
    names = {one.name for one in operations}
    for one in operations:
        try:
            yield from list(_operation(one, document, annotations, names))
        except ValueError:  # a client refuses the call, too, and says why
            yield f"{INDENT}def {one.name}(self, **_: _t.Any) -> _t.Never: ..."


def _operation(
    operation: DocumentedOperation, document: JSON, annotations: Annotations, names: set[str]
) -> Iterator[str]:
    node = operation.node
    required, optional = dict[str, str](), dict[str, str]()
    for one in Parameters.from_document(operation.parameters, document):
        taken = annotations.of_schema(one.node)
        if one.required:
            required[one.argument] = taken.given
        else:
            optional[one.argument] = (taken if taken == ANY else taken.or_none()).given
    if "requestBody" in node:
        body = Body.from_document(node["requestBody"], document)
        (required if body.required else optional)["body"] = _body(body, annotations)
        if len(body.media_types) > 1:
            optional.setdefault("media_type", "str")
    every = {**optional, **{name: given for name, given in COMMON.items() if name not in required | optional}}
    yield f"{INDENT}def {operation.name}("
    yield f"{INDENT * 2}{'self' if 'self' not in required | optional else '_self'},"
    yield f"{INDENT * 2}*,"
    for name, given in required.items():
        yield f"{INDENT * 2}{name}: {unshadowed(given, names)},"
    for name, given in every.items():
        yield f"{INDENT * 2}{name}: {unshadowed(given, names)} = ...,"
    yield f"{INDENT}) -> {unshadowed(_answer(node['responses'], document, annotations), names)}: ..."


def _body(body: Body, annotations: Annotations) -> str:
    kinds = [annotations.of_schema(body.schema(one)) if is_json(one) else ANY for one in body.media_types]
    return " | ".join(dict.fromkeys(one.given for one in kinds)) if ANY not in kinds else ANY.given


def _answer(responses: Mapping[str, Any], document: JSON, annotations: Annotations) -> str:
    """Return the type of what a call returns: that of each success, redirections included."""
    found: dict[str, None] = {}
    if not any(str(status)[:1] in "23d" for status in responses):
        return "None"  # errors are all it declares
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
