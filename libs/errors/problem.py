"""What every error is that a client can see: an exception that carries its problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from libs.errors.correlation import new_request_id

JSON = dict[str, Any]

MAX_FAULTS = 50
"""Told of one request: no client reads more, and a hostile one should not buy a large answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request.

    `parameter` names a parameter; `pointer` is a JSON pointer (RFC 6901, ``/tags/0``) into its value, or into
    the body, where no parameter is named.
    """

    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def to_json(self) -> JSON:
        members = {"detail": self.detail, "pointer": self.pointer, "parameter": self.parameter}
        return {name: value for name, value in members.items() if value is not None}


class Problem(Exception):
    """An error that is answered as ``application/problem+json``.

    :param detail: one sentence for the developer of the client; never a secret or an exception's text.
    :param code: stable upper-case name, if the class's own is too general.
    :param errors: each single fault, where there can be several.
    :param headers: headers the answer must carry.
    :param extra: further members of the problem object.
    :param user_message: what to show to the person at the client, in the language it is to be read in; by
        default the service's own text for the code, if it brings one.

    `cookies` may be set to values of Set-Cookie that the answer must carry. `error_id` is known before the
    answer where another service has failed first, which named it.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    code: str = "INTERNAL_ERROR"
    cookies: Sequence[str] = ()
    error_id: str | None = None
    user_message: str | None = None
    remote_message: str | None = None
    """What another service, which has failed first, would have its user read."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
        user_message: str | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})
        if code is not None:
            self.code = code
        if user_message is not None:
            self.user_message = user_message

    def to_json(self) -> JSON:
        """Return the problem object, without the members only the answering service knows (request id …)."""
        body: JSON = {
            **self.extra,
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
        }
        if self.detail is not None:
            body["detail"] = self.detail
        if (told := self.user_message or self.remote_message) is not None:
            body["user_message"] = told
        if self.error_id is not None:
            body["error_id"] = self.error_id
        if self.errors:
            body["errors"] = [fault.to_json() for fault in self.errors]
        return body


def error_id_of(error: BaseException) -> str:
    """Return the id of a failure: that of the first of those it came of (`raise … from …`), or a fresh one.

    So what has failed in one service keeps its name in those that called it, and in theirs.
    """
    known: str | None = None
    met: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in met:
        met.add(id(one))
        known = (one.error_id if isinstance(one, Problem) else None) or known
        one = one.__cause__
    return known or new_request_id()
