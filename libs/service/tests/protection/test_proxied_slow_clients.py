"""Clients that send byte by byte, or never read: behind the proxy they hold no thread of the service."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import httpx
import pytest

from libs.service.testing import eventually
from libs.service.tests.protection.conftest import StartProxy
from libs.service.tests.protection.few_threads import answers, auth_process

EACH = 40
"""So many; the service has two threads."""
HEADER = b"GET /ping HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 4000
BODY = (
    b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
)
UNREAD = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a service with few threads."""
    with auth_process(tmp_path_factory.mktemp("web") / "log", trusted_proxies="1") as port:
        eventually(lambda: answers(port), seconds=60)
        yield port


def connected(port: int, address: str) -> socket.socket:
    connection = socket.socket()
    connection.bind((address, 0))
    connection.connect(("127.0.0.1", port))
    return connection


@contextmanager
def trickling(connections: list[socket.socket], texts: list[bytes]) -> Iterator[None]:
    """Send the texts byte by byte, one each 50 ms, after all that is sent at once."""
    over = threading.Event()

    def send() -> None:
        place = 0
        while not over.wait(0.05):
            for connection, text in zip(connections, texts, strict=True):
                with suppress(OSError):
                    connection.send(text[place : place + 1])
            place += 1

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for connection in connections:
            connection.close()


def test_behind_it_nobody_notices(start_proxy: StartProxy, service: int) -> None:
    proxy = start_proxy(service)
    headers = [connected(proxy, "127.0.0.2") for _ in range(EACH)]
    bodies = [connected(proxy, "127.0.0.3") for _ in range(EACH)]
    for one in bodies:
        one.sendall(BODY)
    with ExitStack() as stack:
        for _ in range(EACH // 4):
            unread = stack.enter_context(socket.socket())
            unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            unread.bind(("127.0.0.4", 0))
            unread.connect(("127.0.0.1", proxy))
            unread.sendall(UNREAD)
        with trickling(headers + bodies, [HEADER] * EACH + [b" " * 4000] * EACH):
            # A busy machine has its time; a thread that is held is held for as long as they trickle.
            assert all(answers(proxy, seconds=10) for _ in range(30))
            for one in bodies:
                one.setblocking(False)
                with pytest.raises(BlockingIOError):
                    one.recv(1)  # nobody has sent them away meanwhile


def test_without_it_a_body_holds_a_thread(service: int) -> None:
    bodies = [connected(service, "127.0.0.3") for _ in range(4)]
    for one in bodies:
        one.sendall(BODY)
    with trickling(bodies, [b" " * 4000] * 4):
        eventually(lambda: not answers(service, seconds=1))
        live = f"http://127.0.0.1:{service}/health/live"
        assert httpx.get(live, timeout=20, trust_env=False).status_code == 200
    eventually(lambda: answers(service), seconds=20)
