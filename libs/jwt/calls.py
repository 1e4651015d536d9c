"""Who is calling, in single words: the calls PyMacaron had, for code that is not handed a `Caller`.

They know the caller of the request or task they are called in, whatever else the process is doing: each
thread, greenlet and task has its own. Where nobody is known they say so with an empty answer. That is so in
a generator, too, whose parts are sent as an answer: it runs after the handler has returned, which has to give
it what it needs of the caller.
"""

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

from libs.errors import Unauthorized
from libs.errors.variable_scope import VariableScope
from libs.jwt.caller import Caller, current_caller
from libs.jwt.issuer import TokenIssuer
from libs.jwt.on_behalf import OnBehalf

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Identity:
    """How the service that is running knows callers, and whether it can make tokens.

    :param authenticate: turns a token into its caller or raises `Unauthorized`.
    :param issuer: signs tokens; None in a service that signs none.
    :param on_behalf: makes tokens to act with for a caller who has none here; None if there is no way to.
    """

    authenticate: Callable[[str], Caller]
    issuer: TokenIssuer | None = None
    on_behalf: OnBehalf | None = None


_identity: ContextVar[Identity | None] = ContextVar("identity", default=None)


def running_as(identity: Identity | None) -> VariableScope[Identity | None]:
    """Have `load_auth_token` and `generate_token` do as this service does, for the length of a with-block."""
    return VariableScope(_identity, identity)


@overload
def requires_auth(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def requires_auth(
    *, scopes: Iterable[str] = ..., roles: Iterable[str] = ...
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def requires_auth(
    function: Callable[..., Any] | None = None,
    /,
    *,
    scopes: Iterable[str] = (),
    roles: Iterable[str] = (),
) -> Any:
    """Let a function run for a known caller only, who has these scopes and roles::

        @requires_auth(scopes=["todos:export"])
        def export(...): ...

    It is for functions, and for operations by `x-decorate-server`. An operation's own `security` does the
    same and stands in the document, and comes before any look at the body.

    :raises Unauthorized: AUTHENTICATION_REQUIRED, where nobody is known.
    :raises Forbidden: if a scope or role is missing.
    """
    needed_scopes, needed_roles = tuple(scopes), tuple(roles)

    def decorate(wrapped: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(wrapped)
        def checked(*args: Any, **kwargs: Any) -> Any:
            caller = current_caller()
            if caller is None:
                raise Unauthorized("Send an access token.", code="AUTHENTICATION_REQUIRED")
            caller.require_scopes(*needed_scopes)
            caller.require_roles(*needed_roles)
            return wrapped(*args, **kwargs)

        return checked

    return decorate if function is None else decorate(function)


def get_userid(default: str = "") -> str:
    """Return the `sub` of the caller."""
    caller = current_caller()
    return caller.subject if caller else default


def get_user_token() -> str | None:
    """Return the caller's token; a task has none."""
    caller = current_caller()
    return caller.token if caller else None


def get_user_token_data() -> Mapping[str, Any]:
    """Return the claims of the caller's token, which are read-only; empty where there is none."""
    caller = current_caller()
    return caller.claims if caller else {}


def get_token_issuer() -> str | None:
    """Return the `iss` of the caller's token."""
    caller = current_caller()
    return caller.issuer if caller else None


def load_auth_token(token: str) -> Caller:
    """Return who `token` stands for, as the running service sees it.

    Nobody becomes the current caller by it; that is what `acting_as` is for, with its end.

    :raises Unauthorized: as `TokenVerifier.verify` does.
    """
    return _service().authenticate(token)


def generate_token(
    user_id: str,
    expire_in: int = 900,
    data: dict[str, Any] | None = None,
    *,
    audience: Iterable[str],
    scopes: Iterable[str] = (),
) -> str:
    """Return a token signed by the running service.

    :param expire_in: seconds until it expires.
    :param data: more claims.
    :raises RuntimeError: in a service that signs no tokens.
    :raises ValueError: as `TokenIssuer.issue` does.
    """
    issuer = _service().issuer
    if issuer is None:
        raise RuntimeError("this service signs no tokens: auth does")
    return issuer.issue(user_id, audience=audience, expires_in=expire_in, scopes=scopes, claims=data)


def token_for_call(audience: str) -> str | None:
    """Return the token to call a service of ours with, as the present caller; None where nobody is known.

    It is the one the caller came with. A caller who has none here, as in a task, is acted for (`OnBehalf`),
    where the running service can do that.

    :param audience: the name of the service that is called.
    :raises Forbidden, ServiceUnavailable: as `OnBehalf.token`.
    """
    caller, identity = current_caller(), _identity.get()
    if caller is None or caller.token is not None or identity is None or identity.on_behalf is None:
        return caller.token if caller else None
    return identity.on_behalf.token(caller, audience)


def token_refused(token: str) -> None:
    """Note that a token of `token_for_call` was not taken, so that the next call has another."""
    identity = _identity.get()
    if identity is not None and identity.on_behalf is not None:
        identity.on_behalf.forget(token)


def _service() -> Identity:
    identity = _identity.get()
    if identity is None:
        raise RuntimeError("no service is running here, so no tokens are known")
    return identity
