"""With-blocks in which a context variable is something: many are around each request, so they are cheap."""

from contextvars import Token
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Variable(Protocol[T_contra]):
    """A `ContextVar` of `T_contra`, or of that and more."""

    def set(self, value: T_contra, /) -> Token[Any]: ...

    def reset(self, token: Token[Any], /) -> None: ...


class VariableScope(Generic[T]):
    """Have a context variable be `value` for the length of a with-block.

    `contextlib.contextmanager` does the same at three times the cost.
    """

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: Variable[T], value: T) -> None:
        self._variable = variable
        self._value = value

    def __enter__(self) -> T:
        self._token = self._variable.set(self._value)
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._variable.reset(self._token)
