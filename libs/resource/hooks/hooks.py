"""The hooks of a resource, put in order and checked at start; `hooks.events` says what they are."""

import inspect
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from libs.api import Result
from libs.errors import Problem
from libs.resource.hooks.events import ALL_NAMES, NAMES, ON_PROBLEM, Mark, Subject, check_runs, marked_methods
from libs.resource.hooks.pipeline import pipeline
from libs.resource.permissions import ACTIONS


class Hook:
    """A hook, to be called with at least the names it takes.

    :param function: the method, bound to its resource.
    :param names: what it takes of what it is called with.
    """

    __slots__ = ("function", "names")

    def __init__(self, function: Callable[..., Any], names: tuple[str, ...]) -> None:
        self.function = function
        self.names = names

    def __call__(self, **given: Any) -> Any:
        return self.function(**{name: given[name] for name in self.names})


class Hooks:
    """The hooks of one resource, found and checked once, at start.

    Call those of `before`, `after` and `after_parse` with all names their event has.

    :param enabled: the actions the resource has; None for those it has a method of the same name for.
    :raises TypeError: if a hook asks for what its event does not have, if two methods handle the same action
        or problem, or one an action that is not enabled.
    """

    def __init__(self, resource: object, enabled: Collection[str] | None = None) -> None:
        self._hooks: dict[tuple[str, str], tuple[Hook, ...]] = {}
        self._around: dict[str, tuple[Callable[..., Any], ...]] = {}
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._on_problem: dict[object, Hook] = {}
        if enabled is None:
            enabled = [action for action in ACTIONS if callable(getattr(resource, action, None))]
        for name, mark in marked_methods(type(resource)):
            self._add(mark, getattr(resource, name), enabled)
        self._entries = {
            action: pipeline(self._handlers.get(action) or getattr(resource, action), self.around(action))
            for action in enabled
        }

    def before(self, action: str) -> tuple[Hook, ...]:
        """Return what is called before an action."""
        return self._hooks.get(("before", action), ())

    def after(self, action: str) -> tuple[Hook, ...]:
        """Return what is called after an action."""
        return self._hooks.get(("after", action), ())

    def after_parse(self, action: str) -> tuple[Hook, ...]:
        """Return what is called with the parsed values of an action."""
        return self._hooks.get(("after_parse", action), ())

    def needs_item(self, action: str, *events: str) -> bool:
        """Tell whether a hook of an action asks for the row as a model object.

        :param events: of which events; all of them without any.
        """
        return any(
            "item" in hook.names
            for event in events or ("after_parse", "before", "after")
            for hook in self._hooks.get((event, action), ())
        )

    def around(self, action: str) -> tuple[Callable[..., Any], ...]:
        """Return the wrappers of an action, the outermost first; in `entry` they are in place."""
        return self._around.get(action, ())

    def handler(self, action: str) -> Callable[..., Any] | None:
        """Return the method that handles an action instead of the one of its name, if there is one."""
        return self._handlers.get(action)

    def entry(self, action: str) -> Callable[..., Any]:
        """Return what answers an enabled action: its handler inside its wrappers, with its signature."""
        return self._entries[action]

    def on_problem(self, problem: Problem) -> Callable[..., Problem | Result] | None:
        """Return what answers a problem, to be called with ``caller`` and ``action``, or None."""
        kinds: tuple[object, ...] = (*type(problem).__mro__, problem.status)
        hook = next((self._on_problem[kind] for kind in kinds if kind in self._on_problem), None)
        return None if hook is None else partial(_answer, hook, problem)

    def _add(self, mark: Mark, method: Callable[..., Any], enabled: Collection[str]) -> None:
        event, subject = mark.event, mark.subject
        check_runs(method, may_generate=event == "handles")
        where = f"{method.__qualname__}: @{event}({_text(subject)})"
        if event == "on_problem":
            if subject in self._on_problem:
                raise TypeError(_twice(where, self._on_problem[subject].function))
            self._on_problem[subject] = _hook(method, ON_PROBLEM, where)
            return
        action = str(subject)
        if event == "around":
            self._around[action] = (*self.around(action), method)
        elif event == "handles":
            if action not in enabled:
                raise TypeError(f"{where}, and the resource has no such action")
            if action in self._handlers:
                raise TypeError(_twice(where, self._handlers[action]))
            self._handlers[action] = method
        else:
            hook = _hook(method, NAMES[event][action], where)
            self._hooks[event, action] = (*self._hooks.get((event, action), ()), hook)


def _hook(method: Callable[..., Any], names: Collection[str], where: str) -> Hook:
    taken = []
    for parameter in inspect.signature(method).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{where} must take its arguments by name; there are {', '.join(sorted(names))}")
        if parameter.name in names:
            taken.append(parameter.name)
        elif parameter.default is parameter.empty or parameter.name not in ALL_NAMES:
            raise TypeError(f"{where} has no {parameter.name!r}, but {', '.join(sorted(names))}")
    return Hook(method, tuple(taken))


def _answer(hook: Hook, problem: Problem, **given: Any) -> Problem | Result:
    answer = hook(problem=problem, **given)
    if isinstance(answer, (Problem, Result)):
        return answer
    name, kind = getattr(hook.function, "__qualname__", hook.function), type(answer).__name__
    raise TypeError(f"{name} answered a problem with a {kind} instead of a Problem or a Result")


def _twice(where: str, other: Callable[..., Any]) -> str:
    name = getattr(other, "__qualname__", other)
    return f"{where}, and so does {name}: a method overrides another under the same name only"


def _text(subject: Subject) -> str:
    return subject.__name__ if isinstance(subject, type) else repr(subject)
