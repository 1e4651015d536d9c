"""Names and load balancers: ports of this machine, each of which leads to one environment after the other.

A port is what a CNAME is at AWS. Whoever connects is led to the environment that has the name at that moment,
and stays with it for as long as the connection lasts, as a client does that has looked the name up.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import h11

from infra.local.ports import HOST

CHUNK = 64 * 1024
REST_SECONDS = 5.0
_HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"te")
_OF_ITS_OWN = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port")

T = TypeVar("T")


class Upstream(Protocol):
    """Where requests go."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it is now; None if it is away."""


@dataclass(eq=False)
class Port:
    """A port that is listened on."""

    number: int
    servers: list[asyncio.Server]
    connections: dict[asyncio.Task[None], Upstream] = field(default_factory=dict)


class LoadBalancer:
    """Listens on ports and passes requests on, in a thread of its own.

    :param hosts: the addresses of this machine that it listens on.
    """

    def __init__(self, hosts: Sequence[str] = (HOST,)) -> None:
        self._hosts = hosts
        self._ports: dict[int, Port] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="load balancer", daemon=True)
        self._thread.start()

    def open(self, upstream: Callable[[], Upstream | None]) -> int:
        """Listen on a free port, and return it.

        :param upstream: where a connection made now goes to; None: it is closed at once.
        """
        return self._run(self._open(upstream))

    def drop(self, upstream: Upstream) -> None:
        """Close all connections that lead to an upstream which is no more."""
        self._run(self._drop(upstream))

    def close(self) -> None:
        """Close all ports and connections, and end the thread."""
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _open(self, upstream: Callable[[], Upstream | None]) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            to, task = upstream(), asyncio.current_task()
            assert task is not None  # noqa: S101 - for mypy
            try:
                if to is not None:
                    port.connections[task] = to
                    await _Connection(reader, writer, to, port.number).serve()
            except (OSError, h11.ProtocolError, asyncio.CancelledError):
                pass
            finally:
                port.connections.pop(task, None)
                writer.close()

        number, servers = 0, []
        for host in self._hosts:
            server = await asyncio.start_server(serve, host, number)
            servers.append(server)
            number = server.sockets[0].getsockname()[1]
        port = self._ports[number] = Port(number, servers)
        return number

    async def _drop(self, upstream: Upstream) -> None:
        tasks = [
            task
            for port in self._ports.values()
            for task, to in list(port.connections.items())
            if to is upstream
        ]
        await _end(tasks)

    async def _close(self) -> None:
        for port in self._ports.values():
            for server in port.servers:
                server.close()
        await _end([task for port in self._ports.values() for task in list(port.connections)])
        await asyncio.sleep(0)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Connection:
    """A client's connection: its requests go on one by one, each on a connection of its own."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: Upstream, port: int
    ) -> None:
        self._reader, self._writer, self._to = reader, writer, to
        self._client = h11.Connection(h11.SERVER)
        self._peer = str(writer.get_extra_info("peername")[0])
        self._port = port

    async def serve(self) -> None:
        while True:
            request = await _next(self._client, self._reader)
            if not isinstance(request, h11.Request):
                return
            await self._pass_on(request)
            if self._client.our_state is h11.MUST_CLOSE or self._client.their_state is h11.MUST_CLOSE:
                return
            if self._client.their_state is h11.SEND_BODY:
                await self._rest()
            if self._client.our_state is not h11.DONE or self._client.their_state is not h11.DONE:
                return
            self._client.start_next_cycle()

    async def _rest(self) -> None:
        """Read what is left of a request that was answered before its end.

        Its answer did not say that the connection ends, and so the next request is on its way.
        """
        if self._client.they_are_waiting_for_100_continue:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                while isinstance(await _next(self._client, self._reader), h11.Data):
                    pass

    async def _pass_on(self, request: h11.Request) -> None:
        address = self._to.address
        if address is None:
            return await self._refuse(503, b"Service Temporarily Unavailable")
        try:
            reader, writer = await asyncio.open_connection(*address)
        except OSError:
            return await self._refuse(502, b"Bad Gateway")
        try:
            server = h11.Connection(h11.CLIENT)
            writer.write(server.send(self._forwarded(request)) or b"")
            sending = asyncio.ensure_future(self._body(server, writer))
            try:
                await self._answer(server, reader)
            finally:
                sending.cancel()
                with suppress(asyncio.CancelledError, OSError, h11.ProtocolError):
                    await sending
        finally:
            writer.close()
        return None

    async def _body(self, server: h11.Connection, writer: asyncio.StreamWriter) -> None:
        while True:
            if self._client.they_are_waiting_for_100_continue:
                going_on = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._client.send(going_on) or b"")
            event = await _next(self._client, self._reader)
            if not isinstance(event, h11.Data | h11.EndOfMessage):
                return
            writer.write(server.send(event) or b"")
            await writer.drain()
            if isinstance(event, h11.EndOfMessage):
                return

    async def _answer(self, server: h11.Connection, reader: asyncio.StreamReader) -> None:
        begun = False
        try:
            while True:
                event = await _next(server, reader)
                if isinstance(event, h11.InformationalResponse):
                    continue
                if isinstance(event, h11.Response):
                    begun = True
                    headers = [one for one in event.headers.raw_items() if one[0].lower() not in _HOP_BY_HOP]
                    event = h11.Response(status_code=event.status_code, headers=headers, reason=event.reason)
                elif not isinstance(event, h11.Data | h11.EndOfMessage):
                    raise h11.RemoteProtocolError("closed")
                self._writer.write(self._client.send(event) or b"")
                await self._writer.drain()
                if isinstance(event, h11.EndOfMessage):
                    return
        except (OSError, h11.RemoteProtocolError):
            if begun:
                raise
            await self._refuse(502, b"Bad Gateway")

    async def _refuse(self, status: int, reason: bytes) -> None:
        body = b"<html><head><title>%d %s</title></head></html>" % (status, reason)
        headers = [("Content-Type", "text/html"), ("Content-Length", str(len(body)))]
        if self._client.their_state is not h11.DONE:  # what is left of the request is not waited for
            headers.append(("Connection", "close"))
        answer = h11.Response(status_code=status, headers=headers, reason=reason)
        parts = (answer, h11.Data(data=body), h11.EndOfMessage())
        self._writer.write(b"".join(self._client.send(part) or b"" for part in parts))
        await self._writer.drain()

    def _forwarded(self, request: h11.Request) -> h11.Request:
        """As an Application Load Balancer passes a request on."""
        kept = [
            one
            for one in request.headers.raw_items()
            if one[0].lower() not in (*_HOP_BY_HOP, *_OF_ITS_OWN, b"expect")
        ]
        before = [value for name, value in request.headers if name == b"x-forwarded-for"]
        headers = [
            *kept,
            (b"X-Forwarded-For", b", ".join([*before, self._peer.encode()])),
            (b"X-Forwarded-Proto", b"http"),
            (b"X-Forwarded-Port", str(self._port).encode()),
            (b"Connection", b"close"),
        ]
        return h11.Request(method=request.method, target=request.target, headers=headers)


async def _next(connection: h11.Connection, reader: asyncio.StreamReader) -> Any:
    while True:
        event = connection.next_event()
        if event is not h11.NEED_DATA:
            return event
        connection.receive_data(await reader.read(CHUNK))
