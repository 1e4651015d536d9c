"""``GET /metrics`` for Prometheus, at a port of its own that nobody else is told of.

The port that requests come to is often open to the world, and behind a load balancer, where each look would
meet another process. So this is a port beside it (`APP_METRICS_PORT`), of web, worker and beat alike, which
listens to its own machine alone unless `APP_METRICS_HOST` says otherwise. Without the setting there is none.

A process counts what it likes in `Metrics.registry`; the answer has the sums over all processes that were
forked from the same one, so any of them can give it. Numbers that are looked up when somebody asks are added
by `Metrics.add`.
"""

import io
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import orjson
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from werkzeug import Response

from libs.api import problem_body, problem_response
from libs.errors import (
    InternalError,
    MethodNotAllowed,
    NotFound,
    Problem,
    error_id_of,
    new_request_id,
    problem_for_status,
)
from libs.resilience import between_forks
from libs.service.metrics.counting import share
from libs.service.metrics.processes import Processes

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

PATH = "/metrics"
PLACES = 4
"""How many may ask at once; whoever comes then is turned away."""
_METHODS = ("GET", "HEAD", "OPTIONS")
REQUEST_SECONDS = 5.0
"""Until when all of a request has to be there."""


class Metrics:
    """What the processes of a service count.

    :param shared: whether many processes count as one; that has to be said before anything is counted.
    """

    def __init__(self, *, shared: bool = False) -> None:
        self.registry = CollectorRegistry()
        """Where counters and histograms are made."""
        self._answered = CollectorRegistry()
        counted = share() if shared else None
        self._pages: dict[str, Callable[[], Mapping[str, Any]]] = {}
        self._means: dict[str, Callable[[float], float]] = {}
        self._answered.register(_Told(counted or self.registry, self._means))
        self._living = counted.living if counted else _alone
        self._answered.register(Processes(self._living))
        self._app = make_wsgi_app(self._answered)

    def join(self) -> None:
        """Have this process told of among the others; else it is from when it counts something."""
        self._living()

    def add(self, collector: Collector) -> None:
        """Have the process that is asked ask `collector`, too."""
        self._answered.register(collector)

    def tell_as(self, name: str, meaning: Callable[[float], float]) -> None:
        """Have the values of a gauge be told as what they mean at the moment somebody asks.

        :param meaning: returns what is told for a value, be it this process's or another's.
        """
        self._means[name] = meaning

    def add_page(self, path: str, look: Callable[[], Mapping[str, Any]]) -> None:
        """Have ``GET <path>`` answered at the same port, with JSON.

        :param look: returns it, or raises the `Problem` that is answered instead.
        """
        self._pages[path] = look

    @between_forks()
    def app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer ``GET /metrics``, in OpenMetrics or in Prometheus' own format as `Accept` says.

        What else there is has been added by `add_page`; the rest is a 404.
        """
        path = environ["PATH_INFO"]
        page = self._pages.get(path)
        if path != PATH and page is None:
            return _answer(NotFound())(environ, start_response)
        if environ["REQUEST_METHOD"] not in _METHODS:
            allowed = {"Allow": ", ".join(_METHODS)}
            return _answer(MethodNotAllowed(headers=allowed))(environ, start_response)
        try:
            if page is not None:
                return _json(page())(environ, start_response)
            # Parts of it (`name[]=`) would be nothing: what is collected here is not known by name before.
            answer: Iterable[bytes] = self._app({**environ, "QUERY_STRING": ""}, start_response)
            return answer
        except Problem as problem:
            return _answer(problem)(environ, start_response)
        except Exception as error:
            failed = InternalError()
            failed.error_id = error_id_of(error)
            logger.exception("metrics could not be told", extra={"error_id": failed.error_id})
            return _answer(failed)(environ, start_response)


class _Told(Collector):
    """What is counted, as it is told."""

    def __init__(
        self, counted: Collector | CollectorRegistry, means: Mapping[str, Callable[[float], float]]
    ) -> None:
        self._counted = counted
        self._means = means

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when it is registered."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Return it."""
        for metric in self._counted.collect():
            if (meaning := self._means.get(metric.name)) is not None:
                metric.samples = [one._replace(value=meaning(one.value)) for one in metric.samples]
            yield metric


def _alone() -> dict[int, int]:
    return {0: os.getpid()}


def _json(value: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json", headers={"Cache-Control": "no-store"})


@between_forks()
def _answer(problem: Problem) -> Response:
    return problem_response(problem, problem_body(problem, request_id=new_request_id()))


def listen(host: str, port: int) -> socket.socket | None:
    """Return a socket that listens there; None, with an error in the log, if that cannot be.

    A service without metrics is better than none: Prometheus tells of what it cannot reach (``up == 0``).
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=16)
    except OSError as error:
        logger.error("metrics cannot be served", extra={"port": port, "error": type(error).__name__})
        return None
    # Of several processes that wait here all wake up, and one is there first.
    listener.setblocking(False)
    return listener


def serve(metrics: Metrics, listener: socket.socket) -> Callable[[], None]:
    """Answer what comes to `listener`, in threads of their own, until this process ends.

    :returns: what ends it before.
    """
    server = _Server(listener, metrics)
    metrics.join()
    # A child that outlives this process must not keep the port from the next one.
    os.register_at_fork(after_in_child=listener.close)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop


class _InTime(io.RawIOBase):
    """What comes of a request: bounded in all, for a byte now and then is no silence."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        self._connection.settimeout(left)  # of the answer, too
        return self._connection.recv_into(buffer)


class _Handler(WSGIRequestHandler):
    timeout = REQUEST_SECONDS

    def setup(self) -> None:
        super().setup()
        self.rfile.close()  # which leaves the connection open
        self.rfile = io.BufferedReader(_InTime(self.connection, self.timeout))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request, or one that is too long, as everything else is answered."""
        self.request_version = "HTTP/1.1"  # else there would be no headers, as HTTP/0.9 had none
        answer = _answer(problem_for_status(code, HTTPStatus(code).phrase))
        self.send_response(code)
        for name, value in [*answer.headers.items(), ("Connection", "close")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.get_data())

    def log_message(self, *_: Any) -> None:
        """Say nothing: it is asked every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, metrics: Metrics) -> None:
        address = listener.getsockname()[:2]
        super().__init__(address, _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = address
        self.setup_environ()
        self.set_app(metrics.app)
        self._places = threading.BoundedSemaphore(PLACES)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.info("a look at the metrics broke off", exc_info=True)
