"""Ports of the loopback, for containers: they come by another address of this machine."""

import asyncio
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from infra.local.ports import HOST

CHUNK = 64 * 1024


def gateway() -> str | None:
    """The address that containers find this machine at; None where that is its loopback, or is not told."""
    question = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    done = subprocess.run(question, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    address = done.stdout.strip()
    return address if done.returncode == 0 and _is_ours(address) else None


def _is_ours(address: str) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind((address, 0))
        return True
    return False


@contextmanager
def relayed(host: str, ports: Sequence[int]) -> Iterator[None]:
    """Have ports of the loopback answer at another address, too, for the length of a with-block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="relay", daemon=True)
    thread.start()
    try:
        relay = asyncio.run_coroutine_threadsafe(_open(host, ports), loop).result(30)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(_close(relay), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _open(host: str, ports: Sequence[int]) -> list[asyncio.Server]:
    def serving(port: int) -> asyncio.Future[asyncio.Server]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                inner_reader, inner_writer = await asyncio.open_connection(HOST, port)
            except OSError:
                writer.close()
                return
            # asyncio would complain of a server's task that is cancelled.
            with suppress(asyncio.CancelledError):
                await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))

        return asyncio.ensure_future(asyncio.start_server(serve, host, port))

    return list(await asyncio.gather(*(serving(port) for port in ports)))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.CancelledError):
        while content := await reader.read(CHUNK):
            writer.write(content)
            await writer.drain()
    writer.close()


async def _close(servers: list[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
