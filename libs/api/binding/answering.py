"""From what a handler returns to a werkzeug Response."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from werkzeug import Response
from werkzeug.datastructures import Headers
from werkzeug.wsgi import FileWrapper

from libs.api.binding.operation import Operation, Result
from libs.api.objects.object import ApiObject
from libs.api.wire.answers import NO_CONTENT, AnswerCheck
from libs.api.wire.json_text import dump_json
from libs.api.wire.media_types import JSON_MEDIA_TYPE, is_json, is_text
from libs.errors import Problem

PROBLEM_MEDIA_TYPE = "application/problem+json"


def answer_of(operation: Operation, outcome: Any, check: AnswerCheck) -> Response:
    """Return the answer that a handler's outcome is.

    :raises TypeError: for an outcome that cannot be sent as what the contract declares.
    :raises ValueError: if it breaks the contract, where `check` is strict.
    """
    result = outcome if isinstance(outcome, Result) else Result(outcome)
    body, status = result.body, result.status
    if isinstance(body, tuple | BaseException | Response | Result):
        kind = type(body).__name__
        instead = (
            "raise it" if isinstance(body, BaseException) else "return Result(body, status=…, headers=…)"
        )
        raise TypeError(f"{operation.operation_id} returned a {kind}: {instead}")
    if status is None:
        status = operation.nothing if body is None else operation.answers.status
    headers = _headers(result.headers, result.cookies)
    if status in NO_CONTENT:
        _check(operation, status, None, b"", headers, check)
        return empty_response(status, headers)
    media_type = result.media_type or _media_type(operation, status, body)
    if body is None and (media_type is None or not is_json(media_type)):
        _check(operation, status, None, b"", headers, check)
        return empty_response(status, headers)
    media_type = media_type or JSON_MEDIA_TYPE
    if check.strict and isinstance(body, ApiObject):
        _check_kind(operation, body, operation.answers.schema(status, media_type))
    content = dump_json(body) if is_json(media_type) else _content(operation, body, media_type)
    payload = content if isinstance(content, bytes) else None
    _check(operation, status, media_type, payload, headers, check)
    if is_text(media_type) and not is_json(media_type) and "charset" not in media_type:
        media_type += "; charset=utf-8"
    return Response(content, status, headers, content_type=media_type)


def empty_response(status: int, headers: Headers | Mapping[str, str]) -> Response:
    """Return an answer without a body, and without the Content-Type it would have."""
    return _Empty(status=status, headers=headers)


class _Empty(Response):
    default_mimetype = None


def problem_body(
    problem: Problem, *, request_id: str, instance: str | None = None, error_id: str | None = None
) -> dict[str, Any]:
    """Return the problem object (RFC 9457) with the members that only the answering service knows.

    :param instance: the path of the request.
    :param error_id: of a failure, by which it is found.
    """
    known = {"instance": instance, "request_id": request_id, "error_id": error_id}
    return {**problem.to_json(), **{name: one for name, one in known.items() if one is not None}}


def problem_response(problem: Problem, body: Mapping[str, Any]) -> Response:
    """Return the answer that tells of `problem` by `body`."""
    headers = _headers(problem.headers, problem.cookies)
    return Response(dump_json(body), problem.status, headers, content_type=PROBLEM_MEDIA_TYPE)


def _headers(headers: Mapping[str, str], cookies: Sequence[str]) -> Headers:
    return Headers([*headers.items(), *(("Set-Cookie", one) for one in cookies)])


def _media_type(operation: Operation, status: int, body: Any) -> str | None:
    """Return the declared media type that fits; None where the contract declares none."""
    # What a handler returns is no problem: those are raised.
    declared = [one for one in operation.answers.media_types(status) if one != PROBLEM_MEDIA_TYPE]
    if not declared:
        return None
    concrete = [one for one in declared if "*" not in one]
    if len(declared) == len(concrete) == 1:
        return declared[0]
    as_json = [one for one in concrete if is_json(one)]
    others = [one for one in concrete if not is_json(one)]
    if isinstance(body, str):
        fitting = [*(one for one in others if is_text(one)), *as_json]
    elif isinstance(body, bytes | bytearray) or _is_stream(body):
        fitting = [*(one for one in others if not is_text(one)), *others]
    else:
        fitting = as_json or [JSON_MEDIA_TYPE] * ("*/*" in declared)
    if fitting:
        return fitting[0]
    raise TypeError(
        f"{operation.operation_id} returned {type(body).__name__}, which may be none of "
        f"{', '.join(declared)}: return Result(body, media_type=…)"
    )


def _is_stream(body: Any) -> bool:
    return hasattr(body, "read") or hasattr(body, "__next__")


def _content(operation: Operation, body: Any, media_type: str) -> Any:
    """Return what a type other than JSON is sent from."""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if hasattr(body, "read"):
        return FileWrapper(body)
    if isinstance(body, Iterable) and not isinstance(body, Mapping | ApiObject):
        return body
    raise TypeError(
        f"{operation.operation_id} returned {type(body).__name__}, and {media_type} is declared: "
        "return text, bytes, a binary file, or an iterable of bytes"
    )


def _check(
    operation: Operation,
    status: int,
    media_type: str | None,
    payload: bytes | None,
    headers: Headers,
    check: AnswerCheck,
) -> None:
    # Errors are problems, which every operation may answer; one of another shape is its author's own. What an
    # override of a resource answers instead of the document's status is, too.
    if status < 400 and (not operation.contributed or operation.answers.declares(status)):
        check.check(operation.operation_id, operation.answers, status, media_type, payload, headers)


def _check_kind(operation: Operation, body: ApiObject, schema: Any) -> None:
    """Refuse an object of another schema than the declared one, even if it looks the same."""
    name = schema.get("$ref", "").rpartition("/")[2] if isinstance(schema, Mapping) else ""
    if body.schema_name not in operation.kinds.get(name, (body.schema_name,)):
        told = f"it is {body.schema_name}, not {name}"
        raise ValueError(f"the answer of {operation.operation_id} breaks its contract: {told}")
