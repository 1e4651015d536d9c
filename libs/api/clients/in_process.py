"""Calling a service in the same process, by its WSGI application: for tests."""

import io
import sys
from contextvars import Context
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import httpx
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class InProcess(httpx.BaseTransport):
    """Send requests to a WSGI application, as gunicorn would hand them to it.

    What the caller has around it (its request id, its caller, its transaction) is not there for the
    application, as it would not be in another process. httpx's own transport for this loses the path as it
    was sent, and takes headers and paths in ASCII only.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return Context().run(self._answer, request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body, status, headers = run_wsgi_app(self._app, _environ(request), buffered=True)
        content = b"".join(body)
        return httpx.Response(int(status[:3]), headers=list(headers), stream=httpx.ByteStream(content))


def _environ(request: httpx.Request) -> "WSGIEnvironment":
    """Return a request as PEP 3333 has it: bytes as latin-1."""
    url = request.url
    path, _, query = url.raw_path.partition(b"?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": url.raw_path.decode("latin-1"),
        "SERVER_NAME": url.host,
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(request.read()),
        "wsgi.input_terminated": "Transfer-Encoding" in request.headers,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.raw:
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]}, {text}" if key in environ else text
    return environ
