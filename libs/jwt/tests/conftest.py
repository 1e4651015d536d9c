"""A real address that publishes keys, and key sets that fetch from it."""

import json
import threading
from contextlib import contextmanager

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from libs.jwt import RemoteKeySet


class Address:
    """A server on a port of its own that answers with what is set here.

    :ivar asked: how many requests have come in.
    :ivar before_answering: called in each request, which may so be held back.
    """

    def __init__(self):
        self.status, self.headers, self.asked = 200, {}, 0
        self.before_answering = lambda: None
        self.publish()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks.json"

    def publish(self, *keys):
        """Serve the public halves of `keys` from now on."""
        self.body = json.dumps({"keys": [key.jwk for key in keys]})

    def _answer(self, environ, start_response):
        Request(environ).get_data()
        self.asked += 1
        self.before_answering()
        return Response(self.body, self.status, self.headers)(environ, start_response)

    def close(self):
        """Go down."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    @contextmanager
    def held(self):
        """Hold all answers back for the length of a with-block; yield what is set when one is asked for."""
        arrived, release = threading.Event(), threading.Event()

        def hold():
            arrived.set()
            release.wait(60)

        self.before_answering = hold
        try:
            yield arrived
        finally:
            release.set()
            self.before_answering = lambda: None


def renewal_done():
    """Wait until no key set is being renewed in the background."""
    for thread in threading.enumerate():
        if thread.name == "renewal":
            thread.join()


class Clock:
    """A clock that goes on when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def advance(self, seconds):
        self.now += seconds


@pytest.fixture
def address():
    one = Address()
    yield one
    one.close()


@pytest.fixture
def held(address):
    """Hold the answers of `address` back for the length of a with-block."""
    return address.held


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def key_set(address, clock):
    """Make a key set that fetches from `address` by `clock`; both may be changed by name."""
    made = []

    def make(url=None, **options):
        made.append(RemoteKeySet(url or address.url, **{"clock": clock, "timeout": 60, **options}))
        return made[-1]

    yield make
    renewal_done()
    for one in made:
        one.close()
