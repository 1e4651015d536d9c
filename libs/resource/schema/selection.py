"""Which attributes a serializer shows or a parser takes, and the methods that are keys of their own."""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from pynamodb.models import Model

from libs.resource.hooks.events import check_runs


class Selection:
    """What serializers and parsers have in common.

    `attributes` are those there are instead of the default; on top of either `include` adds and `exclude`
    takes away. What a class inherits it may replace; ``name = None`` ends an inherited method.
    """

    attributes: ClassVar[tuple[str, ...] | None] = None
    include: ClassVar[tuple[str, ...]] = ()
    exclude: ClassVar[tuple[str, ...]] = ()


def selected(selection: Selection, default: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Return the names of a selection in its order, each once.

    :param default: what it begins with where it has no `attributes`.
    :param known: the names it may use.
    :raises TypeError: if it uses others, or an option is not a tuple of names.
    """
    kind = type(selection).__name__
    options = {name: getattr(selection, name) for name in ("attributes", "include", "exclude")}
    if options["attributes"] is None:
        options["attributes"] = tuple(default)
    for option, names in options.items():
        if not isinstance(names, (tuple, list, set, frozenset)):
            raise TypeError(f"{kind}.{option} must be a tuple of names, not {names!r}")
        unknown = sorted(set(names) - set(known))
        if unknown:
            raise TypeError(f"{kind}.{option} has no {', '.join(unknown)} to choose from {', '.join(known)}")
    chosen = dict.fromkeys((*options["attributes"], *options["include"]))
    return tuple(name for name in chosen if name not in options["exclude"])


def public_methods(selection: Selection, kind: type[Selection]) -> dict[str, Callable[..., Any]]:
    """Return the public methods a selection has beyond its `kind`: bases first, then as defined.

    :raises TypeError: for a public attribute that is neither a method nor an option: it is likely misspelt.
    """
    options = {name for one in kind.__mro__ for name in vars(one)}
    found: dict[str, None] = {}
    for one in reversed(type(selection).__mro__):
        for name, value in vars(one).items():
            if name.startswith("_") or name in options:
                continue
            if inspect.isfunction(value) or isinstance(value, (staticmethod, classmethod)):
                found[name] = None
            elif value is None and name in found:
                del found[name]
            else:
                raise TypeError(f"{one.__qualname__}.{name} is neither a method nor an option")
    return {name: getattr(selection, name) for name in found}


def check_takes(method: Callable[..., Any], *names: str) -> None:
    """:raises TypeError: if `method` cannot be called with these arguments in order, or would not run."""
    check_runs(method)
    try:
        inspect.signature(method).bind(*names)
    except TypeError as error:
        raise TypeError(f"{method.__qualname__} must take {', '.join(names)}: {error}") from None


def readable_writable(
    model: type[Model], rest_rw: Mapping[str, bool | tuple[bool, bool]] | None = None
) -> dict[str, tuple[bool, bool]]:
    """Return of each attribute whether clients may read it, and whether they may write it.

    All may unless a model, or one it inherits from, says else: ``fields_rw = {"secret": False,
    "id": (True, False)}``; one bool is for both.

    :param rest_rw: what a resource says, in the same form; it goes before what the model says.
    :raises TypeError: for what is no attribute of the model, and what is neither a bool nor two.
    """
    merged = inherited_rw(model, "fields_rw")
    merged.update(rest_rw or {})
    unknown = sorted(set(merged) - set(model.get_attributes()))
    if unknown:
        raise TypeError(f"{model.__name__} has no attribute {', '.join(unknown)} to be read or written")
    made = dict.fromkeys(model.get_attributes(), (True, True))
    for name, value in merged.items():
        pair = (value, value) if isinstance(value, bool) else value
        if not isinstance(pair, tuple) or [type(one) for one in pair] != [bool, bool]:
            raise TypeError(f"{model.__name__}.{name} may be (read, written), not {value!r}")
        made[name] = pair
    return made


def inherited_rw(kind: type, option: str) -> dict[str, bool | tuple[bool, bool]]:
    """Return the mapping a class has as its attribute `option`, over those of the classes it is made of."""
    merged: dict[str, bool | tuple[bool, bool]] = {}
    for one in reversed(kind.__mro__):
        merged.update(vars(one).get(option, {}))
    return merged
