"""What another service's refusal becomes: an exception that carries its problem.

::

    Problem
    └── RemoteProblem 502              another service refused a call
        ├── RemoteBadRequest           it answered 400
        ├── RemoteUnauthorized         401
        ├── RemoteForbidden            403
        ├── RemoteNotFound             404
        ├── RemoteConflict             409
        ├── RemotePreconditionFailed   412
        ├── RemoteUnprocessable        422
        ├── RemoteTooManyRequests      429
        ├── RemoteServerError          5xx but 503, which is ServiceUnavailable
        ├── OperationCancelled         what it had started was cancelled (libs/api/clients/waiting.py)
        └── InvalidAnswer              what it answered is not what its contract says

Where nobody handles one, it is a 502 of ours: the fault is not our client's, and what the other service said
of it is none of our client's business. What it has for a person to read (`user_message`) is passed on, and so
is the id of a failure (`error_id`), by which it is found in the logs of all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from libs.api.clients.retries import retry_after
from libs.api.wire.json_text import load_json
from libs.api.wire.media_types import is_json, media_type_of
from libs.errors import Fault, Problem, ServiceUnavailable, valid_request_id

_LONGEST = 2000
_MOST_ERRORS = 50
_LONGEST_RETRY_AFTER = 60


@dataclass(frozen=True)
class RemoteDetails:
    """What another service told of its refusal (RFC 9457); what it did not tell is None, or empty.

    :param status: of its answer.
    :param code: the stable name of the problem.
    :param request_id: under which its logs have it.
    :param error_id: what it calls its failure; kept by what that becomes here.
    :param user_message: what it would have the person at the client read.
    :param retry_after: seconds to wait, from the header Retry-After.
    :param extra: the further members of its problem object, or of the JSON object it sent instead of one.
    """

    status: int
    code: str | None = None
    title: str | None = None
    detail: str | None = None
    errors: tuple[Fault, ...] = ()
    request_id: str | None = None
    error_id: str | None = None
    user_message: str | None = None
    retry_after: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


class RemoteProblem(Problem):
    """Another service refused a call.

    Its text says which, for logs; the answer it becomes where nobody handles it does not.

    :param operation: ``profiles.get_profile``.
    :param problem: what the other service told.
    :param why: what is wrong, if not that it refused.
    """

    status, title, code = 502, "Bad gateway", "UPSTREAM_ERROR"

    def __init__(self, operation: str, problem: RemoteDetails, why: str = "") -> None:
        super().__init__("Another service did not do what this one asked of it.")
        told = why or (problem.code or "")
        self.args = (f"{operation} answered {problem.status} {told}".rstrip(),)
        self.operation = operation
        self.problem = problem
        self.error_id = problem.error_id
        self.remote_message = problem.user_message


class RemoteBadRequest(RemoteProblem):
    """It answered 400."""


class RemoteUnauthorized(RemoteProblem):
    """It answered 401."""


class RemoteForbidden(RemoteProblem):
    """It answered 403."""


class RemoteNotFound(RemoteProblem):
    """It answered 404."""


class RemoteConflict(RemoteProblem):
    """It answered 409."""


class RemotePreconditionFailed(RemoteProblem):
    """It answered 412."""


class RemoteUnprocessable(RemoteProblem):
    """It answered 422."""


class RemoteTooManyRequests(RemoteProblem):
    """It answered 429; `problem.retry_after` may say how long to wait."""


class RemoteServerError(RemoteProblem):
    """It answered 5xx; a 503 is a `ServiceUnavailable`."""


class InvalidAnswer(RemoteProblem):
    """What it answered is not what its contract says."""


_BY_STATUS: Mapping[int, type[RemoteProblem]] = {
    400: RemoteBadRequest,
    401: RemoteUnauthorized,
    403: RemoteForbidden,
    404: RemoteNotFound,
    409: RemoteConflict,
    412: RemotePreconditionFailed,
    422: RemoteUnprocessable,
    429: RemoteTooManyRequests,
}


def remote_problem(operation: str, answer: httpx.Response) -> RemoteProblem:
    """Return the exception for an answer that is no success, whatever its body is."""
    return _kind(answer.status_code)(operation, details_of(answer))


def failed_with(operation: str, problem: Mapping[str, Any]) -> RemoteProblem:
    """Return the exception for what another service had accepted, and then failed with a problem."""
    status = problem.get("status")
    known = status if isinstance(status, int) and 400 <= status < 600 else 500
    return _kind(known)(operation, _details(known, dict(problem), {}))


def unavailable(api: str, answer: httpx.Response) -> ServiceUnavailable:
    """Return what a 503 of the service `api` becomes, a 503 as well."""
    told = details_of(answer)
    problem = ServiceUnavailable(
        f"The {api} service is not available. Try again.",
        retry_after=max(1, min(int(told.retry_after or 1), _LONGEST_RETRY_AFTER)),
    )
    problem.error_id, problem.remote_message = told.error_id, told.user_message
    return problem


def _kind(status: int) -> type[RemoteProblem]:
    return _BY_STATUS.get(status, RemoteServerError if status >= 500 else RemoteProblem)


def is_in_use(answer: httpx.Response) -> bool:
    """Tell whether what is sent again under an Idempotency-Key is refused while the first is worked on."""
    return answer.status_code == 409 and details_of(answer).code == "IDEMPOTENCY_KEY_IN_USE"


def details_of(answer: httpx.Response) -> RemoteDetails:
    """Return what an answer tells of itself; a body that is no problem tells nothing."""
    return _details(answer.status_code, _members(answer), answer.headers)


def _details(status: int, told: dict[str, Any], headers: Mapping[str, str]) -> RemoteDetails:
    listed = told.pop("errors", None)
    errors = [_fault(one) for one in listed[:_MOST_ERRORS]] if isinstance(listed, list) else []
    for member in ("type", "status", "instance"):
        told.pop(member, None)
    return RemoteDetails(
        status,
        code=_text(told.pop("code", None)),
        title=_text(told.pop("title", None)),
        detail=_text(told.pop("detail", None)),
        errors=tuple(one for one in errors if one is not None),
        request_id=_text(told.pop("request_id", None)) or _text(headers.get("X-Request-ID")),
        error_id=valid_request_id(_text(told.pop("error_id", None))),
        user_message=_text(told.pop("user_message", None)),
        retry_after=retry_after(headers.get("Retry-After")),
        extra=told,
    )


def _members(answer: httpx.Response) -> dict[str, Any]:
    if not is_json(media_type_of(answer.headers.get("Content-Type", ""))[0]):
        return {}
    try:
        body = load_json(answer.content)
    except Problem:
        return {}
    return body if isinstance(body, dict) else {}


def _fault(one: Any) -> Fault | None:
    if not isinstance(one, dict) or (detail := _text(one.get("detail"))) is None:
        return None
    return Fault(detail, _text(one.get("pointer")), _text(one.get("parameter")))


def _text(value: Any) -> str | None:
    return value[:_LONGEST] if isinstance(value, str) else None
