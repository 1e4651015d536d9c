"""gunicorn's way to write an answer: not telling which server it is from, and not waiting for ever."""

import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.http import wsgi

from libs.service.processes.silent_clients import SlowClient

Sent = Callable[[], object]
"""Is called whenever a client has taken something of an answer, by the thread that sends it."""


class AnsweredSocket:
    """A connection while an answer is sent; each send(2) of it is bounded already (`limit_silence`).

    :param seconds: how long an answer that is there as a whole may take, once it is `limit`ed.
    """

    def __init__(self, connection: socket.socket, seconds: float, sent: Sent) -> None:
        self._connection = connection
        self._seconds = seconds
        self._sent = sent
        self._deadline = float("inf")

    def limit(self) -> None:
        """Have the time run."""
        self._deadline = time.monotonic() + self._seconds

    def sendall(self, data: bytes) -> None:
        """Send.

        :raises BlockingIOError: if the client reads nothing for too long.
        :raises SlowClient: if the time is over, for some bytes now and then are no silence.
        """
        left = memoryview(data)
        while left:
            left = left[self._connection.send(left) :]
            self._sent()
            if left and time.monotonic() > self._deadline:
                raise SlowClient("the answer took too long")


class Answer(wsgi.Response):  # type: ignore[misc]
    """gunicorn's, without its header Server (RFC 9110 section 10.2.4), and bounded if it is no stream."""

    def __init__(self, seconds: float, sent: Sent, req: Any, sock: socket.socket, cfg: Any) -> None:
        super().__init__(req, AnsweredSocket(sock, seconds, sent), cfg)

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]

    def write(self, arg: bytes) -> None:
        # What comes in pieces is made while it is sent, and takes as long as its client does.
        if not self.headers_sent and len(arg) == self.response_length:
            self.sock.limit()
        super().write(arg)


def answer_within(seconds: float, sent: Sent) -> None:
    """Have this process write its answers so: gunicorn has no setting for it.

    :param seconds: for an answer that is there as a whole.
    """
    wsgi.Response = partial(Answer, seconds, sent)
