"""A request and what has become of it, for everything that watches requests."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug import Request

from libs.api import Operation, sent_path
from libs.dynamodb.usage import Usage
from libs.errors import Problem, new_request_id, valid_request_id
from libs.jwt import Caller

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PROBES = frozenset({"/health/live", "/health/ready", "/ping"})
"""What load balancers and orchestrators ask every few seconds."""
_KEY = "polymacaron.exchange"
_in_line: ContextVar[float] = ContextVar("seconds_in_line", default=0.0)


@dataclass(slots=True, eq=False)
class Exchange:
    """A request and its answer, as far as they have come: the web fills it in, watchers read it."""

    environ: "WSGIEnvironment"
    method: str
    path: str
    """As it was sent: percent-encoded, without the query."""
    request_id: str
    started: float = field(default_factory=time.perf_counter)
    """When it came, by `time.perf_counter()`."""
    waited: float = 0.0
    """Seconds from then until a thread was there for it."""
    route: str | None = None
    """The path of the contract that it has met: ``/todos/{id}``. None where there is none."""
    operation: Operation | None = None
    """What it asks for, once that is known."""
    caller: Caller | None = None
    """Who asks, once that is known."""
    status: int = 500
    """Of the answer; 500 until there is one."""
    response_bytes: int | None = None
    """Of the answer's body, where that is known when it begins."""
    problem: Problem | None = None
    """What is answered where it failed."""
    error: BaseException | None = None
    """The exception that `problem` was made of; its text is for nobody."""
    usage: Usage = field(default_factory=Usage)
    """What it has asked of DynamoDB so far."""
    error_id: str | None = None
    """By which a failure (5xx) is found, in the logs of all services it has passed through."""
    headers: list[tuple[str, str]] = field(default_factory=list)
    """Those the answer is to have, whatever becomes of the request."""

    @classmethod
    def begin(cls, environ: "WSGIEnvironment") -> "Exchange":
        """Return that of a request which has just come, and have `exchange_of` find it."""
        request_id = valid_request_id(environ.get("HTTP_X_REQUEST_ID")) or new_request_id()
        waited = _in_line.get()
        exchange = cls(environ, environ["REQUEST_METHOD"], sent_path(environ), request_id, waited=waited)
        exchange.started -= waited
        environ[_KEY] = exchange
        return exchange

    @property
    def seconds(self) -> float:
        """How long ago it came."""
        return time.perf_counter() - self.started

    @property
    def is_probe(self) -> bool:
        """Whether it only asks how the process is (`PROBES`), and makes use of the answer itself."""
        return self.route in PROBES

    def add_headers(self, headers: Mapping[str, str]) -> None:
        """Give headers to the answer, be it a problem or not."""
        self.headers.extend(headers.items())


Watcher = Callable[[Exchange], AbstractContextManager[object]]
"""What is entered before a request is answered and left when its answer is known, as `Exchange` then tells.

No request fails for being watched: what one raises is logged, and the others go on.
"""


@contextmanager
def waited_scope(seconds: float) -> Iterator[None]:
    """Have a request that is begun within a with-block be one that has waited so long for a thread."""
    token = _in_line.set(seconds)
    try:
        yield
    finally:
        _in_line.reset(token)


def exchange_of(request: Request) -> Exchange:
    """Return the exchange a request is part of."""
    exchange: Exchange = request.environ[_KEY]
    return exchange


def current_exchange(environ: "WSGIEnvironment") -> Exchange | None:
    """Return the exchange of a WSGI environ; None before there is one."""
    return environ.get(_KEY)
