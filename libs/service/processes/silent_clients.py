"""Clients that say nothing, trickle, or never read what they have asked for: bounded, at the socket."""

import socket
import struct
import time
from typing import Any


def limit_silence(seconds: int, arbiter: Any) -> None:
    # gunicorn's threads read and write without a timeout: as many connections as threads, of clients that say
    # nothing or never read what they have asked for, would hang the service.
    # What is set on a listening socket its connections inherit, for each recv(2) and send(2).
    for listener in arbiter.LISTENERS:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))


class SlowClient(TimeoutError):
    """A client sends, or reads, too little at a time."""


class _BodySocket:
    """A connection while a body comes: bounded in all, for a byte now and then is no silence.

    The time runs from the first read, so that a body nobody has wanted so far can still be drained.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection
        self._seconds = seconds
        self._deadline: float | None = None

    def recv(self, size: int) -> bytes:
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._seconds
        if now > self._deadline:
            raise SlowClient("the body took too long")
        return self.connection.recv(size)


def limit_body(seconds: float, worker: Any, request: Any) -> None:
    request.unreader.sock = _BodySocket(request.unreader.sock, seconds)


def unlimit_body(worker: Any, request: Any, environ: Any, response: Any) -> None:
    # The next request of the connection is read through the same object.
    request.unreader.sock = request.unreader.sock.connection
