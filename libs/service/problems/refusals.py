"""What gunicorn finds wrong with a request, as problems."""

from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidHeader,
    InvalidHeaderName,
    InvalidHTTPVersion,
    InvalidRequestLine,
    InvalidRequestMethod,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ObsoleteFolding,
    ParseException,
    UnsupportedTransferCoding,
)

from libs.errors import (
    BadRequest,
    HeadersTooLarge,
    Problem,
    TransferCodingUnknown,
    UnmetExpectation,
    UriTooLong,
    VersionNotSupported,
)


class MalformedRequest(BadRequest):
    """The bytes that came are no request of HTTP/1.1 (RFC 9112)."""

    title, code = "Malformed request", "MALFORMED_REQUEST"


_LINE = "The request line is not what RFC 9112 section 3 asks for."
_HEADER = "A header is not what RFC 9112 section 5 asks for, or contradicts another one."
_REFUSALS: tuple[tuple[type[ParseException], type[Problem], str], ...] = (
    (LimitRequestLine, UriTooLong, "The request line is too long."),
    (LimitRequestHeaders, HeadersTooLarge, "There are too many headers, or they are too long."),
    (UnsupportedTransferCoding, TransferCodingUnknown, "Send a body as it is, or in chunks."),
    (ExpectationFailed, UnmetExpectation, "Only Expect: 100-continue is known."),
    (InvalidRequestLine, MalformedRequest, _LINE),
    (InvalidRequestMethod, MalformedRequest, _LINE),
    (InvalidHeader, MalformedRequest, _HEADER),
    (InvalidHeaderName, MalformedRequest, _HEADER),
    (ObsoleteFolding, MalformedRequest, _HEADER),
)


def refusal(error: BaseException) -> Problem | None:
    """Return the problem that a fault of a request's form is; None where `error` is none.

    gunicorn's own texts quote the request: tokens, too. They are for nobody.
    """
    if not isinstance(error, ParseException):
        return None
    if isinstance(error, InvalidResponseHeader | InvalidResponseHeaderName):
        return None  # ours
    if isinstance(error, InvalidHTTPVersion):
        # One that can be read is a tuple of numbers.
        if isinstance(error.version, tuple):
            return VersionNotSupported("Send HTTP/1.1.")
        return MalformedRequest(_LINE)
    for kind, problem, detail in _REFUSALS:
        if isinstance(error, kind):
            return problem(detail)
    return MalformedRequest("The body is not in chunks as RFC 9112 section 7.1 asks for.")
