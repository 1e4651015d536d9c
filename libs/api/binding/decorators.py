"""``x-decorate-server``: what goes around an operation, named in the contract.

A decorator takes a function and returns one. It goes around the handler, is called with the arguments the
contract gives, as keywords, and returns what the handler returns or something else::

    def logs_duration(handler):
        @wraps(handler)
        def timed(**arguments):
            started = time.perf_counter()
            try:
                return handler(**arguments)
            finally:
                logger.info("took %s s", time.perf_counter() - started)
        return timed

One that decides who may call must not wait for the request to be validated, and says so. It then goes around
validation, too, and what it wraps takes the request alone::

    @before_validation
    def asks_for_key(answer, keys: Keys):
        @wraps(answer)
        def asked(request):
            with acting_as(keys.owner(request.headers.get("X-API-Key"))):
                return answer(request)
        return asked

Where a request is answered as it was before (``x-idempotency-key``), that answer has gone through such a
decorator already: the function it wraps ends with an exception then that is no `Exception`.

What it needs beside the function is given to it once, at start, by its type.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from werkzeug import Request

from libs.api.binding.dependencies import Dependencies
from libs.api.binding.functions import find
from libs.api.schema import JSON

Function = Callable[..., Any]
Decorate = Callable[[Function], Function]
D = TypeVar("D", bound=Callable[..., Any])

_MARK = "__before_validation__"
ANSWER = "polymacaron.answer"
"""Where a request's WSGI environ keeps what decorators before validation go around."""


def before_validation(decorator: D) -> D:
    """Mark a decorator of ``x-decorate-server`` as one that runs before anything of the request is validated.

    The function it is given takes the `werkzeug.Request`, reads and validates parameters and body, calls the
    handler and returns what that returns. The service's own check of the token has been done by then.
    """
    setattr(decorator, _MARK, True)
    return decorator


def decorators(node: JSON, dependencies: Dependencies) -> tuple[list[Decorate], list[Decorate]]:
    """Take ``x-decorate-server`` from an Operation Object: those before validation, and those after.

    :raises ValueError: if it is neither a name nor a list of names.
    :raises LookupError: for a name nothing has.
    :raises TypeError: for what is no function, or needs what nobody provides.
    """
    names = node.pop("x-decorate-server", [])
    if isinstance(names, str):
        names = [names]
    if not isinstance(names, list):
        raise ValueError("x-decorate-server is neither the name of a decorator nor a list of names")  # noqa: TRY004
    before: list[Decorate] = []
    after: list[Decorate] = []
    for name in names:
        decorator = find(name)
        decorate = dependencies.bind_decorator(decorator)
        (before if getattr(decorator, _MARK, False) else after).append(decorate)
    return before, after


def decorated(function: Function, decorate: list[Decorate]) -> Function:
    """Return `function` with decorators around it, the first one outermost.

    :raises TypeError: if one of them does not return a function.
    """
    for one in reversed(decorate):
        function = one(function)
        if not callable(function):
            raise TypeError(
                f"the decorator {one.__qualname__} returned {type(function).__name__}, not a function"
            )
    return function


def entrance(before: list[Decorate]) -> Callable[[Request], Any] | None:
    """Return where a request enters an operation that has decorators before validation.

    They are put around it here and once, so that one may keep what it counts between requests.

    :raises TypeError: if one of them does not return a function.
    """
    return decorated(_answer, before) if before else None


def _answer(request: Request) -> Any:
    return request.environ[ANSWER](request)
