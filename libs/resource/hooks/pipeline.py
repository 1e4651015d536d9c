"""A handler inside wrappers, each of which may change its arguments, its answer, or answer instead."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def pipeline(handler: Callable[..., Any], wrappers: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    """Return `handler` inside its wrappers, with the handler's signature.

    A wrapper takes ``call`` and, by name, the arguments it wants to know; ``**rest`` are all others.
    ``call()`` goes on with the arguments as they are, ``call(limit=5)`` with some of them changed.

    :param wrappers: the outermost first.
    :raises TypeError: if a wrapper does not take ``call``, or takes an argument without a default that the
        handler has not.
    """
    if not wrappers:
        return handler
    signature = inspect.signature(handler)
    names = [one.name for one in signature.parameters.values() if one.kind in _BY_NAME]
    rest = next((one.name for one in signature.parameters.values() if one.kind is one.VAR_KEYWORD), None)
    if len(names) + (rest is not None) < len(signature.parameters) or "call" in names:
        raise TypeError(
            f"{_name(handler)} cannot be wrapped: its arguments must have names, and none be 'call'"
        )
    step = handler
    for wrapper in reversed(wrappers):
        step = _step(wrapper, step, None if rest else names, _name(handler))

    @wraps(handler)
    def entry(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        if rest:
            arguments.update(arguments.pop(rest))
        return step(**arguments)

    return entry


def _step(
    wrapper: Callable[..., Any], inner: Callable[..., Any], names: list[str] | None, handler: str
) -> Callable[..., Any]:
    parameters = inspect.signature(wrapper).parameters.values()
    takes_all = any(one.kind is one.VAR_KEYWORD for one in parameters)
    wanted = [one for one in parameters if one.kind is not one.VAR_KEYWORD]
    if "call" not in {one.name for one in wanted} or any(one.kind not in _BY_NAME for one in wanted):
        raise TypeError(f"{_name(wrapper)} must take 'call', and its other arguments by name")
    required = {one.name for one in wanted if one.default is one.empty} - {"call"}
    missing = sorted(required.difference(names)) if names is not None else []
    if missing:
        raise TypeError(
            f"{_name(wrapper)} takes {', '.join(missing)}; {handler} has {', '.join(names or ())}"
        )
    known = {one.name for one in wanted}

    def step(**arguments: Any) -> Any:
        def call(**changed: Any) -> Any:
            return inner(**{**arguments, **changed})

        given = arguments if takes_all else {name: arguments[name] for name in arguments if name in known}
        return wrapper(call=call, **given)

    return step


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", function))
