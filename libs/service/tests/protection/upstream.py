"""What stands behind the proxy in tests of it."""

import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import orjson


class Upstream(BaseHTTPRequestHandler):
    """Tells what it is sent; at ``/events`` a second event after `go`."""

    protocol_version = "HTTP/1.1"
    go = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/events":
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("X-Accel-Buffering", "no")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"data: one\n\n")
            self.wfile.flush()
            self.go.wait(20)
            self.wfile.write(b"data: two\n\n")
            self.close_connection = True
            return
        status = int(self.path.removeprefix("/status/")) if self.path.startswith("/status/") else 200
        body = orjson.dumps({"path": self.path, "headers": dict(self.headers)})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
