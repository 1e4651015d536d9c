"""gunicorn's worker with threads, which neither waits for clients nor loses them when it stops."""

import os
import selectors
import socket
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

from libs.errors import HeadersTooLarge, Problem, RequestTimeout, UriTooLong
from libs.service.problems.malformed import ProblemWorker
from libs.service.problems.unserved import refused_head, written
from libs.service.processes.answering import answer_within
from libs.service.processes.connection import Connection
from libs.service.protection.shedding import is_probe
from libs.service.web import waited_scope

LINGERING_SECONDS = 2.0
LINGERING_BYTES = 1024 * 1024
LINGERING = 256
"""How long, how much, and from how many at once, clients may still send after their last answer."""
PROBES = 4
"""How many may ask at once whether the process lives, beside those that have a thread."""
PROBE_THREAD = "probe"
"""What the name of that thread begins with."""
REST_SECONDS = 0.05
"""Until a connection is accepted again where that has failed and none could be closed."""
SWITCH_SECONDS = 0.001
"""How long a thread that computes keeps the interpreter from one that waits for it; Python's own is 5 ms."""
QUICK_SECONDS = 1.0
"""What requests under way have after SIGINT and SIGQUIT."""


class WebWorker(ProblemWorker):
    """Threads answer requests; the main thread alone has connections that no whole header has come from.

    gunicorn's own has a thread wait for each byte of a header, has the main thread wait until a client closes
    its side (2 s), and has any number of requests wait for a thread: a few clients could hang it, and many
    fill its memory.
    """

    alive: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reports = self.app.reports
        self._lingering: deque[Connection] = deque()
        # Both are the main thread's alone.
        self._in_hand = 0
        self._probing = 0
        self._line: deque[tuple[Connection, Future[Any]]] = deque()
        self._served_at = 0.0
        """When a client had something of an answer, or all threads were taken."""
        self._probes = ThreadPoolExecutor(1, PROBE_THREAD)

    def init_process(self) -> None:
        # The main thread gives the interpreter away with each call of the kernel, ten times a connection,
        # and waits so long to have it back while threads compute.
        sys.setswitchinterval(SWITCH_SECONDS)
        answer_within(self.app.answer_seconds, self._note_sent)
        super().init_process()

    # -- from a connection to a request ------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        self._accept_one(listener)

    def _accept_one(self, listener: socket.socket) -> bool:
        try:
            accepted, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError as error:  # files or memory are missing, which whoever goes gives back
            if not self._make_room():
                self.log.error("no connection can be accepted: %s", error.strerror)
                time.sleep(REST_SECONDS)
            return False
        if self.nr_conns >= self.worker_connections - 1:
            self._make_room()
        self.nr_conns += 1
        self._begin(Connection(self.linger, self.cfg, accepted, address, listener.getsockname()))
        return True

    def _make_room(self) -> bool:
        """Close the connection that can best be spared: one without a request."""
        for connections in (self.pending_conns, self._lingering, self.keepalived_conns):
            if connections:
                self._cut(connections.popleft())  # there for longest
                return True
        return False

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        known = self.poller.get_map()
        for key, _ in self.poller.select(timeout):
            if known.get(key.fd) is key:  # what came before may have closed it to make room
                key.data(key.fileobj)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._begin(conn)

    def _begin(self, conn: Connection) -> None:
        if not conn.read():
            self._cut(conn)
        else:
            self._admit_or_await(conn)

    def _admit_or_await(self, conn: Connection) -> None:
        if conn.asked:
            self._admit(conn)
        elif conn.is_endless:
            self._turn_away(conn, _too_long(conn.head))
        else:
            self._await(conn)

    def _await(self, conn: Connection) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.app.header_seconds
        self.pending_conns.append(conn)
        callback = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, callback)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        there = conn.read()
        if there and not (conn.asked or conn.is_endless):
            return
        self.pending_conns.remove(conn)
        self.poller.unregister(client)
        if there:
            self._admit_or_await(conn)
        else:
            self._cut(conn)

    def enqueue_req(self, conn: Connection) -> None:
        # gunicorn's, for a connection whose next request has begun to come with the one before.
        conn.read_ahead()
        self._admit_or_await(conn)

    # -- from a request to a thread ----------------------------------------------------------------------

    def _admit(self, conn: Connection) -> None:
        if self._in_hand < self.cfg.threads:
            self._submit(conn, self.tpool)
        elif self._probing < PROBES and is_probe(conn.head, self.app.trusted_proxies):
            self._submit(conn, self._probes)
        elif self._in_hand < self.cfg.threads + self.app.shedding.line.places:
            self._submit(conn, self.tpool)
        else:
            self._refuse(conn, "full")
            self.nr_conns -= 1
            conn.close(graceful=True)

    def _submit(self, conn: Connection, pool: ThreadPoolExecutor) -> None:
        probe = pool is self._probes
        conn.waits_since = time.monotonic()
        future = pool.submit(self.handle, conn)
        if probe:
            self._probing += 1
        else:
            self._in_hand += 1
            if self._in_hand > self.cfg.threads:
                self._line.append((conn, future))
            else:
                self._served_at = conn.waits_since
        future.add_done_callback(lambda done: self.method_queue.defer(self._finished, conn, done, probe))

    def _finished(self, conn: Connection, done: "Future[Any]", probe: bool) -> None:
        if probe:
            self._probing -= 1
        else:
            self._in_hand -= 1
            if not done.cancelled():
                self._served_at = time.monotonic()
        self.finish_request(conn, done)

    def handle(self, conn: Connection) -> Any:
        conn.data_ready = True
        waited = time.monotonic() - conn.waits_since
        if waited > self.app.shedding.line.seconds:
            self._refuse(conn, "late")
            return False
        with waited_scope(waited):
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        if self.app.stopping.begun():
            self.max_keepalived = 0  # which makes gunicorn's answers say Connection: close
        return super().handle_request(req, conn)

    def _note_sent(self) -> None:
        # A stream to a slow client may keep its thread for long: that one does not hang.
        if not threading.current_thread().name.startswith(PROBE_THREAD):
            self._served_at = time.monotonic()

    def _leave_line(self, now: float) -> None:
        # Threads that hang would never tell them.
        while self._line:
            conn, future = self._line[0]
            if not (future.running() or future.done()):
                if now - conn.waits_since <= self.app.shedding.line.seconds:
                    break
                if future.cancel():
                    self._refuse(conn, "late")
            self._line.popleft()

    def _give_up(self) -> None:
        """End, to be replaced: Python cannot end a thread, and none will ever be free."""
        self.log.error("no thread has sent anything for %d s: the worker is replaced", self.app.stuck_seconds)
        self.cfg.worker_exit(None, self)
        os._exit(os.EX_SOFTWARE)

    def _refuse(self, conn: Connection, reason: str) -> None:
        answer = self.app.shedding.refuse(conn.head, reason, self.wsgi.extensions)
        self._say(conn, written(answer, bodiless=conn.head.startswith(b"HEAD ")))

    def _say(self, conn: Connection, answer: bytes) -> None:
        """Send what fits into the buffers of a connection that nothing was sent on lately."""
        conn.sock.setblocking(False)
        with suppress(OSError):
            conn.sock.send(answer)

    # -- closing -----------------------------------------------------------------------------------------

    def linger(self, conn: Connection) -> None:
        """Close a connection when its client has, or soon (RFC 9112 section 9.6).

        What it has sent and nobody has read would have the kernel reset it: the client could lose the answer.
        """
        self.nr_conns += 1
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
        except OSError:
            self._cut(conn)
            return
        if len(self._lingering) >= LINGERING:
            self._cut(self._lingering.popleft())
        conn.timeout = time.monotonic() + LINGERING_SECONDS
        self._lingering.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: Connection, _: Any) -> None:
        conn.head = b""
        there = conn.read()
        conn.drained += len(conn.head)
        if not there or conn.drained >= LINGERING_BYTES:
            self._lingering.remove(conn)
            self._cut(conn)

    def _cut(self, conn: Connection) -> None:
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def murder_pending(self) -> None:
        # gunicorn's, for connections; it is called once a second at least, also while the process stops.
        self.app.shedding.tell()
        now = time.monotonic()
        self._leave_line(now)
        if self._in_hand >= self.cfg.threads and now - self._served_at > self.app.stuck_seconds:
            self._give_up()
        while self.pending_conns and self.pending_conns[0].timeout <= now:
            conn = self.pending_conns.popleft()
            if not conn.head:
                self._cut(conn)
                continue
            self.poller.unregister(conn.sock)
            self._turn_away(conn, RequestTimeout("The header did not come in time."))
        while self._lingering and self._lingering[0].timeout <= now:
            self._cut(self._lingering.popleft())

    def _turn_away(self, conn: Connection, problem: Problem) -> None:
        """Answer who has not asked to the end, and close the connection."""
        answer, _ = refused_head(self.wsgi.extensions, problem, conn.head)
        self._say(conn, written(answer, bodiless=False))
        self.nr_conns -= 1
        conn.close(graceful=True)

    # -- stopping ----------------------------------------------------------------------------------------

    def is_parent_alive(self) -> bool:
        # Without it they stop as after SIGTERM: the next one finds the port free.
        if not super().is_parent_alive():
            self.alive = False
        return bool(self.alive)

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
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        # Python waits for its threads before it ends, however long they take.
        end = threading.Timer(QUICK_SECONDS, os._exit, [0])
        end.daemon = True
        end.start()
        super().handle_quit(sig, frame)


def _too_long(head: bytes) -> Problem:
    if b"\r\n" in head:
        return HeadersTooLarge("There are too many headers, or they are too long.")
    return UriTooLong("The request line is too long.")
