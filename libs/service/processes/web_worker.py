"""gunicorn's worker with threads, which neither waits for clients nor loses them when it stops."""

import os
import selectors
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

from gunicorn.workers.gthread import TConn

from libs.service.problems.malformed import ProblemWorker

SILENT_SECONDS = 10.0
"""How long a new connection may stay without a word."""
LINGERING_SECONDS = 2.0
LINGERING_BYTES = 65536
"""How long, and how much, a client may still send after its last answer, before its connection is cut."""
QUICK_SECONDS = 1.0
"""What requests under way have after SIGINT and SIGQUIT."""


class Connection(TConn):  # type: ignore[misc]
    """One that is closed without waiting for its client."""

    def __init__(self, worker: "WebWorker", *args: Any) -> None:
        super().__init__(worker.cfg, *args)
        self._worker = worker
        self.drained = 0

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._worker.linger(self)
        else:
            super().close()


class WebWorker(ProblemWorker):
    """Threads answer requests; the main thread alone has connections that nothing has come from yet.

    gunicorn's own has a thread wait for the first byte of a connection (5 s), and has the main thread wait
    until a client closes its side (2 s): a few clients that do neither would hang it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lingering: deque[Connection] = deque()

    def accept(self, listener: socket.socket) -> None:
        self._accept_one(listener)

    def _accept_one(self, listener: socket.socket) -> bool:
        try:
            accepted, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        self.nr_conns += 1
        connection = Connection(self, accepted, address, listener.getsockname())
        connection.timeout = time.monotonic() + SILENT_SECONDS
        self.pending_conns.append(connection)
        callback = partial(self.on_pending_socket_readable, connection)
        self.poller.register(connection.sock, selectors.EVENT_READ, callback)
        return True

    # -- answering -----------------------------------------------------------------------------------------

    def handle_request(self, req: Any, conn: Connection) -> Any:
        if self.app.stopping.begun():
            self.max_keepalived = 0  # which makes gunicorn's answers say Connection: close
        return super().handle_request(req, conn)

    # -- closing -------------------------------------------------------------------------------------------

    def linger(self, connection: Connection) -> None:
        """Close `connection` when its client has, or soon (RFC 9112 section 9.6).

        What it has sent and nobody has read would have the kernel reset the connection: the client could lose
        the answer.
        """
        try:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.sock.setblocking(False)
        except OSError:
            connection.close()
            return
        self.nr_conns += 1
        connection.timeout = time.monotonic() + LINGERING_SECONDS
        self._lingering.append(connection)
        self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._drain, connection))

    def _drain(self, connection: Connection, _: Any) -> None:
        try:
            data = connection.sock.recv(LINGERING_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        connection.drained += len(data)
        if not data or connection.drained >= LINGERING_BYTES:
            self._lingering.remove(connection)
            self._cut(connection)

    def _cut(self, connection: Connection) -> None:
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(connection.sock)
        self.nr_conns -= 1
        connection.close()

    def murder_pending(self) -> None:
        super().murder_pending()
        now = time.monotonic()
        while self._lingering and self._lingering[0].timeout <= now:
            self._cut(self._lingering.popleft())

    # -- stopping ------------------------------------------------------------------------------------------

    def set_accept_enabled(self, enabled: bool) -> None:
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            # Who has connected is served; who comes now is refused at once, and may safely go elsewhere.
            for listener in self.sockets:
                with suppress(OSError):  # it is closed
                    while self._accept_one(listener):
                        pass
                listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for connection in self.pending_conns:
            connection.timeout = min(connection.timeout, deadline)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        # Python waits for its threads before it ends, however long they take.
        end = threading.Timer(QUICK_SECONDS, os._exit, [0])
        end.daemon = True
        end.start()
        super().handle_quit(sig, frame)
