"""What a function needs beside its data, given by the type it is annotated with.

::

    def export_todos(caller: Caller, database: Database) -> Result: ...

`caller` and `database` are not in the contract, so they are filled from what the service provides.
The same goes for tasks. What nobody provides is an error at start, not at the first request.
"""

import inspect
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial, wraps
from types import UnionType
from typing import Any, TypeVar, cast
from uuid import UUID

from werkzeug import Request

from libs.api.document.errors import suggestion
from libs.api.objects.object import ApiObject

T = TypeVar("T")

_NONE: Mapping[Any, str] = {}
_DATA = {str, int, float, bool, bytes, list, dict, date, datetime, Decimal, UUID, Any, type(None)}
"""Types of what is sent, which no service provides."""


class Dependencies:
    """The objects functions may ask for.

    :param singletons: each is given to parameters annotated with its type.
    :param per_call: by type (or union, as `Caller | None`), a function that returns the object of the present
        request or task.
    :param by_type: objects that are given to parameters annotated with another type than their own.
    :param absent: types that are not provided, though they could be, and why.
    """

    def __init__(
        self,
        singletons: Iterable[object] = (),
        per_call: Mapping[Any, Callable[[], object]] | None = None,
        by_type: Mapping[Any, object] | None = None,
        absent: Mapping[Any, str] = _NONE,
    ) -> None:
        self._absent = absent
        self._per_call: dict[Any, Callable[[], object]] = dict(per_call or {})
        always = dict(by_type or {}) | {type(one): one for one in singletons}
        self._makers = self._per_call | {kind: partial(_same, one) for kind, one in always.items()}

    def provides(self, kind: Any) -> bool:
        """Tell whether parameters annotated with `kind` are filled."""
        return kind in self._makers

    def make(self, kind: type[T]) -> T:
        """Return the provided object of this class or, if there is none, a new one with its needs filled.

        :raises TypeError: if it needs what nobody provides.
        """
        maker = self._makers.get(kind) or self.bind(kind, ())
        return cast(T, maker())

    def bind(
        self, function: Callable[..., Any], given: Collection[str], *, without: Mapping[Any, str] = _NONE
    ) -> Callable[..., Any]:
        """Return `function` with every parameter filled that is not among the names `given`.

        :param without: types that are not provided here, though they are elsewhere, and why.
        :raises TypeError: if it is no function, does not take a given name, or needs what nobody provides;
            all faults in one message.
        """
        module, kind = getattr(function, "__module__", ""), type(function).__name__
        name = f"{module}.{getattr(function, '__qualname__', kind)}".removeprefix(".")
        if not callable(function):
            raise TypeError(f"is bound to something of the type {kind}, which is no function")
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"{name} is `async def`; functions here are called, not awaited: write `def`")
        try:
            hints = typing.get_type_hints(_annotated(function))
        except (NameError, AttributeError, SyntaxError) as error:
            raise TypeError(f"{name} is annotated with what cannot be found: {error}") from None
        parameters = inspect.signature(function).parameters
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        faults = (
            [] if takes_any else [f"does not take {one!r}" for one in sorted(given) if one not in parameters]
        )
        makers: dict[str, Callable[[], object]] = {}
        for parameter in parameters.values():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            if parameter.kind is parameter.POSITIONAL_ONLY:
                faults.append(f"takes {parameter.name!r} by its position alone; arguments are given by name")
                continue
            if parameter.name in given:
                continue
            hint = hints.get(parameter.name)
            maker = None if hint in without else self._makers.get(hint)
            if maker is not None:
                makers[parameter.name] = maker
            elif parameter.default is parameter.empty:
                near = suggestion(parameter.name, [one for one in given if one not in parameters])
                why = without.get(hint) or self._absent.get(hint) or _lacking(hint, near)
                faults.append(f"needs {parameter.name!r}, {why}")
        if faults:
            raise TypeError(f"{name} {'; '.join(faults)}")
        if not makers:
            return function

        @wraps(function)
        def filled(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs, **{name: maker() for name, maker in makers.items()})

        return filled

    def bind_decorator(self, decorator: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return a decorator with all but its first parameter filled, once.

        :raises TypeError: as `bind` does; what there is for each request is not provided.
        """
        if not callable(decorator):
            kind = type(decorator).__name__
            raise TypeError(f"is decorated with something of the type {kind}, which is no function")
        wrapped = next(iter(inspect.signature(decorator).parameters), "function")
        why = "which is there for a request alone: let the function it returns look at current_caller()"
        bound = self.bind(decorator, {wrapped}, without=dict.fromkeys(self._per_call, why))

        @wraps(decorator)
        def decorate(function: Callable[..., Any]) -> Any:
            return bound(function)

        return decorate


def _annotated(function: Callable[..., Any]) -> Any:
    """Return where the annotations of what a call of `function` takes are."""
    if isinstance(function, type):  # its own are those of its attributes
        return inspect.getattr_static(function, "__init__")
    if isinstance(function, partial):
        return _annotated(function.func)
    return function if inspect.isroutine(function) else type(function).__call__


def _lacking(hint: Any, near: str) -> str:
    """Return what is told of a parameter that nothing fills.

    :param hint: the type it is annotated with; None if it has none.
    :param near: the name that is given and was perhaps meant.
    """
    if hint is None:
        return f"which is not given{near} and has no type"
    members = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, UnionType) else (hint,)
    kinds = [typing.get_origin(one) or one for one in members]
    if near or all(one in _DATA or (isinstance(one, type) and issubclass(one, ApiObject)) for one in kinds):
        return f"which is not given{near}"
    if any(isinstance(one, type) and issubclass(one, Request) for one in kinds):
        return (
            "and no request is given: declare what it looks at as parameters and body, or look at it in a "
            "decorator marked @before_validation"
        )
    return f"of a type this service does not provide: {inspect.formatannotation(hint)}"


def _same(one: object) -> object:
    return one
