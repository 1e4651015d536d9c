"""A runner that runs nothing: its environments fare as a test has said."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.ports import HOST
from infra.standin.runners.runner import CannotRun, Order

FATES = ("green", "red", "never", "broken")


class Scripted:
    """Starts a small server for each deployment, which says what it is, and on /health/ready how it is.

    A fate is ``green``, ``red`` (it starts, and is not ready), ``never`` (it does not come up until it is
    released) or ``broken`` (its containers cannot be started).
    """

    def __init__(self) -> None:
        self._fates: dict[str, str] = {}
        self._changed = threading.Condition()
        self.started: list[Order] = []
        """All there were, oldest first."""

    def say(self, fate: str, environment: str = "") -> None:
        """Say how environments fare whose name begins so, from now on; also those that are up.

        :param environment: a name or its beginning; the longest that fits goes. All, if absent.
        """
        if fate not in FATES:
            raise ValueError(f"{fate} is none of {', '.join(FATES)}")
        with self._changed:
            self._fates[environment] = fate
            self._changed.notify_all()

    def fate(self, environment: str) -> str:
        """Return how an environment fares."""
        fits = [begin for begin in self._fates if environment.startswith(begin)]
        return self._fates[max(fits, key=len)] if fits else "green"

    def start(self, order: Order) -> "Answering":
        """Start a deployment, if its fate allows it."""
        self.started.append(order)
        with self._changed:
            while self.fate(order.environment) == "never" and not order.given_up():
                self._changed.wait(0.05)
        if order.given_up():
            raise CannotRun("given up")
        if self.fate(order.environment) == "broken":
            raise CannotRun("Failed to run docker compose up: a container exited with code 1.")
        return Answering(self, order)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


@dataclass
class Answering:
    """A deployment that is a server of a few lines."""

    runner: Scripted
    order: Order
    stopped: bool = False
    _server: ThreadingHTTPServer = field(init=False)

    def __post_init__(self) -> None:
        answering = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answering._answer(self)

            do_POST = do_GET  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = _Server((HOST, 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> tuple[str, int] | None:
        return HOST, self._server.server_address[1]

    def fault(self) -> str | None:
        return None

    def log(self) -> str:
        return f"{self.order.environment}: {self.order.version} answers\n"

    def stop(self, *, gently: bool = True) -> None:
        if not self.stopped:
            self.stopped = True
            self._server.shutdown()
            self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        is_ready = self.runner.fate(self.order.environment) == "green"
        status = 200 if is_ready or request.path != "/health/ready" else 503
        told = {
            "environment": self.order.environment,
            "version": self.order.version,
            "headers": {name.lower(): value for name, value in request.headers.items()},
        }
        body = json.dumps(told).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
