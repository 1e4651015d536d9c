"""Every error a client can see, as an exception that carries its problem+json (RFC 9457).

Raise one anywhere; the service turns it into the answer. The tree::

    Problem
    ├── BadRequest 400            the request as a whole makes no sense
    │   ├── MalformedBody         the body is not what its Content-Type says
    │   └── InvalidParameters     query, path or header parameters break the contract
    ├── Unauthorized 401          who is calling is not known
    ├── Forbidden 403             it is known, and not allowed
    ├── NotFound 404              not there, or not there for this caller
    ├── MethodNotAllowed 405
    ├── RequestTimeout 408        the body stopped coming
    ├── Conflict 409              it clashes with what is stored
    ├── PreconditionFailed 412    what If-Match or If-None-Match asks for is not so
    ├── BodyTooLarge 413
    ├── UriTooLong 414
    ├── UnsupportedMediaType 415
    ├── UnmetExpectation 417
    ├── InvalidBody 422           well-formed, and breaks the contract
    ├── QueryRefused 422          well-formed, and too costly
    ├── PreconditionRequired 428  it must say which state it is about, with If-Match
    ├── TooManyRequests 429
    ├── HeadersTooLarge 431
    ├── InternalError 500         a fault of ours; its text stays in the log
    ├── TransferCodingUnknown 501
    ├── ServiceUnavailable 503    a part we need does not answer; try again
    │   └── DeadlineExceeded      the time the request had is up
    └── VersionNotSupported 505

`code` is for programs and never changes once published; `title` and `detail` are for developers.
A subclass or a raise may set a `code` of its own: ``raise Conflict("…", code="EMAIL_TAKEN")``.
"""

import re
from collections.abc import Mapping
from typing import Any

from libs.errors.problem import Problem


class BadRequest(Problem):
    status, title, code = 400, "Bad request", "BAD_REQUEST"


class MalformedBody(BadRequest):
    title, code = "Malformed body", "MALFORMED_BODY"


class InvalidParameters(BadRequest):
    title, code = "Invalid parameters", "INVALID_PARAMETERS"


class Unauthorized(Problem):
    """Sends the challenge RFC 9110 section 11.6.1 asks of every 401."""

    status, title, code = 401, "Unauthorized", "UNAUTHORIZED"

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        extra: Mapping[str, Any] | None = None,
        user_message: str | None = None,
    ) -> None:
        challenge = {"WWW-Authenticate": "Bearer"}
        super().__init__(detail, code=code, headers=challenge, extra=extra, user_message=user_message)


class Forbidden(Problem):
    status, title, code = 403, "Forbidden", "FORBIDDEN"


class NotFound(Problem):
    status, title, code = 404, "Not found", "NOT_FOUND"


class MethodNotAllowed(Problem):
    status, title, code = 405, "Method not allowed", "METHOD_NOT_ALLOWED"


class RequestTimeout(Problem):
    status, title, code = 408, "Request timeout", "REQUEST_TIMEOUT"


class Conflict(Problem):
    status, title, code = 409, "Conflict", "CONFLICT"


class PreconditionFailed(Problem):
    """What the client has seen is not what is there (RFC 9110 section 13.1.1)."""

    status, title, code = 412, "Precondition failed", "PRECONDITION_FAILED"


class BodyTooLarge(Problem):
    status, title, code = 413, "Body too large", "BODY_TOO_LARGE"


class UriTooLong(Problem):
    status, title, code = 414, "URI too long", "URI_TOO_LONG"


class UnsupportedMediaType(Problem):
    status, title, code = 415, "Unsupported media type", "UNSUPPORTED_MEDIA_TYPE"


class UnmetExpectation(Problem):
    """The header Expect asks for what the server does not do (RFC 9110 section 10.1.1)."""

    status, title, code = 417, "Expectation failed", "EXPECTATION_FAILED"


class InvalidBody(Problem):
    status, title, code = 422, "Invalid body", "INVALID_BODY"


class QueryRefused(Problem):
    """What is asked for would cost more than one request may."""

    status, title, code = 422, "Query refused", "QUERY_REFUSED"


class PreconditionRequired(Problem):
    """The request must say which version it is about (RFC 6585 section 3)."""

    status, title, code = 428, "Precondition required", "PRECONDITION_REQUIRED"


class TooManyRequests(Problem):
    status, title, code = 429, "Too many requests", "TOO_MANY_REQUESTS"


class HeadersTooLarge(Problem):
    status, title, code = 431, "Request header fields too large", "REQUEST_HEADER_FIELDS_TOO_LARGE"


class InternalError(Problem):
    """What an unexpected exception becomes for the client."""


class TransferCodingUnknown(Problem):
    """The body comes in a way the server does not know (RFC 9112 section 6.1)."""

    status, title, code = 501, "Not implemented", "NOT_IMPLEMENTED"


class ServiceUnavailable(Problem):
    """`retry_after` is in seconds (RFC 9110 section 10.2.3)."""

    status, title, code = 503, "Service unavailable", "SERVICE_UNAVAILABLE"

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        retry_after: int = 1,
        extra: Mapping[str, Any] | None = None,
        user_message: str | None = None,
    ) -> None:
        later = {"Retry-After": str(retry_after)}
        super().__init__(detail, code=code, headers=later, extra=extra, user_message=user_message)


class DeadlineExceeded(ServiceUnavailable):
    """The time a request had is up, be it ours or what its caller gave it (`libs.errors.deadline`).

    What it has asked others to do may have been done.
    """

    code = "DEADLINE_EXCEEDED"

    def __init__(self, detail: str = "It took longer than a request may. Try again.") -> None:
        super().__init__(detail)


class VersionNotSupported(Problem):
    status, title, code = 505, "HTTP version not supported", "HTTP_VERSION_NOT_SUPPORTED"


class _Other(Problem):
    """A status this tree has no class for (406, 426, 502 …), as HTTP names it."""

    def __init__(self, status: int, name: str, headers: Mapping[str, str]) -> None:
        self.__dict__.update(status=status, title=name, code=re.sub("[^A-Z0-9]+", "_", name.upper()))
        super().__init__(headers=headers)


_BY_STATUS: dict[int, type[Problem]] = {
    400: BadRequest,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    408: RequestTimeout,
    409: Conflict,
    412: PreconditionFailed,
    413: BodyTooLarge,
    414: UriTooLong,
    415: UnsupportedMediaType,
    417: UnmetExpectation,
    428: PreconditionRequired,
    429: TooManyRequests,
    431: HeadersTooLarge,
    500: InternalError,
    501: TransferCodingUnknown,
    505: VersionNotSupported,
}


def problem_for_status(status: int, name: str, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem for an HTTP status that the web framework raised on its own.

    :param name: the status' reason phrase, used where the tree has no class for it.
    """
    kind = _BY_STATUS.get(status)
    return kind(headers=headers) if kind else _Other(status, name, headers or {})
