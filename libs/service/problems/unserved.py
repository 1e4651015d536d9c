"""Answers to requests that have not come to the application, or whose answer has failed outside of it.

They have what every answer has: the shape and the language of the service's problems, the id of the request,
and the headers for browsers.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from werkzeug import Response
from werkzeug.datastructures import Headers
from werkzeug.http import http_date

from libs.errors import Problem, new_request_id, valid_request_id
from libs.service.problems.answers import PROBLEMS, ProblemAnswers
from libs.service.protection.cors import EXTENSION as CORS
from libs.service.protection.cors import Cors
from libs.service.protection.security_headers import EXTENSION as SECURITY
from libs.service.protection.security_headers import SecurityHeaders

REQUEST_ID_HEADER = "X-Request-ID"

_REQUEST_ID = re.compile(rb"\r\nx-request-id:[ \t]*([^\r\n]*)", re.IGNORECASE)
_LANGUAGE = re.compile(rb"\r\naccept-language:[ \t]*([^\r\n]*)", re.IGNORECASE)
_ORIGIN = re.compile(rb"\r\norigin:[ \t]*([^\r\n]*)", re.IGNORECASE)


def unserved(
    extensions: Mapping[str, Any],
    problem: Problem,
    *,
    request_id: str,
    instance: str | None = None,
    error_id: str | None = None,
    accept_language: str | None = None,
    origin: str | None = None,
) -> Response:
    """Return the answer.

    :param extensions: of the application, which say what its answers look like.
    :param instance: the path of the request, as far as it is known.
    :param error_id: of a failure (5xx), by which it is found.
    :param accept_language: the header of that name.
    :param origin: the header of that name.
    """
    answers: ProblemAnswers = extensions[PROBLEMS]
    security: SecurityHeaders = extensions.get(SECURITY) or SecurityHeaders()
    cors: Cors = extensions[CORS]
    answer = answers.response(
        problem,
        request_id=request_id,
        instance=instance,
        error_id=error_id,
        accept_language=accept_language,
    )
    headers = [*answer.headers.items(), (REQUEST_ID_HEADER, request_id)]
    answer.headers = Headers(cors.completed(origin, security.completed(headers, refused=True)))
    return answer


def refused_head(extensions: Mapping[str, Any], problem: Problem, head: bytes) -> tuple[Response, str]:
    """Return the answer to a request that nobody has read, and its id.

    :param head: as much of it as there is.
    """
    request_id = valid_request_id(_found(_REQUEST_ID, head)) or new_request_id()
    answer = unserved(
        extensions,
        problem,
        request_id=request_id,
        instance=_path(head),
        accept_language=_found(_LANGUAGE, head),
        origin=_found(_ORIGIN, head),
    )
    return answer, request_id


def _found(pattern: re.Pattern[bytes], head: bytes) -> str | None:
    found = pattern.search(head)
    return None if found is None else found[1].strip().decode("latin-1")


def _path(head: bytes) -> str | None:
    """Return the path of a request as it was sent, if that is there."""
    parts = head.split(b"\r\n", 1)[0].split(b" ")
    if len(parts) != 3 or not parts[1].startswith(b"/"):
        return None
    return quote(parts[1].partition(b"?")[0], safe="/%:@!$&'()*+,;=~-._")


def written(answer: Response, *, bodiless: bool) -> bytes:
    """Return an answer as it is sent, after which the connection is closed.

    :param bodiless: whether it is one to HEAD.
    """
    headers = [*answer.headers.items(), ("Date", http_date()), ("Connection", "close")]
    lines = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + (b"" if bodiless else answer.get_data())
