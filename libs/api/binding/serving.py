"""Answering a request by an operation: the way from a werkzeug Request to a werkzeug Response."""

from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

from werkzeug import Request, Response
from werkzeug.datastructures import Headers

from libs.api.binding.answering import answer_of
from libs.api.binding.decorators import ANSWER
from libs.api.binding.operation import Operation
from libs.api.binding.security import Authenticate, Security
from libs.api.idempotency.answers import Replayed, replay
from libs.api.idempotency.attempt import Attempt
from libs.api.objects.models import ApiModels
from libs.api.wire.answers import AnswerCheck
from libs.api.wire.bodies import Body, Received
from libs.errors import (
    Fault,
    InvalidBody,
    InvalidParameters,
    MalformedBody,
    Problem,
    UnsupportedMediaType,
    check_deadline,
)
from libs.jwt import Caller, acting_as, current_caller
from libs.jwt.cookies import ACCESS_COOKIE, CSRF_HEADER

Admit = Callable[[Operation, Caller | None, Request], None]
"""Lets a request in whose caller is known, if anybody is, or raises a `Problem`."""

_NEVER = AnswerCheck(0, strict=False)
_NO_VALUE = "holds a date or time outside of the years 1 to 9999"


class Server:
    """Answer requests by operations.

    :param authenticate: turns a bearer token into its caller or raises `Unauthorized`.
    :param models: the objects of the contract, which bodies become.
    :param answer_check: how many of the answers are checked against the contract; by default none.
    :param admit: is asked before anything else of a request is looked at than who calls.
    """

    def __init__(
        self,
        authenticate: Authenticate,
        models: ApiModels,
        *,
        answer_check: AnswerCheck = _NEVER,
        admit: Admit | None = None,
    ) -> None:
        self._authenticate = authenticate
        self._models = models
        self._answer_check = answer_check
        self._admit = admit

    def respond(self, operation: Operation, request: Request, path_values: Mapping[str, str]) -> Response:
        """Authenticate, admit, validate, call, and return the answer.

        :param path_values: what stands for the placeholders of the path, as it was sent.
        :raises Problem: whatever is wrong with the request, or the handler raises.
        """
        received: list[Received] = []
        attempt = _attempt(operation, request)
        by_cookie = False
        try:
            caller, by_cookie = self._caller(operation.security, request)
            if self._admit is not None:
                self._admit(operation, caller, request)
            try:
                with acting_as(caller):
                    handle = partial(self._handle, operation, path_values, received, attempt)
                    if operation.enter is None:
                        outcome = handle(request)
                    else:
                        request.environ[ANSWER] = handle
                        outcome = operation.enter(request)
            except Replayed as before:
                answer = replay(before.item)
            else:
                answer = answer_of(operation, outcome, self._answer_check)
            if attempt is not None:
                attempt.answered(answer)
        except BaseException as error:
            _close(received)
            if attempt is not None:
                attempt.failed(error)
            if by_cookie and isinstance(error, Problem):
                _make_private(error.headers)
            raise
        if by_cookie:
            _make_private(answer.headers)
        if answer.is_streamed:  # it may be made of the files that were sent
            answer.call_on_close(partial(_close, received))
        else:
            _close(received)
        return answer

    def _caller(self, security: Security, request: Request) -> tuple[Caller | None, bool]:
        """Return who calls, and whether it is a cookie that tells."""
        sent = request.environ.get("HTTP_AUTHORIZATION")  # WSGI makes one line of several
        if sent is None and security.cookie and (token := request.cookies.get(ACCESS_COOKIE)):
            csrf = request.headers.get(CSRF_HEADER)
            return security.caller_by_cookie(token, request.method, csrf, self._authenticate), True
        return security.caller([] if sent is None else [sent], self._authenticate), False

    def _handle(
        self,
        operation: Operation,
        path_values: Mapping[str, str],
        received: list[Received],
        attempt: Attempt | None,
        request: Request,
    ) -> Any:
        """Read and validate the request, and call the handler.

        :param received: is given the body, if it may hold files.
        :param attempt: where the operation heeds Idempotency-Key.
        """
        refused: InvalidParameters | None = None
        arguments: dict[str, Any] = {}
        try:
            arguments = self._arguments(operation, request, path_values, attempt)
        except InvalidParameters as problem:
            refused = problem
        body: Received | None = None
        if attempt is not None:
            attempt.take_body(operation.parameters)
        if operation.body is not None:
            body = _read_body(operation.body, request, refused)
            if body is not None and body.media_type == "multipart/form-data":
                received.append(body)
        if refused is not None:
            raise refused
        if operation.body is not None:
            arguments["body"] = self._body(body) if body is not None else None
        check_deadline()
        if attempt is None:
            return operation.call(**arguments)
        return attempt.handle(partial(operation.call, **arguments), current_caller())

    def _arguments(
        self,
        operation: Operation,
        request: Request,
        path_values: Mapping[str, str],
        attempt: Attempt | None,
    ) -> dict[str, Any]:
        faults = [] if attempt is None else attempt.read()
        try:
            values = operation.parameters.read(request, path_values)
        except InvalidParameters as problem:
            raise InvalidParameters(problem.detail, errors=[*problem.errors, *faults]) from None
        for one in operation.parameters:
            try:
                values[one.argument] = self._models.wrap(one.node, values[one.argument])
            except ValueError:
                faults.append(Fault(_NO_VALUE, parameter=one.name))
        if faults:
            raise InvalidParameters(errors=faults)
        return values

    def _body(self, body: Received) -> Any:
        try:
            return self._models.wrap(body.schema, body.value)
        except ValueError:
            raise InvalidBody(errors=[Fault(_NO_VALUE, pointer="")]) from None


def _attempt(operation: Operation, request: Request) -> Attempt | None:
    if operation.keyed is None:
        return None
    return Attempt(f"{operation.method} {operation.path}", operation.keyed, request)


def _read_body(body: Body, request: Request, refused: InvalidParameters | None) -> Received | None:
    """Return the body; what is wrong with it is told together with what is wrong with the parameters."""
    try:
        return body.read(request)
    except InvalidBody as problem:
        if refused is None:
            raise
        raise InvalidParameters(refused.detail, errors=[*refused.errors, *problem.errors]) from None
    except (MalformedBody, UnsupportedMediaType):
        if refused is None:
            raise
        return None


def _make_private(headers: MutableMapping[str, str] | Headers) -> None:
    """Say that only the browser may keep an answer to a cookie, unless something else is said.

    A cache that many share keeps no answer to an Authorization header by itself (RFC 9111 section 3.5), but
    knows nothing of cookies; and it may keep a 404 as well (section 4.2.2).
    """
    if not any(name.lower() == "cache-control" for name in headers.keys()):  # noqa: SIM118
        headers["Cache-Control"] = "private"


def _close(received: list[Received]) -> None:
    for one in received:
        one.close()
