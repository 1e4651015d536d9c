"""Answering a request by an operation: the way from a werkzeug Request to a werkzeug Response."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from werkzeug import Request, Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected

from libs.api.objects import ApiModels, ApiObject
from libs.api.operation import JSON_MEDIA_TYPE, Body, Operation, Result
from libs.errors import (
    BodyTooLarge,
    Fault,
    InvalidBody,
    InvalidParameters,
    MalformedBody,
    Problem,
    RequestTimeout,
    UnsupportedMediaType,
)
from libs.jwt import Caller, acting_as, bearer_token

Authenticate = Callable[[str], Caller]


class Server:
    """Answer requests by operations.

    :param authenticate: turns a bearer token into its caller or raises `Unauthorized`.
    :param models: the objects of the contract, which bodies become.
    :param validate_answers: check what handlers return against the contract; for tests and development.
    """

    def __init__(
        self, authenticate: Authenticate, models: ApiModels, *, validate_answers: bool = False
    ) -> None:
        self._authenticate = authenticate
        self._models = models
        self._validate_answers = validate_answers

    def respond(self, operation: Operation, request: Request, path_values: Mapping[str, str]) -> Response:
        """Authenticate, validate, call, and return the answer.

        :raises Problem: whatever is wrong with the request, or the handler raises.
        """
        with acting_as(self._caller(operation, request)):
            arguments = _read_parameters(operation, request, path_values)
            if operation.body is not None:
                arguments["body"] = self._read_body(operation.body, request)
            outcome = operation.call(**arguments)
        result = outcome if isinstance(outcome, Result) else Result(outcome)
        return self._response(operation, result)

    def _caller(self, operation: Operation, request: Request) -> Caller | None:
        sent = request.headers.getlist("Authorization")
        if operation.scopes is None or (operation.token_optional and not sent):
            return None
        caller = self._authenticate(bearer_token(sent))
        caller.require_scopes(*operation.scopes)
        return caller

    def _read_body(self, body: Body, request: Request) -> Any:
        try:
            raw = request.get_data(cache=False)
        except ClientDisconnected:  # it has left, or said nothing for too long
            raise RequestTimeout("The body did not arrive in time.") from None
        limit = request.max_content_length
        if limit is not None and request.content_length is None and len(raw) >= limit:
            # werkzeug refuses a Content-Length above the limit, but cuts a chunked body off at it.
            raise BodyTooLarge
        if not raw and not body.required:
            return None
        if raw and request.mimetype != JSON_MEDIA_TYPE:
            raise UnsupportedMediaType(f"Send the body with Content-Type: {JSON_MEDIA_TYPE}.")
        if not raw:
            raise InvalidBody("The request needs a JSON body.", errors=[Fault("is required", pointer="")])
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise MalformedBody(f"The body is not valid JSON ({where}).") from None
        faults = body.schema.faults(value)
        if faults:
            raise InvalidBody(errors=faults)
        if body.model is None or not isinstance(value, dict):
            return value
        return getattr(self._models, body.model).from_json(value)

    def _response(self, operation: Operation, result: Result) -> Response:
        status = result.status or operation.status
        headers = Headers(list(result.headers.items()))
        if status in (204, 304):
            return empty_response(status, headers)
        if result.media_type != JSON_MEDIA_TYPE:
            return Response(result.body, status, headers, content_type=result.media_type)
        payload = dump_json(result.body)
        schema = operation.answers.get(status) if self._validate_answers else None
        if schema is not None:
            faults = schema.faults(orjson.loads(payload))
            if faults:
                told = "; ".join(f"{fault.pointer} {fault.detail}" for fault in faults)
                raise ValueError(f"the answer of {operation.operation_id} breaks its contract: {told}")
        return Response(payload, status, headers, content_type=JSON_MEDIA_TYPE)


def empty_response(status: int, headers: Headers | Mapping[str, str]) -> Response:
    """Return an answer without a body, and without the Content-Type it would have."""
    answer = Response(status=status, headers=headers)
    del answer.headers["Content-Type"]
    return answer


def problem_response(problem: Problem, *, request_id: str, instance: str) -> Response:
    """Return the answer that tells of `problem` (RFC 9457)."""
    body = {**problem.to_json(), "instance": instance, "request_id": request_id}
    headers = Headers(list(problem.headers.items()))
    return Response(dump_json(body), problem.status, headers, content_type="application/problem+json")


def dump_json(value: Any) -> bytes:
    """Return `value` as JSON; contract objects become objects, aware datetimes RFC 3339 text in UTC."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> Any:
    if isinstance(value, ApiObject):
        return value.to_json()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _read_parameters(
    operation: Operation, request: Request, path_values: Mapping[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    known = {p.name for p in operation.parameters if p.location == "query"}
    faults = [Fault("is not a known parameter", parameter=name) for name in request.args if name not in known]
    for parameter in operation.parameters:
        if parameter.location == "path":
            texts = [path_values[parameter.name]]
        elif parameter.location == "query":
            texts = request.args.getlist(parameter.name)
        else:
            texts = request.headers.getlist(parameter.name)
        value, wrong = parameter.read(texts)
        values[parameter.argument] = value
        faults.extend(wrong)
    if faults:
        raise InvalidParameters(errors=faults)
    return values
