"""Methods of a resource, or of a mixin, that take part in its actions.

::

    class TodoResource(List, Create, Update, ModelResource):
        @before("create", "update")
        def not_at_night(self, caller: Caller) -> None:
            raise Forbidden("Go to bed.")       # a before hook vetoes with a Problem

        @around("list")
        def timed(self, call: Callable[..., Any], limit: int) -> Any:
            return call(limit=min(limit, 50))   # the other arguments stay; what it returns is the answer

A hook takes what it asks for by name. In the order of a request:

=========== ================================ =========================================================
event       actions                          names
=========== ================================ =========================================================
around      all                              ``call``, and the arguments of the action
after_parse create                           caller, body, values
after_parse update, replace                  caller, body, values, key, item
before      list, sample                     caller, query
before      group                            caller, query, field
before      stats                            caller, query, fields
before      create                           caller, body, values
before      retrieve                         caller, key
before      update, replace                  caller, body, values, key, item
before      delete                           caller, key, item
after       list, sample                     caller, query, items, result
after       group                            caller, query, items, result, field
after       stats                            caller, query, result, fields
after       create                           caller, body, values, item, result
after       retrieve                         caller, key, item, result
after       update, replace                  caller, body, values, key, item, changes, result
after       delete                           caller, key, item, result
on_problem  all                              problem, caller, action
=========== ================================ =========================================================

``values`` are the attributes the client sent, parsed, which after_parse and before hooks may change in place;
``changes`` are those that were written, with what the resource sets itself. ``item`` is the row as a model
object: before an action as it is stored, after it as it is then (of a delete, as it was). ``items`` are the
rows of a list, or the values of a group with their counts. ``result`` is the answer.

What before, after and after_parse hooks return is ignored. An after hook comes when the change is made: a
Problem that it raises is told and takes nothing back. A name that an event does not have is a `TypeError` at
start, unless it is another event's and has a default.

Hooks of one event run base classes first, then as defined; of wrappers the first is the outermost. A method
replaces the inherited one of its name in its place. Without a decorator it stays the hook that was, so that
no veto is lost by mistake; with decorators only these count; and ``name = None`` ends it.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from libs.errors import Problem
from libs.resource.permissions import ACTIONS

_ASKED, _BODY, _ROW = {"caller", "query"}, {"caller", "body", "values"}, {"caller", "key", "item"}
NAMES: Mapping[str, Mapping[str, Collection[str]]] = {
    "after_parse": {"create": _BODY, "update": _BODY | _ROW, "replace": _BODY | _ROW},
    "before": {
        "list": _ASKED,
        "create": _BODY,
        "retrieve": {"caller", "key"},
        "update": _BODY | _ROW,
        "replace": _BODY | _ROW,
        "delete": _ROW,
        "group": _ASKED | {"field"},
        "stats": _ASKED | {"fields"},
        "sample": _ASKED,
    },
    "after": {
        "list": _ASKED | {"items", "result"},
        "create": _BODY | {"item", "result"},
        "retrieve": _ROW | {"result"},
        "update": _BODY | _ROW | {"changes", "result"},
        "replace": _BODY | _ROW | {"changes", "result"},
        "delete": _ROW | {"result"},
        "group": _ASKED | {"items", "result", "field"},
        "stats": _ASKED | {"result", "fields"},
        "sample": _ASKED | {"items", "result"},
    },
    "around": dict.fromkeys(ACTIONS, ()),
    "handles": dict.fromkeys(ACTIONS, ()),
}
ON_PROBLEM = frozenset({"problem", "caller", "action"})
ALL_NAMES = ON_PROBLEM.union(*(names for event in NAMES.values() for names in event.values()))

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]
Subject = str | int | type[Problem]


@dataclass(frozen=True)
class Mark:
    """What a decorator leaves at a function: it is there for this event of this action, status or problem."""

    event: str
    subject: Subject


def before(*actions: str) -> Decorator[Function]:
    """Call the method before these actions, when the body is parsed; a Problem it raises is a veto."""
    return _marked("before", actions)


def after(*actions: str) -> Decorator[Function]:
    """Call the method after these actions have done their work."""
    return _marked("after", actions)


def after_parse(*actions: str) -> Decorator[Function]:
    """Call the method with the attributes that were sent, parsed; it may change ``values`` in place."""
    return _marked("after_parse", actions)


def around(*actions: str) -> Decorator[Function]:
    """Call the method instead of these actions; ``call`` goes on with the action, or with the next wrapper.

    ``call()`` passes all arguments on as they were; ``call(limit=5)`` passes some with other values.
    """
    return _marked("around", actions)


def handles(action: str) -> Decorator[Function]:
    """Let the method answer an action instead of the resource's method of that name."""
    return _marked("handles", (action,))


def on_problem(*kinds: type[Problem] | int) -> Decorator[Function]:
    """Call the method with a problem that is about to be answered.

    It returns the problem or `Result` to answer with.

    :param kinds: classes of problems, subclasses included, or statuses (400–599). The nearest class of a
        problem goes before the next, and any class before its status.
    """
    for kind in kinds:
        known = issubclass(kind, Problem) if isinstance(kind, type) else kind in range(400, 600)
        if not known:
            raise TypeError(f"@on_problem takes classes of Problems and statuses, 400 to 599, not {kind!r}")
    return _mark("on_problem", kinds)


def _marked(event: str, actions: tuple[str, ...]) -> Decorator[Function]:
    for action in actions:
        if action not in NAMES[event]:
            possible = ", ".join(sorted(NAMES[event]))
            raise TypeError(f"@{event} knows no action {action!r}, but {possible}")
    return _mark(event, actions)


def _mark(event: str, subjects: tuple[Subject, ...]) -> Decorator[Function]:
    if not subjects:
        raise TypeError(f"@{event} does not say when the method is to be called")

    def decorate(function: Function) -> Function:
        check_runs(function, may_generate=event == "handles")
        marks = (*getattr(function, "__hooked__", ()), *(Mark(event, subject) for subject in subjects))
        function.__hooked__ = tuple(dict.fromkeys(marks))  # type: ignore[attr-defined]
        return function

    return decorate


def check_runs(function: Callable[..., Any], *, may_generate: bool = False) -> None:
    """:raises TypeError: if a call would not run `function`, being async or, without leave, a generator."""
    inner = inspect.unwrap(getattr(function, "__func__", function))
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(f"{inner.__qualname__} is async, and would never be waited for")
    if inspect.isgeneratorfunction(inner) and not may_generate:
        raise TypeError(f"{inner.__qualname__} is a generator, and would never be run")


def marked_methods(kind: type) -> Iterator[tuple[str, Mark]]:
    """Yield the names of the methods of a class that are hooks: bases first, then as defined."""
    for name, marks in marked(kind, "__hooked__").items():
        if name in ACTIONS and any(mark.event != "handles" for mark in marks):
            raise TypeError(
                f"{kind.__qualname__}.{name} is a hook, and would replace the action of that name"
            )
        yield from ((name, mark) for mark in marks)


def marked(kind: type, label: str) -> dict[str, tuple[Any, ...]]:
    """Return what decorators left as `label` at the methods of a class: bases first, then as defined.

    A method that overrides one with marks has these unless it has its own; ``name = None`` ends it.
    """
    found: dict[str, tuple[Any, ...]] = {}
    for one in reversed(kind.__mro__):
        for name, value in vars(one).items():
            # A static method made of a marked one has it inside.
            marks = getattr(value, label, ()) or getattr(getattr(value, "__func__", None), label, ())
            if marks:
                found[name] = marks
            elif value is None:
                found.pop(name, None)
    return found
