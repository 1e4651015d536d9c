"""Fixtures of the tests of clients: a client of `library`, and peers that misbehave on a real socket."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from libs.api import AnswerCheck, ApiClient, ClientDocument, InProcess, Options, Sender, Timeouts
from libs.api.tests.books import connect, token
from libs.jwt import Caller, acting_as

LONG = Timeouts(connect=60, read=60, total=60)
BOOK = {"book_id": "b1", "title": "Emma", "author": {"name": "Jane"}}


@pytest.fixture
def books(library):
    """A client of `library`, called without a network, in Ada's name."""
    with acting_as(Caller("ada", token=token("books:write"))):
        yield connect("http://books.test", transport=InProcess(library.wsgi))


@pytest.fixture
def reach():
    """Make a client of the service at an address; its connections are closed in the end.

    By default it is patient: a busy machine has its time.
    """
    made = []

    def reach(url, **options):
        made.append(connect(url, **{"timeouts": LONG, **options}))
        return made[-1]

    yield reach
    for client in made:
        client._sender.close()


@pytest.fixture
def over_network(served, reach):
    """A client of `library`, called over a real connection, in Ada's name."""
    with acting_as(Caller("ada", token=token("books:write"))):
        yield reach(served)


class Script(httpx.BaseTransport):
    """Answers what it is told to, one thing after the other; the last again and again.

    :ivar requests: what it was sent.
    """

    def __init__(self, *outcomes):
        self._outcomes = list(outcomes)
        self.requests = []

    def handle_request(self, request):
        request.read()
        self.requests.append(request)
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome(request) if callable(outcome) else outcome


@pytest.fixture
def clock(monkeypatch):
    """Have the clock that calls go by stand still; return a function that has it go on by so many seconds."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: sum(now))
    return now.append


@pytest.fixture
def peer():
    """Make a peer that treats its first, second … connection as the given functions do; return its URL.

    A function is called with the connected socket; the last one also treats all further connections.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    connections, threads, behaviours = [], [], []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connections.append(connection)
                behave = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
                threads.append(threading.Thread(target=treat, args=(behave, connection)))
                threads[-1].start()

    def treat(behave: Callable[[socket.socket], None], connection: socket.socket):
        with contextlib.suppress(OSError):
            behave(connection)

    def start(*treatments):
        behaviours.extend(treatments)
        threads.append(threading.Thread(target=accept))
        threads[0].start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    # It wakes accept() and recv() that wait, which close() would not. Closed is what no thread uses any more.
    with contextlib.suppress(OSError):
        listening.shutdown(socket.SHUT_RDWR)
    for thread in threads[:1]:
        thread.join()  # no connection comes after it
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    for thread in threads[1:]:
        thread.join()
    for one in (listening, *connections):
        one.close()


def request_of(connection):
    """Return what a peer is sent: the bytes of a whole request without body."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data:
            raise OSError("the client went away")
        received += data
    return received


def answer(body=b"{}", *, length=None, headers=b"Content-Type: application/json"):
    """Return the bytes of an answer."""
    size = len(body) if length is None else length
    return b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n%s" % (headers, size, body)


def shop(operation, *answers, check="off", method="post"):
    """Return the client of a service with one operation, `act`, and what it is sent."""
    contract = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {"/act": {method: {"operationId": "act", **operation}}},
    }
    script = Script(*answers)
    options = Options(answer_check=AnswerCheck.from_setting(check))
    client = ApiClient(ClientDocument("shop", contract), "http://shop.test", Sender("shop", script), options)
    return client, script
