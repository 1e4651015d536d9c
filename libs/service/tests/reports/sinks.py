"""Servers that take reports, or do not."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from libs.service.testing import eventually


@dataclass
class Sink:
    """A server that keeps what is posted to it.

    :param status: of its answers.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    posted: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=hunter2"

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self.port}/42"

    def reports(self, number: int = 1) -> list[dict[str, Any]]:
        """Return what a webhook was sent, once there is so much."""
        eventually(lambda: len(self.posted) >= number)
        return [json.loads(body) for _, _, body in self.posted]

    def events(self, number: int = 1) -> list[dict[str, Any]]:
        """Return the events of envelopes, once there are so many."""
        eventually(lambda: len(self.posted) >= number)
        return [read_envelope(body) for _, _, body in self.posted]


def read_envelope(body: bytes) -> dict[str, Any]:
    """Return the one event of an envelope (https://develop.sentry.dev/sdk/data-model/envelopes/)."""
    _, rest = body.split(b"\n", 1)
    head, payload = rest.split(b"\n", 1)
    read = json.loads(head)
    assert read["type"] == "event"
    event: dict[str, Any] = json.loads(payload[: read["length"]])
    assert not payload[read["length"] :].strip(), "there is nothing else in it"
    return event


@contextmanager
def sink(status: int = 200, **headers: str) -> Iterator[Sink]:
    """Have a server that answers so."""
    kept = Sink(status, headers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.posted.append((self.path, dict(self.headers), body))
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silence() -> Iterator[Sink]:
    """Have a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Sink(port=server.getsockname()[1])
