"""Answers as they are kept for requests that come again, and what they become then."""

import zlib
from collections.abc import Mapping
from typing import Any

import orjson
from werkzeug import Response
from werkzeug.datastructures import Headers

from libs.api.idempotency.declaration import REPLAYED
from libs.errors import Conflict, Fault, Problem

MOST_BYTES = 300_000
"""The longest answer that is kept, compressed: an item has 400 KB (AWS)."""
_MOST_TOLD = 50_000
"""The longest of all that is not the body, in bytes. What is left is for the marks of rows."""

NOT_KEPT = frozenset({401, 403, 408, 425, 429})
"""Refusals that may be none when the same is sent again: nothing was done, and the key is free again."""

Attributes = dict[str, dict[str, Any]]
"""Of a record: what is stored of an answer."""


def is_final(status: int, headers: Mapping[str, str] | Headers) -> bool:
    """Tell whether an answer would be the same however often the request came.

    A refusal with `Retry-After` says by itself that it would not; a 202 with it was done.
    """
    if status >= 400 and any(name.lower() == "retry-after" for name in headers.keys()):  # noqa: SIM118
        return False
    return status < 500 and status not in NOT_KEPT


def of_answer(answer: Response) -> Attributes:
    """Return what is stored of an answer.

    One that is a stream, is too long, sets cookies or is to be stored by nobody (`Cache-Control: no-store`)
    is not kept; that it was given is.
    """
    told = {"status": answer.status_code, "headers": list(answer.headers)}
    if not answer.is_streamed and not _is_secret(answer.headers):
        body = zlib.compress(answer.get_data(), 1)
        if len(body) <= MOST_BYTES and (text := _text("answer", told)) is not None:
            return {"answer": {"S": text}, "body": {"B": body}}
    return of_untold(answer.headers)


def of_untold(headers: Headers | None = None) -> Attributes:
    """Return what is stored where an answer is not: that one was given.

    :param headers: of the answer, whose `Location` is where to look.
    """
    location = None if headers is None else headers.get("Location")
    return {"answer": {"S": _text("untold", {"location": location}) or _UNTOLD}}


def of_problem(problem: Problem) -> Attributes:
    """Return what is stored of a refusal."""
    if problem.cookies or _is_secret(Headers(list(problem.headers.items()))):
        return of_untold()
    told = {
        "status": problem.status,
        "title": problem.title,
        "code": problem.code,
        "detail": problem.detail,
        "errors": [one.to_json() for one in problem.errors],
        "headers": problem.headers,
        "extra": problem.extra,
        "user_message": problem.user_message,
    }
    return {"answer": {"S": _text("problem", told) or _UNTOLD}}


class Replayed(BaseException):
    """Ends a request that was answered before.

    It leaves through all that goes around the operation, which had its part in that answer; so it is no
    `Exception`, which something there might take for a failure.

    :param item: the record.
    """

    def __init__(self, item: Mapping[str, Any]) -> None:
        super().__init__("it was answered before")
        self.item = item


def replay(item: Mapping[str, Any]) -> Response:
    """Return the answer that was stored.

    :raises Problem: that was stored; or IDEMPOTENCY_ANSWER_NOT_KEPT.
    """
    kind, told = orjson.loads(item["answer"]["S"])
    if kind == "answer":
        headers = Headers([(name, value) for name, value in told["headers"]])
        headers[REPLAYED] = "true"
        answer = Response(zlib.decompress(item["body"]["B"]), told["status"])
        answer.headers = headers
        return answer
    if kind == "problem":
        raise _Again(told)
    location = told.get("location")
    raise Conflict(
        "It was done before, and its answer was not kept. Look at what is there.",
        code="IDEMPOTENCY_ANSWER_NOT_KEPT",
        headers={REPLAYED: "true", **({"Location": location} if location else {})},
    )


class _Again(Problem):
    """A problem that was told before."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.__dict__.update(status=told["status"], title=told["title"])
        super().__init__(
            told["detail"],
            code=told["code"],
            errors=[Fault(**one) for one in told["errors"]],
            headers={**told["headers"], REPLAYED: "true"},
            extra=told["extra"],
            user_message=told["user_message"],
        )


def _is_secret(headers: Headers) -> bool:
    return "Set-Cookie" in headers or "no-store" in headers.get("Cache-Control", "").lower()


def _text(kind: str, told: Mapping[str, Any]) -> str | None:
    """Return it as JSON; None if it has no such form, or is too long."""
    try:
        text = orjson.dumps([kind, told])
    except TypeError:
        return None
    return text.decode() if len(text) <= _MOST_TOLD else None


_UNTOLD = '["untold",{}]'
