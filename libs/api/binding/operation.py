"""An operation: what one method of one path takes, who may call it, and the function that answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Request

from libs.api.binding.rate_limits import RateLimit
from libs.api.binding.security import Security
from libs.api.schema import JSON
from libs.api.wire.answers import Answers
from libs.api.wire.bodies import Body
from libs.api.wire.parameters import Parameters


@dataclass(frozen=True)
class Result:
    """An answer that is more than a body.

    :param body: what `media_type` takes: anything that has a JSON form; for other types text, bytes, an
        iterable of bytes, or a binary file, which is closed when it has been sent.
    :param status: HTTP status; None for the one the contract declares.
    :param media_type: None for the one the contract declares for the status.
    :param cookies: the values of Set-Cookie, the one header whose lines cannot be made one (RFC 9110
        section 5.3).
    """

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    cookies: Sequence[str] = ()


@dataclass(frozen=True)
class Operation:
    """One operation of a contract, ready to be called.

    :param method: in upper case.
    :param path: as requests have it, with the base path: ``/v1/todos/{todo_id}``.
    :param place: the same path as the document has it: ``/todos/{todo_id}``.
    :param nothing: the status where a handler returns nothing: 204, if that is declared.
    :param kinds: for each schema that an answer is declared as, the names of the objects that may be it.
    :param call: takes the parameters and `body` as keyword arguments; returns a `Result` or the body of one.
    :param enter: where there are decorators before validation, takes the request, and goes on as its environ
        says (`libs.api.binding.decorators.ANSWER`).
    :param limits: how often one caller may call it; as often as wanted, if empty.
    :param report_slow_milliseconds: what takes longer is reported, 0 for never; None as the service has it.
    :param keyed: whether it heeds Idempotency-Key, and how (`libs.api.idempotency.declaration`); None if not.
    :param contributed: whether it comes from code, such as a resource, and may answer other statuses than its
        document says.
    """

    operation_id: str
    method: str
    path: str
    place: str
    security: Security
    parameters: Parameters
    body: Body | None
    answers: Answers
    nothing: int
    kinds: Mapping[str, frozenset[str]]
    call: Callable[..., Any]
    enter: Callable[[Request], Any] | None = None
    limits: tuple[RateLimit, ...] = ()
    report_slow_milliseconds: int | None = None
    keyed: str | None = None
    contributed: bool = False


@dataclass(frozen=True)
class Contribution:
    """Operations that come from code and not from the contract's file.

    :param paths: OpenAPI Path Items by path.
    :param functions: the function that answers, by operation id.
    :param schemas: component schemas the paths refer to.
    :param tags: OpenAPI Tag Objects of what the operations are grouped under; where the contract's file has a
        tag of that name, that is kept.
    """

    paths: JSON
    functions: Mapping[str, Callable[..., Any]]
    schemas: JSON = field(default_factory=dict)
    tags: Sequence[JSON] = ()
