"""``@asynctask``: a function that is run later, by a worker, when it is called in a request or a task."""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, overload

import orjson

from libs.api import dump_json
from libs.errors import Problem

if TYPE_CHECKING:
    from libs.tasks.runtime import TaskRuntime

LONGEST_WAIT_SECONDS = 300.0

active_runtime: ContextVar["TaskRuntime | None"] = ContextVar("task_runtime", default=None)


class Task:
    """What ``@asynctask`` makes of a function.

    :param attempts: how often it is tried before it has failed for good. A try counts from its claim, also if
        the worker dies right after.
    :param retry_seconds: the wait after the first failed try; it doubles with each, up to five minutes.
    :param timeout: seconds one try may take; then it is ended as failed, if need be with its process.
    """

    def __init__(
        self, function: Callable[..., Any], *, attempts: int, retry_seconds: float, timeout: float
    ) -> None:
        self.function = function
        self.attempts = attempts
        self.retry_seconds = retry_seconds
        self.timeout = timeout
        self.name = f"{function.__module__}.{function.__qualname__}"
        self._signature = inspect.signature(function)
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In a request or a task, store and queue the call and return its `Operation`; else, just run it.

        :raises TypeError: for an argument the function does not take or that has no JSON form.
        """
        runtime = active_runtime.get()
        if runtime is None:
            return self.function(*args, **kwargs)
        bound = self._signature.bind_partial(*args, **kwargs)
        return runtime.submit(self, orjson.loads(dump_json(bound.arguments)))

    def arguments_given(self, provided: Callable[[Any], bool]) -> set[str]:
        """Return the names of the parameters the caller gives: those not annotated with a provided type."""
        hints = inspect.get_annotations(self.function, eval_str=True)
        return {name for name in self._signature.parameters if not provided(hints.get(name))}

    def arguments_required(self, provided: Callable[[Any], bool]) -> set[str]:
        """Return those of them that have no default."""
        given = self.arguments_given(provided)
        return {name for name in given if self._signature.parameters[name].default is inspect.Parameter.empty}

    def retry_after(self, error: Exception, attempt: int) -> float | None:
        """Return the seconds to wait before the next try, or None if there shall be none.

        A problem of the client's making (4xx) stays one however often it is tried.
        """
        hopeless = isinstance(error, Problem) and error.status < 500
        if hopeless or attempt >= self.attempts:
            return None
        return float(min(self.retry_seconds * 2.0 ** min(attempt - 1, 30), LONGEST_WAIT_SECONDS))


@overload
def asynctask(function: Callable[..., Any], /) -> Task: ...
@overload
def asynctask(
    *, attempts: int = ..., retry_seconds: float = ..., timeout: float = ...
) -> Callable[[Callable[..., Any]], Task]: ...
def asynctask(
    function: Callable[..., Any] | None = None,
    /,
    *,
    attempts: int = 5,
    retry_seconds: float = 2.0,
    timeout: float = 600.0,
) -> Task | Callable[[Callable[..., Any]], Task]:
    """Make a function an async task; with or without arguments, which are those of `Task`."""

    def make(one: Callable[..., Any]) -> Task:
        return Task(one, attempts=attempts, retry_seconds=retry_seconds, timeout=timeout)

    return make if function is None else make(function)
