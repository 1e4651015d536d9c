"""The problems of operations in a document: one shared response a status, and which follow by themselves."""

from collections.abc import Iterable, Mapping

from libs.api.binding.operation import Operation
from libs.api.document.grammar import OPENAPI_3, parts
from libs.api.schema import JSON
from libs.errors import (
    BadRequest,
    BodyTooLarge,
    Conflict,
    Forbidden,
    InvalidBody,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    RequestTimeout,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)

PROBLEM: JSON = {
    "type": "object",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable name of the error, for programs."},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "error_id": {
            "type": "string",
            "description": "Of a 5xx: names the failure in the logs of all services it has passed.",
        },
        "user_message": {
            "type": "string",
            "description": "To be shown to a person, in a language of Accept-Language if it can be.",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "JSON pointer into the body."},
                    "parameter": {"type": "string"},
                },
            },
        },
    },
}
"""The component schema `Problem` (RFC 9457)."""

_CONTENT: JSON = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_TOLD: Mapping[type[Problem], str] = {
    BadRequest: "The request is malformed, or its parameters are not what they should be.",
    Unauthorized: "Who is calling is not known.",
    Forbidden: "The caller is known, and not allowed.",
    NotFound: "It is not there, or not there for this caller.",
    RequestTimeout: "The body stopped coming.",
    Conflict: "It clashes with what is stored.",
    PreconditionFailed: "What is there is not what If-Match says.",
    BodyTooLarge: "The body is too large.",
    UnsupportedMediaType: "The body is of a type that is not taken.",
    InvalidBody: "It is well-formed, and cannot be done: `code` says why.",
    PreconditionRequired: "The request must say by If-Match which state it is about.",
    TooManyRequests: "The caller has asked too often.",
    ServiceUnavailable: "A part that is needed does not answer; try again.",
}
_RETRY_AFTER: JSON = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
_RATE_LIMIT: JSON = {
    "RateLimit": {
        "description": "Of each limit how many requests are left (`r`), and in how many seconds more (`t`).",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": "Of each limit how many requests (`q`) there may be in how many seconds (`w`).",
        "schema": {"type": "string"},
    },
}
_HEADERS: Mapping[type[Problem], JSON] = {
    Unauthorized: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    ServiceUnavailable: _RETRY_AFTER,
    TooManyRequests: {**_RETRY_AFTER, **_RATE_LIMIT},
}

_NAMES: Mapping[int, str] = {kind.status: kind.__name__ for kind in _TOLD} | {422: "Unprocessable"}
RESPONSES: Mapping[str, JSON] = {
    _NAMES[kind.status]: {
        "description": told,
        "content": _CONTENT,
        **({"headers": _HEADERS[kind]} if kind in _HEADERS else {}),
    }
    for kind, told in _TOLD.items()
}
"""Component responses by name, such as ``NotFound``."""

ANY_OTHER: JSON = {"description": "A problem.", "content": _CONTENT}
_OF_ANY_REQUEST = (BadRequest,)
_OF_BODIES = (BadRequest, RequestTimeout, BodyTooLarge, UnsupportedMediaType, InvalidBody)


def problem_responses(*kinds: type[Problem]) -> JSON:
    """Return the members of a Responses Object for these problems.

    :raises KeyError: for one that no document names.
    """
    statuses = sorted({kind.status for kind in kinds})
    return {str(one): {"$ref": f"#/components/responses/{_NAMES[one]}"} for one in statuses}


def derived_responses(
    *,
    token: bool,
    scopes: Iterable[str],
    in_path: bool,
    body: bool,
    limited: bool = False,
    keyed: bool = False,
) -> JSON:
    """Return the problems of an operation that follow from what it takes.

    :param token: whether it looks at a token, or a decorator at something else.
    :param scopes: those the token must hold.
    :param in_path: whether there are parameters in its path.
    :param limited: whether it may be called so and so often.
    :param keyed: whether it heeds Idempotency-Key.
    """
    kinds: list[type[Problem]] = [*_OF_ANY_REQUEST, *(_OF_BODIES if body else ())]
    kinds += [Unauthorized] if token else []
    kinds += [Forbidden] if scopes or keyed else []
    kinds += [NotFound] if in_path else []
    kinds += [TooManyRequests] if limited else []
    kinds += [Conflict, InvalidBody, ServiceUnavailable] if keyed else []
    return problem_responses(*kinds)


def declare_problems(node: JSON, operation: Operation) -> None:
    """Add the problems that follow by themselves to those an Operation Object names."""
    security = operation.security
    derived = derived_responses(
        token=bool(security.tokens or security.elsewhere),
        scopes=security.scopes,
        in_path=any(one.location == "path" for one in operation.parameters),
        body=operation.body is not None,
        limited=bool(operation.limits),
        keyed=operation.keyed is not None,
    )
    responses = {**derived, "default": ANY_OTHER, **node["responses"]}
    if operation.limits:
        responses = {status: _with_rate_limit(one) for status, one in responses.items()}
    node["responses"] = dict(sorted(responses.items()))


def _with_rate_limit(response: JSON) -> JSON:
    # One that is shared may be that of an operation without a limit, too.
    if "$ref" in response:
        return response
    return {**response, "headers": {**_RATE_LIMIT, **response.get("headers", {})}}


def lend_responses(components: JSON) -> set[str]:
    """Put the shared responses into a document that has none of the name; return the names."""
    responses: JSON = components.setdefault("responses", {})
    lent = RESPONSES.keys() - responses.keys()
    responses.update({name: response for name, response in RESPONSES.items() if name in lent})
    return lent


def drop_unused(document: JSON, lent: set[str]) -> None:
    """Take the shared responses out again that nothing refers to."""
    responses: JSON = document["components"]["responses"]
    used = {part.node.get("$ref") for part in parts(document, OPENAPI_3) if part.kind == "response"}
    for name in lent:
        if f"#/components/responses/{name}" not in used:
            del responses[name]
    if not responses:
        del document["components"]["responses"]
