"""``@asynctask``: a function that is run later, by a worker, when it is called in a request or a task."""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Literal, overload

from libs.errors import Problem
from libs.tasks.options import CallOptions
from libs.tasks.schedule import Schedule

if TYPE_CHECKING:
    from libs.tasks.runtime import TaskRuntime

LONGEST_WAIT_SECONDS = 300.0
_MOST_DIGITS = 6

Unique = Literal["arguments"] | Callable[[dict[str, Any]], str]
Upgrade = Callable[[dict[str, Any], int], dict[str, Any]]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

active_runtime: ContextVar["TaskRuntime | None"] = ContextVar("task_runtime", default=None)


class Task:
    """What ``@asynctask`` makes of a function.

    :param attempts: how often it is tried before it has failed for good: its first try counts. A try counts
        from its claim, also if the worker dies right after.
    :param retry_seconds: the wait after the first failed try; it doubles with each, up to five minutes.
    :param timeout: seconds one try may take; then it is ended as failed, if need be with its process.
    :param delay: seconds until a call may run.
    :param queue: the queue whose workers run it; without one it is the service's own.
    :param priority: 0 to 9, where 9 goes first.
    :param unique: while an operation with the same key is pending, a call returns that one and starts none.
        ``"arguments"``: the key is the caller and the arguments as they were given; or a function of the
        arguments by name that returns it, for all callers; for None the call is a TypeError.
    :param every: run by itself, without arguments and without a caller: every so many whole
        seconds since 1970, or as a line of cron in UTC has it (``"5 4 * * *"``). See `Schedule`.
    :param version: of the form of its arguments, from 1. An operation of a newer one waits for a worker of
        that release.
    :param upgrade: makes, of the stored arguments of an older version (JSON, as `encode` writes it) and that
        version, those of this one. Without it an operation of an older version fails, with
        TASK_VERSION_UNKNOWN.
    :raises ValueError: for an option that makes no sense.
    :raises TypeError: for a function with ``*args``, ``**kwargs`` or parameters before a ``/``: arguments are
        kept by name.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        attempts: int = 5,
        retry_seconds: float = 2.0,
        timeout: float = 600.0,
        delay: float = 0.0,
        queue: str | None = None,
        priority: int | None = None,
        unique: Unique | None = None,
        every: int | str | None = None,
        version: int = 1,
        upgrade: Upgrade | None = None,
    ) -> None:
        if attempts < 1 or version < 1 or timeout <= 0:
            raise ValueError("attempts and version are counted from 1, and a timeout is more than nothing")
        if unique is not None and unique != "arguments" and not callable(unique):
            raise ValueError('unique is "arguments", or a function of the arguments')
        self.function = function
        self.attempts = attempts
        self.retry_seconds = retry_seconds
        self.timeout = timeout
        self.usual = CallOptions(delay=delay, queue=queue, priority=priority)
        self.unique = unique
        self.schedule = None if every is None else Schedule(every)
        self.version = version
        self.upgrade = upgrade
        self.name = f"{function.__module__}.{function.__qualname__}"
        self._signature = inspect.signature(function)
        for parameter in self._signature.parameters.values():
            if parameter.kind not in _NAMED:
                raise TypeError(f"{self.name}: the arguments of a task have names, which {parameter} has not")
        update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """In a request or a task, store and queue the call and return its `Operation`; else, just run it.

        :raises TypeError: for an argument the function does not take or that has no JSON form, or if `unique`
            returns None.
        """
        return self._call(CallOptions(), args, kwargs)

    def options(
        self,
        *,
        delay: float | None = None,
        at: datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
        unique_key: str | None = None,
    ) -> Callable[..., Any]:
        """Return the task with options for one call: ``remind.options(delay=3600)(user_id=…)``.

        Outside a request or task it runs at once all the same. The parameters are those of `CallOptions`.

        :raises ValueError: for an option that makes no sense.
        """
        options = CallOptions(delay=delay, at=at, queue=queue, priority=priority, unique_key=unique_key)
        return lambda *args, **kwargs: self._call(options, args, kwargs)

    def _call(self, options: CallOptions, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        runtime = active_runtime.get()
        if runtime is None:
            return self.function(*args, **kwargs)
        bound = self._signature.bind_partial(*args, **kwargs)
        return runtime.submit(self, dict(bound.arguments), options.over(self.usual))

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

        They are no fewer than the Retry-After of the problem says, up to five minutes. A problem of the
        client's making (4xx) stays one however often it is tried.
        """
        hopeless = isinstance(error, Problem) and error.status < 500
        if hopeless or attempt >= self.attempts:
            return None
        wait = max(self.retry_seconds * 2.0 ** min(attempt - 1, 30), asked_to_wait(error))
        return float(min(wait, LONGEST_WAIT_SECONDS))


def asked_to_wait(error: Exception) -> float:
    """Return the seconds that the Retry-After of a problem asks for, at most five minutes; 0 without."""
    asked = error.headers.get("Retry-After", "") if isinstance(error, Problem) else ""
    is_number = asked.isascii() and asked.isdigit()
    return min(float(asked[:_MOST_DIGITS]), LONGEST_WAIT_SECONDS) if is_number else 0.0


@overload
def asynctask(function: Callable[..., Any], /) -> Task: ...
@overload
def asynctask(
    *,
    attempts: int = ...,
    retry_seconds: float = ...,
    timeout: float = ...,
    delay: float = ...,
    queue: str | None = ...,
    priority: int | None = ...,
    unique: Unique | None = ...,
    every: int | str | None = ...,
    version: int = ...,
    upgrade: Upgrade | None = ...,
) -> Callable[[Callable[..., Any]], Task]: ...
def asynctask(
    function: Callable[..., Any] | None = None,
    /,
    *,
    attempts: int = 5,
    retry_seconds: float = 2.0,
    timeout: float = 600.0,
    delay: float = 0.0,
    queue: str | None = None,
    priority: int | None = None,
    unique: Unique | None = None,
    every: int | str | None = None,
    version: int = 1,
    upgrade: Upgrade | None = None,
) -> Task | Callable[[Callable[..., Any]], Task]:
    """Make a function an async task; with or without arguments, which are those of `Task`."""

    def make(one: Callable[..., Any]) -> Task:
        return Task(
            one,
            attempts=attempts,
            retry_seconds=retry_seconds,
            timeout=timeout,
            delay=delay,
            queue=queue,
            priority=priority,
            unique=unique,
            every=every,
            version=version,
            upgrade=upgrade,
        )

    return make if function is None else make(function)
