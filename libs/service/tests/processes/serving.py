"""Web processes of `served`, and what is said to them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.local.throwaway import reserved_port
from libs.service.testing import environment, eventually
from libs.service.tests.processes.served import FOLDER
from libs.service.tests.workers.forking import Forked, Forks

SCRIPT = "from libs.service.tests.processes.served import main; main()"


@dataclass
class Web:
    """A web process and the folder that its handlers and the test tell each other things in."""

    process: Forked
    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def connect(self, sent: bytes = b"") -> socket.socket:
        """Return a connection, on which `sent` was said."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(sent)
        return connection

    def ask(self, path: str) -> socket.socket:
        """Return a connection on which `path` was asked for."""
        return self.connect(f"GET {path} HTTP/1.1\r\nHost: served\r\n\r\n".encode())

    def has_begun(self, name: str) -> bool:
        """Return whether the handler of ``/wait/<name>`` has begun."""
        return (self.folder / f"{name}.begun").exists()

    def wait_for(self, name: str) -> None:
        """Return when it has."""
        eventually(lambda: self.has_begun(name))

    def let(self, name: str) -> None:
        """Have it answer."""
        (self.folder / f"{name}.go").touch()

    def get(self, path: str) -> httpx.Response:
        """Ask on a connection of its own."""
        return httpx.get(self.url + path, timeout=20, trust_env=False)


def slow_reader(port: int, path: str, times: int = 1) -> socket.socket:
    """Return a connection with little room for answers, on which `path` was asked for so many times."""
    connection = socket.socket()
    connection.settimeout(60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: served\r\n\r\n".encode() * times)
    return connection


def said(connection: socket.socket) -> bytes:
    """Return all that comes until the other side closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def one_answer(connection: socket.socket) -> bytes:
    """Return the next answer, whose length it tells."""
    with connection.makefile("rb") as file:
        head = b""
        while (line := file.readline()) != b"\r\n":
            assert line, "the connection was closed in place of an answer"
            head += line
        length = next(
            int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        return head + b"\r\n" + file.read(length)


Serve = Callable[..., AbstractContextManager["Web"]]
"""Runs a web process with these settings for the length of a with-block."""


@contextmanager
def served(forks: Forks, folder: Path, port: int | None = None, **settings: str) -> Iterator[Web]:
    """Run a web process for the length of a with-block."""
    with reserved_port() as free, (folder / "log").open("ab") as output:
        port = port or free
        told = {"web_workers": "1", "web_threads": "2", "port": str(port), "drain_seconds": "10", **settings}
        environ = {**environment("served", **told), FOLDER: str(folder)}
        with forks.process(SCRIPT, environ=environ, output=output) as process:
            web = Web(process, port, folder)
            eventually(lambda: _is_ready(web))
            yield web


def _is_ready(web: Web) -> bool:
    assert web.process.poll() is None, web.log
    with suppress(httpx.TransportError):
        return web.get("/health/ready").is_success
    return False
