"""What a function needs beside its data, given by the type it is annotated with.

::

    def export_todos(caller: Caller, database: Database) -> Result: ...

`caller` and `database` are not in the contract, so they are filled from what the service provides.
The same goes for tasks. What nobody provides is an error at start, not at the first request.
"""

import inspect
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Dependencies:
    """The objects functions may ask for.

    :param singletons: each is given to parameters annotated with its type.
    :param per_call: by type (or union, as `Caller | None`), a function that returns the object of the present
        request or task.
    """

    def __init__(
        self, singletons: Iterable[object] = (), per_call: Mapping[Any, Callable[[], object]] | None = None
    ) -> None:
        self._per_call: dict[Any, Callable[[], object]] = dict(per_call or {})
        self._makers = self._per_call | {type(one): partial(_same, one) for one in singletons}

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
        self, function: Callable[..., Any], given: Collection[str], *, without: Collection[type] = ()
    ) -> Callable[..., Any]:
        """Return `function` with every parameter filled that is not among the names `given`.

        :param without: types that are not provided here, though they are elsewhere.

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
            # The annotations of a class are its attributes'; what it needs stands at its __init__.
            is_class = isinstance(function, type)
            hints = typing.get_type_hints(
                inspect.getattr_static(function, "__init__") if is_class else function
            )
        except NameError as error:
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
            elif parameter.default is parameter.empty and hint is None:
                faults.append(f"needs {parameter.name!r}, which is not given and has no type")
            elif parameter.default is parameter.empty:
                shown = inspect.formatannotation(hint)
                faults.append(f"needs {parameter.name!r}, of a type this service does not provide: {shown}")
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
        bound = self.bind(decorator, {wrapped}, without=tuple(self._per_call))

        @wraps(decorator)
        def decorate(function: Callable[..., Any]) -> Any:
            return bound(function)

        return decorate


def _same(one: object) -> object:
    return one
