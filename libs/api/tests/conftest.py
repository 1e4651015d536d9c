"""Fixtures of the tests of libs/api."""

import json
import threading

import pytest
from werkzeug.serving import make_server

from libs.api.tests.books import Library


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
    server = make_server("127.0.0.1", 0, library.wsgi, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
