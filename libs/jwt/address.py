"""One address of another service: what it answers, within a time and a size that hold for all of it.

A timeout of sockets is one for each time that something is waited for, so a peer that sends a byte now and
then could hold a thread for hours. Here the deadline stands before the request is sent, and each wait for a
byte ends at it, those of the headers as well.
"""

import json
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

_KEPT_SECONDS = 30.0
"""How long an idle connection is kept: less than our own services keep theirs (65 s)."""

_SHARE = 1 / 3
"""Of the time, for a connection to one of several IP addresses: so one or two of them may be dead."""

_BUSY = frozenset({429, 503})
_MOST_DIGITS = 6

_deadline: ContextVar[float] = ContextVar("deadline")


class TryLater(Exception):
    """It has answered 429 or 503.

    :param retry_after: the header, which may be seconds (RFC 9110 section 10.2.3); a date is not read.
    """

    def __init__(self, retry_after: str | None) -> None:
        super().__init__()
        is_number = retry_after is not None and retry_after.isascii() and retry_after.isdigit()
        self.seconds = int(retry_after[:_MOST_DIGITS]) if retry_after and is_number else 1


class Address:
    """Fetch JSON from an address. Threads may share it.

    Neither proxies nor certificates that the environment names are used, and redirects are not followed.

    :param url: http or https.
    :param timeout: seconds for the connection, the request and all of the answer together; only the look-up
        of the host's name, which takes no timeout, may add to them. Where the name has several IP addresses
        they are tried in turn, each for a third of it and the last for all that is left.
    :param max_bytes: the longest body that is read.
    :param transport: another way to it than a network, for tests.
    :raises ValueError: if `url` is none.
    """

    def __init__(
        self, url: str, *, timeout: float, max_bytes: int, transport: httpx.BaseTransport | None = None
    ) -> None:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            raise ValueError("not an http or https URL") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("not an http or https URL")
        self._url = parsed
        self.timeout = timeout
        self._max_bytes = max_bytes
        transport = transport or _Transport(tls=parsed.scheme == "https")
        self._http = httpx.Client(timeout=timeout, transport=transport)

    def __str__(self) -> str:
        """Return the URL as it may be logged."""
        return str(self._url.copy_with(userinfo=b"", query=None, fragment=None))

    def get(self) -> Any:
        """Return the JSON it answers with now, whatever a cache has kept (RFC 9111 section 5.2.1.4).

        :raises Exception: of many kinds, if it does not answer, not in time, or not with JSON.
        """
        return self._json("GET", headers={"Cache-Control": "no-cache"})

    def post(self, form: Mapping[str, str], auth: tuple[str, str]) -> Any:
        """Return the JSON it answers a form with.

        :param auth: name and password (RFC 7617).
        :raises Exception: as `get` does.
        """
        return self._json("POST", data=form, auth=auth)

    def ask(self, form: Mapping[str, str], auth: tuple[str, str]) -> tuple[int, Any]:
        """Return the status and the JSON it answers a form with, a refusal as well.

        :raises TryLater: for a 429 and a 503, whatever their bodies are.
        :raises Exception: as `get` does, but for no other status.
        """
        return self._answer("POST", any_status=True, data=form, auth=auth)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._http.close()

    def _json(self, method: str, **sent: Any) -> Any:
        return self._answer(method, **sent)[1]

    def _answer(
        self, method: str, *, any_status: bool = False, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> tuple[int, Any]:
        # Compressed, a body of any length would fit into the limit.
        headers = {**(headers or {}), "Accept": "application/json", "Accept-Encoding": "identity"}
        token = _deadline.set(time.monotonic() + self.timeout)
        try:
            with self._http.stream(method, self._url, headers=headers, **sent) as answer:
                if not any_status:
                    answer.raise_for_status()
                elif answer.status_code in _BUSY:
                    raise TryLater(answer.headers.get("Retry-After"))
                if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
                    raise ValueError("compressed, which nobody asked for")
                return answer.status_code, json.loads(self._body(answer))
        finally:
            _deadline.reset(token)

    def _body(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > self._max_bytes:
                raise ValueError("too long")
        return bytes(content)


class _Transport(httpx.BaseTransport):
    """Sends over connections each wait of which ends at the deadline."""

    def __init__(self, *, tls: bool) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False) if tls else None,
            keepalive_expiry=_KEPT_SECONDS,
            network_backend=_Backend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = self._pool.handle_request(sent)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream))

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


def _left() -> float:
    """Return how long may be waited now.

    :raises httpcore.TimeoutException: if the deadline is over.
    """
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.TimeoutException("the time is up")
    return left


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(type(error).__name__) from error
        addresses = [str(one[4][0]) for one in found]
        share = _SHARE * (timeout or _left())
        failure: Exception = httpcore.ConnectError("the name has no address")
        for number, ip in enumerate(addresses, 1):
            wait = _left() if number == len(addresses) else min(_left(), share)
            try:
                return _Stream(super().connect_tcp(ip, port, wait, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection that knows the deadline, which is never later than any timeout asked for."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left()))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
