"""An operation: what one method of one path takes, who may call it, and the function that answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.api.parameters import Parameter
from libs.api.schemas import JSON, Schema

JSON_MEDIA_TYPE = "application/json"
METHODS = ("get", "put", "post", "patch", "delete")
"""What a Path Item is read for; the other methods are not served."""


@dataclass(frozen=True)
class Result:
    """An answer that is more than a body.

    :param body: anything the JSON encoder takes; for another `media_type` text, bytes,
        or an iterable of bytes.
    :param status: HTTP status; None for the one the contract declares.
    """

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON_MEDIA_TYPE


@dataclass(frozen=True)
class Body:
    """The JSON body an operation takes.

    :param model: name of the component schema it is, if it is one.
    """

    required: bool
    schema: Schema
    model: str | None


@dataclass(frozen=True)
class Operation:
    """One operation of a contract, ready to be called.

    :param path: as in the contract: ``/todos/{todo_id}``.
    :param scopes: what the caller's token must hold; None if the operation is public.
    :param status: the success status the contract declares.
    :param answers: the schema of the JSON body by status, for checking answers.
    :param call: takes the parameters and `body` as keyword arguments; returns a `Result` or a JSON body.
    :param token_optional: whether callers who send no token are served, too; a token sent must be valid.
    """

    operation_id: str
    method: str
    path: str
    scopes: frozenset[str] | None
    parameters: tuple[Parameter, ...]
    body: Body | None
    status: int
    answers: Mapping[int, Schema]
    call: Callable[..., Any]
    token_optional: bool = False


@dataclass(frozen=True)
class Contribution:
    """Operations that come from code and not from the contract's file.

    :param paths: OpenAPI Path Items by path.
    :param functions: the function that answers, by operation id.
    :param schemas: component schemas the paths refer to.
    """

    paths: JSON
    functions: Mapping[str, Callable[..., Any]]
    schemas: JSON = field(default_factory=dict)


def arguments(parameters: Iterable[Parameter], body: bool) -> set[str]:
    """Return the names of the arguments a contract gives its handler."""
    return {parameter.argument for parameter in parameters} | ({"body"} if body else set())
