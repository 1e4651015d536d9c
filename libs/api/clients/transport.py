"""Connections to one service: kept open, limited in number, and never waited for past a deadline.

A timeout of sockets is one for each time that something is waited for, so a peer that sends a byte now and
then could hold a thread for hours. Here each wait ends at the call's deadline, whatever it is for.
"""

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

from libs.api.wire.answers import NO_CONTENT
from libs.resilience import UNWATCHED, PoolWatcher

KEPT_SECONDS = 30.0
"""How long an idle connection is kept: less than our own services keep theirs (65 s), so that they do not
hang up just when it is used again."""
_PIECE = 16 * 1024
_SHORTEST = 0.001

_deadline: ContextVar[float] = ContextVar("deadline")


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Have what is sent and received within a with-block end at `deadline`, a `time.monotonic()`."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class PooledTransport(httpx.BaseTransport):
    """Send requests over connections that are kept.

    :param max_connections: at most so many at once; who needs another one waits for it.
    :param tls: whether it is for https addresses; reading the certificates that are trusted takes its time.
    :ivar watcher: is told of the connections; to be set before the first request.
    """

    def __init__(self, *, max_connections: int, tls: bool) -> None:
        self.max_connections = max_connections
        self.watcher: PoolWatcher = UNWATCHED
        self._tls = httpx.create_ssl_context(trust_env=False) if tls else None
        # By process: one that was forked must not use the connections of its parent, which does so itself.
        self._pools: dict[int, httpcore.ConnectionPool] = {}

    def _pool(self) -> httpcore.ConnectionPool:
        pool = self._pools.get(os.getpid())
        if pool is None:
            made = httpcore.ConnectionPool(
                ssl_context=self._tls,
                max_connections=self.max_connections,
                max_keepalive_connections=self.max_connections,
                keepalive_expiry=KEPT_SECONDS,
                network_backend=_Backend(self.max_connections, self.watcher),
            )
            pool = self._pools.setdefault(os.getpid(), made)
        return pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        watcher = self.watcher
        watcher.taken()
        try:
            with _as_httpx():
                answer = self._pool().handle_request(sent)
        except BaseException as error:
            watcher.returned()
            if isinstance(error, httpx.PoolTimeout):
                watcher.timed_out()
            raise
        body = _Body(answer.stream, answer.extensions["network_stream"], watcher)
        made = httpx.Response(answer.status, headers=answer.headers, stream=body)
        bodiless = request.method == "HEAD" or answer.status in NO_CONTENT
        body.length = "0" if bodiless else made.headers.get("Content-Length", "")
        return made

    def close(self) -> None:
        self._pool().close()


class _Body(httpx.SyncByteStream):
    """A body as it comes.

    :ivar length: what Content-Length says; empty where nothing does.
    """

    def __init__(self, stream: Any, connection: Any, watcher: PoolWatcher) -> None:
        self._stream = stream
        self._connection = connection
        self._watcher: PoolWatcher | None = watcher
        self.length = ""

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._stream

    def close(self) -> None:
        # httpcore keeps what was received beyond an answer, and takes it for the next one: for another
        # caller's. So a connection is used again only where its bytes add up.
        try:
            if not self.length.isdecimal() or self._connection.received != int(self.length):
                self._connection.close()
            self._stream.close()
        finally:
            watcher, self._watcher = self._watcher, None
            if watcher is not None:  # it was not closed before
                watcher.returned()


@contextmanager
def _as_httpx() -> Iterator[None]:
    # The two packages, by the same hands, call their errors the same.
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise kind(str(error)) from error


def _within(timeout: float | None, error: type[Exception]) -> float:
    """Return how long may be waited now.

    :raises httpcore.TimeoutException: `error`, if the deadline is over.
    """
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the call's time is up")
    return left if timeout is None else min(timeout, left)


class _Backend(httpcore.SyncBackend):
    """Connects within a time that the look-up of the name and all addresses of it share.

    :param lookups: how many names are looked up at once at most.
    :param watcher: is told of connections that are made, and closed.
    """

    def __init__(self, lookups: int, watcher: PoolWatcher = UNWATCHED) -> None:
        self._lookups = threading.BoundedSemaphore(lookups)
        self._watcher = watcher

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        end = time.monotonic() + _within(timeout, httpcore.ConnectTimeout)
        addresses = self._addresses(host, port, end)
        for number, address in enumerate(addresses):
            share = max((end - time.monotonic()) / (len(addresses) - number), _SHORTEST)
            try:
                made = super().connect_tcp(address, port, share, local_address, socket_options)
                self._watcher.opened()
                return _Stream(made, self._watcher)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int, end: float) -> list[str]:
        """Return the addresses of a host.

        The C library's resolver takes no timeout and may ask name servers for half a minute. So it is asked
        in a thread of its own, which is left behind when the time is up.
        """
        try:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
            return [host]
        except socket.gaierror:
            pass  # a name
        if not self._lookups.acquire(timeout=max(end - time.monotonic(), 0)):
            raise httpcore.ConnectTimeout("too many names are being looked up")
        found: Future[list[str]] = Future()

        def look_up() -> None:
            try:
                told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found.set_result([str(address[0]) for *_, address in told])
            except Exception as error:  # noqa: BLE001 - it is raised by those who wait
                found.set_exception(error)
            finally:
                self._lookups.release()

        try:
            threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
        except RuntimeError:  # no more threads
            self._lookups.release()
            raise
        try:
            return found.result(max(end - time.monotonic(), 0))
        except TimeoutError:
            raise httpcore.ConnectTimeout("the look-up of the name takes too long") from None
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error


class _Stream(httpcore.NetworkStream):
    """A connection that knows the deadline, and how much it has received."""

    def __init__(self, stream: httpcore.NetworkStream, watcher: PoolWatcher) -> None:
        self._stream = stream
        self._watcher: PoolWatcher | None = watcher
        self._head: bytes | None = b""
        self._beyond_head = 0

    @property
    def received(self) -> int | None:
        """The bytes of the present answer behind its head; None while that has not ended."""
        return None if self._head is not None else self._beyond_head

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, _within(timeout, httpcore.ReadTimeout))
        if self._head is None:
            self._beyond_head += len(data)
        else:
            head, end, beyond = (self._head + data).partition(b"\r\n\r\n")
            self._head, self._beyond_head = (None, len(beyond)) if end else (head, 0)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._head is None:  # the next request
            self._head, self._beyond_head = b"", 0
        for start in range(0, len(buffer), _PIECE):
            piece = buffer[start : start + _PIECE]
            self._stream.write(piece, _within(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:  # it was not closed before
            watcher.closed()
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            timeout = _within(timeout, httpcore.ConnectTimeout)
            made = self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            self.close()
            raise
        watcher, self._watcher = self._watcher, None  # it goes on as that one
        return _Stream(made, watcher or UNWATCHED)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
