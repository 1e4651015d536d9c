"""Fixtures of the tests of libs/api."""

import contextlib
import json
import socket
import threading

import pytest
from werkzeug.serving import ThreadedWSGIServer

from libs.api.tests.books import Library


class Serving(ThreadedWSGIServer):
    """A server that leaves neither a connection nor a thread behind, whatever its clients do."""

    daemon_threads = False  # so that server_close() waits for them

    def __init__(self, app, **options):
        super().__init__("127.0.0.1", 0, app, **options)
        self._accepted = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def process_request(self, request, client_address):
        self._accepted.append(request)
        super().process_request(request, client_address)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        for one in self._accepted:  # a client may keep its connection, and its thread waits for a request
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
        self._thread.join()  # it closes the server in the end


@pytest.fixture
def library():
    """A service that answers by the contract books.yaml, and checks what it answers."""
    return Library()


@pytest.fixture
def write(tmp_path):
    """Write a document as a contract; return its path. JSON is YAML."""

    def write(document, name="shop.yaml"):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.fixture
def served(library):
    """The URL of `library` on a real port."""
    with Serving(library.wsgi) as server:
        yield f"http://127.0.0.1:{server.server_port}"
