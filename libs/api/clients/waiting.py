"""Waiting for an operation that another service has started, by looking at it again and again."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

from libs.api.clients.problems import (
    RemoteDetails,
    RemoteProblem,
    RemoteServerError,
    RemoteTooManyRequests,
    failed_with,
)
from libs.api.clients.retries import retry_after
from libs.api.objects.object import ApiObject
from libs.api.schema import JSON
from libs.errors import ServiceUnavailable, bounded

_FIRST_SECONDS, _MOST_SECONDS = 0.1, 2.0
"""How long is waited before the first look, and at most before one, where the service does not say."""
_SHORTEST_LOOK = 1.0


class OperationCancelled(RemoteProblem):
    """Somebody has cancelled the operation that was waited for."""


class OperationPending(ServiceUnavailable):
    """The operation that was waited for is not over, and goes on all the same.

    :param operation: as it was last seen; None if that was never.
    """

    def __init__(self, name: str, operation: ApiObject | None) -> None:
        super().__init__(f"What the {name} service is doing takes longer. Try again.")
        self.operation = operation


class Looked(Protocol):
    """What a look at an operation is answered: an `Answer`."""

    @property
    def headers(self) -> Any: ...

    @property
    def value(self) -> Any: ...


def wait_for(
    api: str,
    look: Callable[[float], Looked],
    *,
    seconds: float,
    progress: Callable[[Any], object] | None,
    pause: Callable[[float], None],
) -> Any:
    """Return an operation once it has succeeded.

    Where the service does not answer it is asked again, too, as long as there is time.

    :param look: asks how far it is, within so many seconds.
    :param seconds: for all of it, or until the deadline; the last look may take one more.
    :param progress: is called with the operation whenever it has changed.
    :param pause: waits so many seconds.
    :raises RemoteProblem: if it has failed: of the class of its problem, such as `RemoteNotFound`.
    :raises OperationCancelled: if it was cancelled.
    :raises OperationPending: if the time is up.
    :raises DeadlineExceeded: if it was up before.
    """
    end = monotonic() + bounded(seconds)
    last: ApiObject | None = None
    state: JSON | None = None
    wait = own = _FIRST_SECONDS
    while True:
        pause(max(0.0, min(wait, end - monotonic())))
        failure: Exception | None = None
        asked: float | None = None
        try:
            answer = look(max(end - monotonic(), _SHORTEST_LOOK))
        except ServiceUnavailable as error:
            failure, asked = error, retry_after(error.headers.get("Retry-After"))
        except (RemoteTooManyRequests, RemoteServerError) as error:
            failure, asked = error, error.problem.retry_after
        else:
            last, asked = answer.value, retry_after(answer.headers.get("Retry-After"))
            before, state = state, _state(answer.value)
            if progress is not None and state != before:
                progress(answer.value)
            if _is_over(api, state):
                return last
        if monotonic() >= end:
            raise OperationPending(api, last) from failure
        own = min(own * 2, _MOST_SECONDS)
        wait = own if asked is None else max(asked, _FIRST_SECONDS)


def _state(operation: ApiObject) -> JSON:
    return {name: one for name, one in operation.to_json().items() if name != "updated_at"}


def _is_over(api: str, state: JSON) -> bool:
    """Tell whether it has succeeded.

    :raises RemoteProblem: if it has ended otherwise.
    """
    name = f"{api}.{str(state.get('task')).rpartition('.')[2]}"
    if state["status"] == "failed":
        problem = state.get("problem")
        raise failed_with(name, problem if isinstance(problem, dict) else {})
    if state["status"] == "cancelled":
        raise OperationCancelled(name, RemoteDetails(200, code="CANCELLED"))
    return bool(state["status"] == "succeeded")
