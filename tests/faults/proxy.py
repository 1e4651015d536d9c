"""A TCP proxy that lets through, slows, loses or refuses what goes between a process and its server."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Reply = Callable[[bytes], bytes | None]
"""Given what a client has sent, returns what it is answered in place of the server; None to wait for more."""


class Fault:
    """What is done to connections.

    :param seconds: what a client sends is held back for that long.
    :param stall: what a client sends is taken, and never answered.
    :param cut: connections are reset, also those that are open, as where nobody listens.
    :param lose: every so many answers are lost, and the connection is reset.
    :param reply: answers instead of the server.
    """

    def __init__(
        self,
        *,
        seconds: float = 0.0,
        stall: bool = False,
        cut: bool = False,
        lose: int = 0,
        reply: Reply | None = None,
    ) -> None:
        self.seconds, self.stall, self.cut, self.lose, self.reply = seconds, stall, cut, lose, reply


NONE = Fault()


class Proxy:
    """Stands before a server at ``127.0.0.1``.

    :param to: the server's port.
    """

    def __init__(self, to: int) -> None:
        self._to = to
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listening.getsockname()[1]
        self._fault = NONE
        self._open: set[socket.socket] = set()
        self._answers = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def fault(self, fault: Fault) -> Iterator[None]:
        """Have a fault for the length of a with-block. What it held up then is reset."""
        self._fault = fault
        if fault.cut:
            self._reset_all()
        try:
            yield
        finally:
            self._fault = NONE
            if fault.stall or fault.reply:
                self._reset_all()

    def close(self) -> None:
        """Listen no more, and reset what is open."""
        self._listening.close()
        self._reset_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self._fault.cut:
                _reset(client)
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            _reset(client)
            return
        with self._lock:
            self._open |= {client, server}
        back = threading.Thread(target=self._back, args=(server, client), daemon=True)
        back.start()
        self._forth(client, server)
        _reset(server)
        _reset(client)
        back.join()
        with self._lock:
            self._open -= {client, server}

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        asked = b""
        with suppress(OSError):
            while sent := client.recv(65536):
                fault = self._fault
                if fault.stall:
                    continue
                if fault.reply is not None:
                    asked += sent
                    if (answer := fault.reply(asked)) is not None:
                        client.sendall(answer)
                        asked = b""
                    continue
                time.sleep(fault.seconds)
                server.sendall(sent)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(65536):
                fault = self._fault
                if fault.lose and answer.startswith(b"HTTP/"):
                    with self._lock:
                        self._answers += 1
                        lost = self._answers % fault.lose == 0
                    if lost:
                        break
                if not fault.stall:
                    client.sendall(answer)
        _reset(client)

    def _reset_all(self) -> None:
        with self._lock:
            for one in self._open:
                _reset(one)


def _reset(one: socket.socket) -> None:
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads from it
    with suppress(OSError):
        one.close()


def dynamodb_error(status: int, code: str) -> Reply:
    """Return what answers each request as DynamoDB would with this error."""
    body = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"no"}}'.encode()
    answer = (
        f"HTTP/1.1 {status} Error\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )

    def reply(asked: bytes) -> bytes | None:
        head, end, rest = asked.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        complete = end and (length is None or len(rest) >= int(length[1]))
        return answer if complete else None

    return reply


def redis_error(text: str) -> Reply:
    """Return what answers each command of a chunk with this error."""

    def reply(asked: bytes) -> bytes:
        return f"-{text}\r\n".encode() * max(1, len(re.findall(rb"(?m)^\*\d+\r$", asked)))

    return reply
